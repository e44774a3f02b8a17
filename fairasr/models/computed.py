"""What a recogniser computes for each recording of a manifest, as counts that the audit divides: operations and time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from fairasr.core import Manifest
from fairasr.core.errors import IngestError, ModelError
from fairasr.models.audio import audible
from fairasr.models.base import UnreadableAudioError
from fairasr.models.recogniser import Recognizer
from fairasr.models.recordings import Recordings

ENCODER, TOTAL, TIME = "encoder_kiloflop", "kiloflop", "audio_ms"
"""Columns: thousands of floating-point operations of the encoder, of all parts, and milliseconds of audio."""

AT_ONCE = 32
"""Recordings read before any is computed."""


class Spent(Protocol):
    """What a recording took, in floating-point operations."""

    @property
    def encoder(self) -> float:
        """Of the encoder."""

    @property
    def total(self) -> float:
        """Of all parts."""

    @property
    def audio_s(self) -> float:
        """Length of the recording [s]."""


@runtime_checkable
class CountsCompute(Protocol):
    """A recogniser that can say what it computes."""

    def compute(self, recordings: Sequence[np.ndarray]) -> Sequence[Spent]:
        """What transcribing each recording takes."""


class Computed(NamedTuple):
    """What was computed.

    Attributes:
        table: one row per recording that can be transcribed: the manifest's columns but the reference, `system`, ENCODER, TOTAL and
            TIME.
        failures: utterance_id -> why it has no row; as of `transcribe_manifest`.
    """

    table: pd.DataFrame
    failures: Mapping[str, str]


def require_counts(recognizer: Recognizer) -> CountsCompute:
    """The recogniser as one that counts what it computes.

    Raises:
        ModelError: it does not.
    """
    if not isinstance(recognizer, CountsCompute):
        raise ModelError(f"{recognizer.name!r} does not count what it computes. Give a streaming model of fairasr.")
    return recognizer


def computed_table(
    recognizer: Recognizer,
    manifest: Manifest,
    recordings: Recordings,
    *,
    system: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Computed:
    """What transcribing each recording takes, of those that `transcribe_manifest` would give a text.

    `fairasr audit --rate kiloflop/audio_ms` reads it: thousands of operations per millisecond are millions per second.

    Args:
        recognizer: a streaming one of fairasr.
        manifest: the utterances.
        recordings: of the manifest, at the recogniser's rate.
        system: name of the system; None: the recogniser's.
        progress: called with (done, total) now and then.

    Raises:
        ModelError: the recogniser does not count what it computes.
        IngestError: none can be transcribed.
    """
    counting = require_counts(recognizer)
    rows: list[int] = []
    counts: list[tuple[int, int, int]] = []
    failures: dict[str, str] = {}
    for first in range(0, len(manifest), AT_ONCE):
        read: dict[int, np.ndarray] = {}
        for row in range(first, min(first + AT_ONCE, len(manifest))):
            try:
                read[row] = audible(recordings.read(row))
            except UnreadableAudioError as error:
                failures[manifest.table["utterance_id"].iloc[row]] = str(error)
        spent = counting.compute(list(read.values())) if read else []
        rows += read
        counts += [(round(one.encoder / 1e3), round(one.total / 1e3), round(1e3 * one.audio_s)) for one in spent]
        if progress is not None:
            progress(min(first + AT_ONCE, len(manifest)), len(manifest))
    if not rows:
        utterance, why = next(iter(failures.items()))
        raise IngestError(
            f"{len(failures):,} of {len(manifest):,} recordings cannot be transcribed (first: {utterance!r}: {why}). "
            f"Check the column 'audio_path' and the audio folder."
        )
    table = manifest.table.iloc[rows].drop(columns=["reference", "audio_path"], errors="ignore").reset_index(drop=True)
    table["system"] = system or recognizer.name
    table[[ENCODER, TOTAL, TIME]] = np.array(counts, dtype=np.int64)
    return Computed(table, failures)
