"""Made-up speakers: a throat, a way of speaking and a microphone each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairasr.testing.speech.accents import Accent
from fairasr.testing.speech.synthesis import Saying

VARIANTS = (
    *("", "Andy", "Annie", "Denis", "Diogo", "Henrique", "Hugo", "Lee", "Michael", "Mike", "Nguyen"),
    *("adam", "announcer", "aunty", "belinda", "benjamin", "david", "edward", "f1", "f2", "f3", "f4", "f5", "grandma", "grandpa"),
    *("ian", "john", "kaukovalta", "linda", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "max", "michel", "miguel", "norbert"),
    *("pablo", "quincy", "rob", "robert", "sandro", "shelby", "steph", "travis", "victor"),
)
"""Those of espeak-ng's variants that sound like a throat; left out: whisperers, robots, and loud or rushed ones."""


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """Settings of one made-up speaker.

    Attributes:
        voice: espeak-ng's accent and variant.
        rate_wpm, pitch, pitch_range: as `Saying` has them.
        shift: factor on pitch and formants together, about 1: a smaller head is above 1.
        snr_db: level of the speech over the background noise [dB].
        tilt: one-pole filter of microphone and room, -1..1: below 0 dull, above 0 thin.
    """

    voice: str
    rate_wpm: int
    pitch: int
    pitch_range: int
    shift: float
    snr_db: float
    tilt: float

    def saying(self, text: str, *, seed: int) -> Saying:
        """What the synthesiser is asked; it is asked to speak slower by as much as the shift will speed it up."""
        return Saying(
            voice=self.voice,
            rate_wpm=round(self.rate_wpm / self.shift),
            pitch=self.pitch,
            pitch_range=self.pitch_range,
            seed=seed,
            text=text,
        )


def draw_speaker(generator: np.random.Generator, accent: Accent) -> Speaker:
    """A speaker of `accent`; everything but the accent is drawn alike for all accents."""
    variant = str(generator.choice(VARIANTS))
    return Speaker(
        voice=f"{accent.voice}+{variant}" if variant else accent.voice,
        rate_wpm=int(generator.integers(135, 185)),
        pitch=int(generator.integers(30, 71)),
        pitch_range=int(generator.integers(30, 71)),
        shift=float(generator.uniform(0.9, 1.12)),
        snr_db=float(generator.uniform(12, 26)),
        tilt=float(generator.uniform(-0.3, 0.3)),
    )
