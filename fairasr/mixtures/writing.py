"""Mixtures as files: recordings, a table of mixtures and a table of their turns, all of them or nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from fairasr.core import Provenance
from fairasr.core.atomic import Content, replace_files
from fairasr.core.errors import IngestError, SchemaError
from fairasr.core.turns import overlap_band, overlap_of, read_turns, turn_overlaps, write_turns
from fairasr.mixtures.placing import Mixture
from fairasr.mixtures.settings import AUDIO_FORMATS

MIXTURES, TURNS, SETTINGS, AUDIO = "mixtures.csv", "turns.csv", "mixtures.json", "audio"
MIXTURE_COLUMNS = (
    "utterance_id",
    "audio_path",
    "reference",
    "speaker_id",
    "duration_s",
    "part",
    "n_turns",
    "overlap",
    "overlap_band",
)
TURN_COLUMNS = ("turn_id", "utterance_id", "speaker_id", "start_s", "end_s", "reference", "part", "overlap", "overlap_band")


def mixture_tables(mixtures: Sequence[Mixture], *, speakers: pd.DataFrame, audio_format: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row per mixture, one row per turn.

    References of mixtures are in the notation of turns, but where every mixture has one turn they are plain texts:
    an ordinary corpus.

    Args:
        mixtures: in the order of the tables.
        speakers: what is known of each speaker, by speaker_id; of a mixture it is written where one speaker alone speaks.
        audio_format: ending of the recordings.

    Raises:
        IngestError: the references of mixtures do not give their turns back.
    """
    are_single = all(len(mixture.turns) == 1 for mixture in mixtures)
    of_mixtures, of_turns = [], []
    for mixture in mixtures:
        turns = [placed.turn for placed in mixture.turns]
        names = list(dict.fromkeys(turn.speaker_id for turn in turns))
        share = overlap_of(turns)
        known = speakers.loc[names[0]].to_dict() if len(names) == 1 else {}
        of_mixtures.append(
            {
                "utterance_id": mixture.mixture_id,
                "audio_path": f"{AUDIO}/{mixture.mixture_id}.{audio_format}",
                "reference": turns[0].text if are_single else write_turns(turns),
                "speaker_id": "+".join(names),
                "duration_s": round(mixture.duration_s, 3),
                "part": mixture.part,
                "n_turns": len(turns),
                "overlap": round(share, 4),
                "overlap_band": overlap_band(share),
                **known,
            }
        )
        for number, (turn, of_turn) in enumerate(zip(turns, turn_overlaps(turns), strict=True), start=1):
            of_turns.append(
                {
                    "turn_id": f"{mixture.mixture_id}-{number}",
                    "utterance_id": mixture.mixture_id,
                    "speaker_id": turn.speaker_id,
                    "start_s": turn.start_s,
                    "end_s": turn.end_s,
                    "reference": turn.text,
                    "part": mixture.part,
                    "overlap": round(of_turn, 4),
                    "overlap_band": overlap_band(of_turn),
                    **speakers.loc[turn.speaker_id].to_dict(),
                }
            )
    columns = list(speakers.columns)
    _require_read_back(mixtures, [row["reference"] for row in of_mixtures], has_times=not are_single)
    return (
        pd.DataFrame(of_mixtures, columns=[*MIXTURE_COLUMNS, *columns]),
        pd.DataFrame(of_turns, columns=[*TURN_COLUMNS, *columns]),
    )


def write_mixtures(
    folder: Path,
    *,
    mixtures: pd.DataFrame,
    turns: pd.DataFrame,
    recordings: Mapping[str, Content],
    provenance: Provenance,
    notes: Sequence[str],
) -> list[Path]:
    """Write tables, recordings (path relative to `folder` -> what writes it) and settings; what was there before goes.

    Raises:
        OutputError: it cannot be written; what was there before still is.
    """
    contents: dict[Path, Content] = {Path(path): content for path, content in recordings.items()}
    contents[Path(MIXTURES)] = _csv(mixtures)
    contents[Path(TURNS)] = _csv(turns)
    about = {"notes": list(notes), **asdict(provenance)}
    contents[Path(SETTINGS)] = (json.dumps(about, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
    return replace_files(folder, contents, owned=partial(_owned, audio=frozenset(Path(path).name for path in recordings)))


def require_rate(sample_rate_hz: int, *, audio_format: str) -> None:
    """Refuse a rate that files of a format cannot have, before anything is made.

    Raises:
        IngestError: it cannot be written.
        MissingExtraError: soundfile is not installed.
    """
    from fairasr.models.audio import soundfile_module

    soundfile = soundfile_module()
    try:
        sound_bytes(np.zeros(1, dtype=np.float32), sample_rate_hz=sample_rate_hz, audio_format=audio_format)
    except (soundfile.LibsndfileError, OverflowError) as error:
        raise IngestError(
            f"a {audio_format.upper()} file cannot have {sample_rate_hz:,} samples per second. Choose a rate such as 16000, or "
            "another format."
        ) from error


def sound_bytes(samples: np.ndarray, *, sample_rate_hz: int, audio_format: str) -> bytes:
    """Mono samples, float32 (n_samples,) in -1..1, as a file of 16-bit audio.

    In memory, because libsndfile swallows what goes wrong in a stream of ours, such as a full disk.
    """
    from fairasr.models.audio import soundfile_module

    stream = io.BytesIO()
    soundfile_module().write(stream, samples, sample_rate_hz, format=audio_format.upper(), subtype="PCM_16")
    return stream.getvalue()


def _require_read_back(mixtures: Sequence[Mixture], references: Sequence[str], *, has_times: bool) -> None:
    """Guard of the notation: words that look like a marker once they stand together would tell other turns."""
    lost = []
    for mixture, reference in zip(mixtures, references, strict=True):
        said = [(placed.turn.text, *(placed.turn.times if has_times else (None, None))) for placed in mixture.turns]
        try:
            read = [(turn.text, turn.start_s, turn.end_s) for turn in read_turns(reference)]
        except SchemaError:
            read = []
        if read != said:
            lost.append((mixture.mixture_id, reference))
    if lost:
        raise IngestError(
            f"the turns of {len(lost):,} of {len(mixtures):,} mixtures cannot be written in the notation of turns (first: "
            f"{lost[0][0]}: {lost[0][1]!r}), because words of their references together look like a marker. Mend those references."
        )


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def _owned(folder: Path, *, audio: frozenset[str]) -> list[Path]:
    """What an earlier run wrote here: the files that its own table names, and those about to be written."""
    named = {folder / AUDIO / name for name in audio}
    table = folder / MIXTURES
    if table.is_file():
        try:
            identifiers = pd.read_csv(table, usecols=["utterance_id"], dtype=str)["utterance_id"].dropna()
            named |= {folder / AUDIO / f"{name}.{ending}" for name in identifiers for ending in AUDIO_FORMATS if "/" not in name}
        except (ValueError, OSError):
            pass  # no table of ours: nothing more is known to be ours
    files = [folder / name for name in (MIXTURES, TURNS, SETTINGS)] + sorted(named)
    return [file.relative_to(folder) for file in files if file.is_file()]
