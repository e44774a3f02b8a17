"""A made-up corpus of speech in several accents: recordings and a table, in the layout a user would bring."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fairasr.core.atomic import write_file
from fairasr.core.errors import OutputError
from fairasr.models.audio import soundfile_module
from fairasr.testing.speech.accents import ACCENTS, Accent, draw_homes
from fairasr.testing.speech.recording import SAMPLE_RATE_HZ, recorded
from fairasr.testing.speech.sentences import draw_sentence
from fairasr.testing.speech.speakers import Speaker, draw_speaker
from fairasr.testing.speech.synthesis import synthesised

TABLE = "utterances.parquet"
RECIPE = "corpus.toml"
AUDIO = "audio"

CAUTION = (
    "The speakers are a speech synthesiser with eight accents. Robotic synthesis is no stand-in for people: what is seen here "
    "proves the mechanism and claims nothing about any accent."
)
"""Belongs in everything that is shown of this corpus; as a note of the recipe it stands in every report."""

RECIPE_TEXT = f"""# Speech made by a synthesiser.

[corpus]
title = "Made-up speech in {len(ACCENTS)} accents"
source = "made by fairasr.testing.speech"
licence = "made-up"
language = "en"
notes = ["{CAUTION}"]

[files]
utterances = "{TABLE}"

[options]
normaliser = "basic"
attributes = ["accent"]
groups = ["accent"]
"""


@dataclass(frozen=True, kw_only=True)
class _Utterance:
    utterance_id: str
    speaker_id: str
    accent: Accent
    home: tuple[float, float]
    speaker: Speaker
    text: str
    seed: int

    @property
    def audio_path(self) -> Path:
        return Path(AUDIO) / self.speaker_id / f"{self.utterance_id}.flac"


def write_speech_corpus(
    folder: str | Path,
    *,
    seed: int,
    n_speakers: Mapping[str, int],
    utterances_per_speaker: int,
    prefix: str = "speaker",
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Make speakers, let them speak, and write recordings and table into `folder`. Same arguments, same bytes.

    Args:
        folder: made where it is missing.
        seed: of speakers, sentences and noise.
        n_speakers: name of an accent of `ACCENTS` -> speakers of it.
        utterances_per_speaker: of each.
        prefix: of the speaker ids, so that two corpora share none.
        progress: told how many utterances are done, of how many.

    Returns:
        Path of the table: utterance_id, speaker_id, reference, audio_path (relative to `folder`; 16 kHz mono FLAC), duration_s,
        accent, latitude_deg, longitude_deg. It is written last: where there is one, it is whole. Beside it the recipe, RECIPE.

    Raises:
        MissingExtraError: the synthesiser or soundfile is not installed.
        ModelError: the synthesiser gave up.
        OutputError: the folder cannot be written.
    """
    soundfile = soundfile_module()
    utterances = _drawn(seed=seed, n_speakers=n_speakers, utterances_per_speaker=utterances_per_speaker, prefix=prefix)
    folder, durations_s = Path(folder), []
    spoken = synthesised([one.speaker.saying(one.text, seed=one.seed) for one in utterances])
    try:
        # Recordings of another seed under an older table would be somebody else's words.
        (folder / TABLE).unlink(missing_ok=True)
        for done, (one, heard) in enumerate(zip(utterances, spoken, strict=True), start=1):
            samples = recorded(heard, one.speaker, seed=one.seed)
            (folder / one.audio_path).parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(folder / one.audio_path, samples, SAMPLE_RATE_HZ, subtype="PCM_16")
            durations_s.append(len(samples) / SAMPLE_RATE_HZ)
            if progress is not None:
                progress(done, len(utterances))
    except (OSError, soundfile.LibsndfileError) as error:
        raise OutputError(
            f"{len(durations_s):,} of {len(utterances):,} recordings of the made-up corpus are written to '{folder}', then: "
            f"{error}. Choose a folder with room that you may write to."
        ) from error
    write_file(folder / RECIPE, RECIPE_TEXT.encode())
    table = io.BytesIO()
    _table(utterances, durations_s).to_parquet(table, index=False)
    return write_file(folder / TABLE, table.getvalue())


def _drawn(*, seed: int, n_speakers: Mapping[str, int], utterances_per_speaker: int, prefix: str) -> list[_Utterance]:
    generator = np.random.default_rng(seed)
    unknown = sorted({*n_speakers} - {accent.name for accent in ACCENTS})
    if unknown:
        raise ValueError(f"no accent {unknown[0]!r}; there are {', '.join(accent.name for accent in ACCENTS)}")
    total, drawn = sum(n_speakers.values()), list[_Utterance]()
    # Numbers dealt at random: the order of the ids tells nothing about the accent.
    numbers = iter(generator.permutation(total))
    for accent in ACCENTS:
        for home in draw_homes(generator, accent, n_speakers=n_speakers.get(accent.name, 0)):
            speaker = draw_speaker(generator, accent)
            speaker_id = f"{prefix}-{next(numbers):0{len(str(total))}d}"
            drawn += [
                _Utterance(
                    utterance_id=f"{speaker_id}-{number:02d}",
                    speaker_id=speaker_id,
                    accent=accent,
                    home=(float(home[0]), float(home[1])),
                    speaker=speaker,
                    text=draw_sentence(generator),
                    seed=int(generator.integers(1 << 31)),
                )
                for number in range(utterances_per_speaker)
            ]
    return drawn


def _table(utterances: Sequence[_Utterance], durations_s: Sequence[float]) -> pd.DataFrame:
    rows = [
        {
            "utterance_id": one.utterance_id,
            "speaker_id": one.speaker_id,
            "reference": one.text,
            "audio_path": one.audio_path.as_posix(),
            "duration_s": round(duration_s, 3),
            "accent": one.accent.name,
            "latitude_deg": one.home[0],
            "longitude_deg": one.home[1],
        }
        for one, duration_s in zip(utterances, durations_s, strict=True)
    ]
    return pd.DataFrame(rows).sort_values("utterance_id", ignore_index=True)
