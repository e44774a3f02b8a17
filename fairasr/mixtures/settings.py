"""Settings of simulated mixtures: how many, of how many turns and recordings, how far they overlap."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from fairasr.core.errors import IngestError

AUDIO_FORMATS = ("flac", "wav")
SPEAKERS = ("different", "any")
HOLD_OUT = ("recordings", "speakers")
MOST_TURNS = 20
MOST_RECORDINGS = 100
HELD_OUT = 0.1
"""Share held out where test mixtures are made and none is named."""


@dataclass(frozen=True, kw_only=True)
class MixtureSettings:
    """How mixtures are made. Ranges hold both their ends; draws from them are even.

    Attributes:
        n_train: mixtures of the part "train".
        n_test: mixtures of the part "test".
        turns: turns of a mixture.
        recordings_per_turn: recordings of one speaker that are put one after the other to make a turn.
        overlap: share of the time with speech in which two speak, aimed at: 0..1. Short turns may allow less; never more than two
            speak at once.
        apart: share of the mixtures of several turns in which no turn overlaps another.
        speakers: "different" for every turn of a mixture, or "any".
        held_out: share of the recordings, or speakers, that the test mixtures are made of and no others. None: HELD_OUT, or nothing
            where there are no test mixtures. A share that is named is held out even then, for a test that is made later.
        hold_out: "recordings": of each speaker a share, spread over what is said; both parts have the same speakers. "speakers":
            the parts share no speaker.
        level_db: turns are brought to the same level and then differ by up to this [dB]; None: they stay as recorded.
        gap_s: pauses between the recordings of a turn [s].
        pause_s: pauses between turns that do not overlap [s].
        lead_s: silence before the first turn [s].
        tail_s: silence after the last turn [s], in which a streaming recogniser can still say that a turn has ended.
        audio_format: "flac" or "wav", 16 bit.

    Raises:
        IngestError: settings that cannot work; all in one message.
    """

    n_train: int = 1000
    n_test: int = 100
    turns: tuple[int, int] = (1, 3)
    recordings_per_turn: tuple[int, int] = (1, 3)
    overlap: tuple[float, float] = (0.0, 0.6)
    apart: float = 0.25
    speakers: Literal["different", "any"] = "different"
    held_out: float | None = None
    hold_out: Literal["recordings", "speakers"] = "recordings"
    level_db: float | None = None
    gap_s: tuple[float, float] = (0.05, 0.2)
    pause_s: tuple[float, float] = (0.1, 0.6)
    lead_s: tuple[float, float] = (0.0, 0.3)
    tail_s: float = 0.5
    audio_format: Literal["flac", "wav"] = "flac"

    def __post_init__(self) -> None:
        whole = {"n_train": (self.n_train,), "n_test": (self.n_test,), "turns": self.turns}
        whole["recordings_per_turn"] = self.recordings_per_turn
        rules = {
            **{
                f"{name} is {values[0] if len(values) == 1 else values}, must be of whole numbers": all(
                    type(value) is int for value in values
                )
                for name, values in whole.items()
            },
            f"n_train is {self.n_train} and n_test {self.n_test}; both must be 0 or more, one of them above": min(
                self.n_train, self.n_test
            )
            >= 0
            and self.n_train + self.n_test > 0,
            f"turns are {self.turns}, must rise within 1..{MOST_TURNS}": 1 <= self.turns[0] <= self.turns[1] <= MOST_TURNS,
            f"recordings_per_turn are {self.recordings_per_turn}, must rise within 1..{MOST_RECORDINGS}": 1
            <= self.recordings_per_turn[0]
            <= self.recordings_per_turn[1]
            <= MOST_RECORDINGS,
            f"overlap is {self.overlap}, must rise within 0..1": 0 <= self.overlap[0] <= self.overlap[1] <= 1,
            f"apart is {self.apart}, must be a share, 0..1": 0 <= self.apart <= 1,
            f"speakers is {self.speakers!r}, must be {' or '.join(SPEAKERS)}": self.speakers in SPEAKERS,
            f"held_out is {self.held_out}, must be above 0 and below 1": self.held_out is None or 0 < self.held_out < 1,
            f"hold_out is {self.hold_out!r}, must be {' or '.join(HOLD_OUT)}": self.hold_out in HOLD_OUT,
            f"level_db is {self.level_db}, must be a number, 0 or more": self.level_db is None or 0 <= self.level_db <= 60,
            f"tail_s is {self.tail_s}, must be 0 or more": 0 <= self.tail_s < math.inf,
            f"audio_format is {self.audio_format!r}, must be {' or '.join(AUDIO_FORMATS)}": self.audio_format in AUDIO_FORMATS,
            **{
                f"{name} is {value}, must rise from 0 or more": 0 <= value[0] <= value[1] < math.inf
                for name, value in {"gap_s": self.gap_s, "pause_s": self.pause_s, "lead_s": self.lead_s}.items()
            },
        }
        broken = [wording for wording, kept in rules.items() if not kept]
        if broken:
            raise IngestError("mixtures cannot be made so:\n" + "\n".join(f"  - {line}" for line in broken))

    @property
    def share_held_out(self) -> float:
        """Share that is held out; 0: nothing is."""
        return self.held_out if self.held_out is not None else HELD_OUT if self.n_test else 0.0
