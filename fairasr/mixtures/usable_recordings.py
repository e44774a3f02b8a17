"""Which recordings of a corpus mixtures can be made of, how long each is, and which of them are one file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from fairasr.core import Manifest
from fairasr.core.errors import IngestError, SchemaError
from fairasr.core.turns import read_turns
from fairasr.models import Recordings, UnreadableAudioError

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, how much there is."""


def usable_durations_s(manifest: Manifest, recordings: Recordings, *, tell: Progress) -> tuple[np.ndarray, list[str]]:
    """Seconds of each recording, float array (n_utterances,), NaN for those that cannot be used, and sentences on them.

    Raises:
        IngestError: none can be used.
    """
    durations_s = np.full(len(manifest), np.nan)
    unreadable: list[str] = []
    for row, identifier in enumerate(manifest.table["utterance_id"]):
        tell("reading recordings", row, len(manifest))
        try:
            samples = recordings.read(row)
        except UnreadableAudioError as error:
            unreadable.append(f"{identifier}: {error}")
            continue
        if np.isfinite(samples).all():
            durations_s[row] = len(samples) / recordings.sample_rate_hz
        else:
            unreadable.append(f"{identifier}: it holds samples that are no finite numbers")
    references = manifest.table["reference"]
    silent = np.array([not text.split() for text in references], dtype=bool)
    marked = np.array([not _has_words_alone(text) for text in references], dtype=bool)
    durations_s[silent | marked] = np.nan
    of_many = f"of {len(manifest):,} recordings"
    notes = []
    if unreadable:
        notes.append(f"{len(unreadable):,} {of_many} cannot be read and were left out (first: {unreadable[0]}).")
    if silent.any():
        notes.append(f"{silent.sum():,} {of_many} without words were left out.")
    if marked.any():
        first = int(marked.argmax())
        shown = f"{manifest.table['utterance_id'].iloc[first]}: {references.iloc[first]!r}"
        notes.append(
            f"{marked.sum():,} {of_many} were left out, because their references have what is, or begins as, the marker of a turn "
            f"(first: {shown}). Mixtures are made of recordings of one speaker with plain references."
        )
    if np.isnan(durations_s).all():
        raise IngestError(f"no recording of '{manifest.source}' can be mixed. " + " ".join(notes))
    return durations_s, notes


def files_of(audio_paths: Iterable[str], *, audio_root: Path) -> np.ndarray:
    """Number of each recording's file, int array (n_recordings,): equal where two paths lead to one file."""
    codes, _ = pd.factorize(np.array([str((audio_root / path).resolve()) for path in audio_paths], dtype=object))
    return np.asarray(codes)


def _has_words_alone(text: str) -> bool:
    try:
        return all(turn.start_s is None for turn in read_turns(text))
    except SchemaError:
        return False
