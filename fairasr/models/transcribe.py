"""What a recogniser hears in a manifest's recordings: similar lengths together, failures with their reasons, resumable."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fairasr.core import Hypotheses, Manifest
from fairasr.core.errors import IngestError
from fairasr.models.audio import audible
from fairasr.models.base import UnreadableAudioError
from fairasr.models.hypothesis_file import HypothesisFile, read_hypotheses, write_hypotheses
from fairasr.models.recogniser import Recognizer, TakesCohorts
from fairasr.models.recordings import Recordings
from fairasr.models.resuming import REMEDY, require_none_lost, require_same_recordings
from fairasr.models.weights import weights_sha256

Progress = Callable[[int, int], None]
"""Called with (done, total) utterances."""

POOL_S = 1200.0
"""Seconds of audio read before any is transcribed: enough to find recordings of similar length, and 80 MB at 16 kHz."""
BATCH_S = 60.0
LEAST_UTTERANCES = 16
"""A recogniser is given at least so many recordings at once, and at least `batch_s`: it makes its own batches of them."""
SAVE_EVERY_S = 20.0
"""`transcribe_to_file` saves when so much time has passed: few rewrites, little lost when it is interrupted."""


class Transcripts(NamedTuple):
    """What was heard, in the order of the manifest.

    Attributes:
        hypotheses: texts; a failed utterance is absent.
        failures: utterance_id -> why it has no text.
    """

    hypotheses: Hypotheses
    failures: Mapping[str, str]


def transcribe_manifest(
    recognizer: Recognizer,
    manifest: Manifest,
    recordings: Recordings,
    *,
    system: str | None = None,
    cohorts: Sequence[str] | None = None,
    batch_s: float = BATCH_S,
    progress: Progress | None = None,
) -> Transcripts:
    """Text of every recording of `manifest`.

    Args:
        recognizer: hears.
        manifest: the utterances.
        recordings: of the manifest, at the recogniser's rate.
        system: name of the system; None: the recogniser's.
        cohorts: cohort of each utterance's speaker, for a recogniser that takes it; others are not told.
        batch_s: least seconds of audio that the recogniser is given at once.
        progress: called after every batch.

    Returns:
        Texts and failures: a recording that cannot be read, is empty, silent throughout or holds what is no number has a reason
        instead of a text.

    Raises:
        IngestError: recordings at another rate or of another manifest, or none at all could be transcribed.
    """
    work = _Work(recognizer, manifest, recordings, cohorts=cohorts, known=HypothesisFile(system=system or recognizer.name))
    for done in work.steps(batch_s):
        if progress is not None:
            progress(done, len(manifest))
    return work.finished()


def transcribe_to_file(
    recognizer: Recognizer,
    manifest: Manifest,
    recordings: Recordings,
    *,
    path: str | Path,
    system: str | None = None,
    cohorts: Sequence[str] | None = None,
    batch_s: float = BATCH_S,
    progress: Progress | None = None,
) -> Transcripts:
    """As `transcribe_manifest`, kept in `path` (parquet): saved now and then, and begun where an earlier, interrupted run stopped.

    A file of the same system, the same weights and the same recordings is gone on with: utterances that have a text there are
    not heard again. Failed ones are tried again.

    Raises:
        IngestError: as `transcribe_manifest`; or `path` holds something else, hypotheses of another system or model, of
            utterances that are not in the manifest, or of other recordings.
        OutputError: the file cannot be written; the last good one is still there.
    """
    identity = HypothesisFile(system=system or recognizer.name, model_sha256=weights_sha256(recognizer))
    known = _gone_on_with(path, identity, manifest) if Path(path).exists() else identity
    work = _Work(recognizer, manifest, recordings, cohorts=cohorts, known=known)
    require_same_recordings(known.recordings, work.utterance_ids, recordings, path=path, what="hypotheses")
    saved_at = time.monotonic()
    for done in work.steps(batch_s):
        if progress is not None:
            progress(done, len(manifest))
        if time.monotonic() - saved_at >= SAVE_EVERY_S:
            write_hypotheses(work.so_far(), path, order=work.utterance_ids)
            saved_at = time.monotonic()
    transcripts = work.finished()
    if known != work.so_far() or not Path(path).exists():
        write_hypotheses(work.so_far(), path, order=work.utterance_ids)
    return transcripts


def _gone_on_with(path: str | Path, identity: HypothesisFile, manifest: Manifest) -> HypothesisFile:
    """The hypotheses in `path`, if this run may go on with them."""
    known = read_hypotheses(path)
    if known.system != identity.system:
        raise IngestError(
            f"'{path}' holds hypotheses of the system {known.system!r}, not {identity.system!r}. Write to another file."
        )
    if known.model_sha256 != identity.model_sha256:
        raise IngestError(
            f"'{path}' holds hypotheses of {known.system!r} with other weights (SHA-256 {known.model_sha256[:12]}..., now "
            f"{identity.model_sha256[:12]}...). {REMEDY}"
        )
    require_none_lost([*known.texts, *known.failures], manifest.table["utterance_id"], path=path, what="hypotheses")
    return known


class _Work:
    """One pass over the recordings of a manifest; raises what is wrong with the request before any of it is done."""

    def __init__(
        self,
        recognizer: Recognizer,
        manifest: Manifest,
        recordings: Recordings,
        *,
        cohorts: Sequence[str] | None,
        known: HypothesisFile,
    ) -> None:
        if recordings.sample_rate_hz != recognizer.sample_rate_hz:
            raise IngestError(
                f"the recordings are read at {recordings.sample_rate_hz:,} Hz; {recognizer.name!r} wants "
                f"{recognizer.sample_rate_hz:,} Hz. Read them at its rate."
            )
        for what, several in (("recordings", recordings), ("cohorts", cohorts)):
            if several is not None and len(several) != len(manifest):
                raise IngestError(
                    f"{len(several):,} {what} are given for the {len(manifest):,} utterances of '{manifest.source}'. Give one each."
                )
        self.utterance_ids: list[str] = manifest.table["utterance_id"].tolist()
        self._recognizer, self._recordings, self._cohorts = recognizer, recordings, cohorts
        self._known = known
        self._texts, self._failures = dict(known.texts), dict[str, str]()
        self._sha256 = dict(known.recordings)

    def steps(self, batch_s: float) -> Iterator[int]:
        """Transcribe what has no text yet; yields how many utterances are done after each batch."""
        for pool in self._pools():
            by_length = sorted(pool, key=lambda row: len(pool[row]))
            if not pool:
                yield len(self._texts) + len(self._failures)
            for rows in self._batches(by_length, pool, batch_s):
                texts = self._transcribed(rows, [pool[row] for row in rows])
                self._texts |= {self.utterance_ids[row]: text for row, text in zip(rows, texts, strict=True)}
                yield len(self._texts) + len(self._failures)

    def _pools(self) -> Iterator[dict[int, np.ndarray]]:
        """Row -> samples, of the next rows that have no text and can be read: about POOL_S of audio."""
        pool: dict[int, np.ndarray] = {}
        n_samples = 0
        for row, identifier in enumerate(self.utterance_ids):
            if identifier in self._texts:
                continue
            try:
                pool[row] = audible(self._recordings.read(row))
                self._sha256[identifier] = self._recordings.sha256(row)
            except UnreadableAudioError as error:
                self._failures[identifier] = str(error)
                continue
            n_samples += len(pool[row])
            if n_samples >= POOL_S * self._recordings.sample_rate_hz:
                yield pool
                pool, n_samples = {}, 0
        yield pool

    def _batches(self, rows: list[int], pool: Mapping[int, np.ndarray], batch_s: float) -> Iterator[list[int]]:
        """`rows` in order, at least LEAST_UTTERANCES and `batch_s` at once, the last as many as are left."""
        batch: list[int] = []
        n_samples = 0
        for row in rows:
            batch.append(row)
            n_samples += len(pool[row])
            if len(batch) >= LEAST_UTTERANCES and n_samples >= batch_s * self._recordings.sample_rate_hz:
                yield batch
                batch, n_samples = [], 0
        if batch:
            yield batch

    def _transcribed(self, rows: list[int], samples: list[np.ndarray]) -> list[str]:
        if self._cohorts is not None and isinstance(self._recognizer, TakesCohorts):
            return self._recognizer.transcribe(samples, cohorts=[self._cohorts[row] for row in rows])
        return self._recognizer.transcribe(samples)

    def so_far(self) -> HypothesisFile:
        """What is transcribed by now."""
        return HypothesisFile(
            system=self._known.system,
            model_sha256=self._known.model_sha256,
            texts=dict(self._texts),
            failures=dict(self._failures),
            recordings={identifier: sha256 for identifier, sha256 in self._sha256.items() if identifier in self._texts},
        )

    def finished(self) -> Transcripts:
        """All of it.

        Raises:
            IngestError: there is not one text.
        """
        if not self._texts:
            first, why = next(iter(self._failures.items()))
            raise IngestError(
                f"{len(self._failures):,} of {len(self.utterance_ids):,} recordings could not be transcribed "
                f"(first: {first!r}: {why}). Check the column 'audio_path' and the audio folder."
            )
        texts = {identifier: self._texts[identifier] for identifier in self.utterance_ids if identifier in self._texts}
        return Transcripts(Hypotheses(system=self._known.system, texts=texts), dict(self._failures))
