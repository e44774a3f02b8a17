"""Embeddings of a manifest's recordings: one pass over the files; what cannot be read is a row of NaN with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from fairasr.core import Manifest
from fairasr.core.errors import IngestError
from fairasr.models.base import Embeddings, SpeakerEncoder, UnreadableAudioError
from fairasr.models.embedding_file import read_embeddings, write_embeddings
from fairasr.models.recordings import Recordings
from fairasr.models.resuming import require_none_lost, require_same_recordings

Progress = Callable[[int, int], None]
"""Called with (done, total) utterances."""

SAVE_GROWTH = 0.25
SAVE_LEAST = 200
"""`embed_to_file` saves when this many more, and this share more, are done: few rewrites, little lost when it is interrupted."""


def embed_manifest(
    manifest: Manifest,
    *,
    encoder: SpeakerEncoder,
    audio_root: str | Path,
    known: Embeddings | None = None,
    progress: Progress | None = None,
) -> Embeddings:
    """Speaker embedding of every utterance of `manifest`, rows as in its table.

    Args:
        manifest: needs the column `audio_path`, relative to `audio_root` or absolute below it.
        encoder: makes the vectors.
        audio_root: folder of the recordings; no file outside it is opened.
        known: vectors of an earlier run by the same encoder, of the same recordings; they are kept, only the rest is computed.
        progress: called after every utterance.

    Returns:
        Embeddings of all utterances; a recording that cannot be read is a row of NaN and an entry of `failures`.

    Raises:
        IngestError: no `audio_path`, no such folder, `known` from another encoder, or no recording at all could be embedded.
        MissingExtraError: soundfile is not installed.
    """
    work = _Work(manifest, encoder=encoder, audio_root=Path(audio_root), known=known)
    for done in work.steps():
        if progress is not None:
            progress(done, len(manifest))
    return work.finished()


def embed_to_file(
    manifest: Manifest,
    *,
    encoder: SpeakerEncoder,
    audio_root: str | Path,
    path: str | Path,
    progress: Progress | None = None,
) -> Embeddings:
    """As `embed_manifest`, kept in `path`: saved now and then, and begun where an earlier, interrupted run stopped.

    A file of the same encoder and the same recordings is gone on with: utterances that have a vector there are not embedded again.

    Raises:
        IngestError: as `embed_manifest`; or `path` holds something else, vectors of utterances that are not in the manifest, or of
            other recordings.
        OutputError: the file cannot be written; the last good one is still there.
    """
    known = read_embeddings(path) if Path(path).exists() else None
    work = _Work(manifest, encoder=encoder, audio_root=Path(audio_root), known=known)
    if known is not None:
        work.require_resumable(known, path)
    saved = 0
    for done in work.steps():
        if progress is not None:
            progress(done, len(manifest))
        if done - saved >= max(SAVE_LEAST, SAVE_GROWTH * saved):
            write_embeddings(work.so_far(), path)
            saved = done
    embeddings = work.finished()
    write_embeddings(embeddings, path)
    return embeddings


class _Work:
    """One pass over the recordings of a manifest; raises what is wrong with the request before any of it is done."""

    def __init__(self, manifest: Manifest, *, encoder: SpeakerEncoder, audio_root: Path, known: Embeddings | None) -> None:
        self._recordings = Recordings(manifest, audio_root=audio_root, sample_rate_hz=encoder.sample_rate_hz, kept_bytes=0)
        if known is not None and known.encoder != encoder.name:
            raise IngestError(
                f"the embeddings of the earlier run are of the encoder {known.encoder!r}, not {encoder.name!r}; "
                f"vectors of two encoders are not comparable. Write to another file."
            )
        self._encoder = encoder
        self._utterance_ids = manifest.table["utterance_id"].to_numpy(dtype=str)
        self._vectors = np.full((len(manifest), encoder.dimension), np.nan, dtype=np.float32)
        self._failures: dict[str, str] = {}
        self._sha256 = dict(known.recordings) if known is not None else {}
        if known is not None:
            position = pd.Index(known.utterance_ids).get_indexer(pd.Index(self._utterance_ids))
            self._vectors[position >= 0] = known.vectors[position[position >= 0]]

    def require_resumable(self, known: Embeddings, path: str | Path) -> None:
        """Raise `IngestError` where the file would lose vectors, or holds those of other recordings."""
        has_vector = known.utterance_ids[known.known].tolist()
        utterance_ids = self._utterance_ids.tolist()
        require_none_lost(has_vector, utterance_ids, path=path, what="embeddings")
        require_same_recordings(known.recordings, utterance_ids, self._recordings, path=path, what="embeddings")

    def steps(self) -> Iterator[int]:
        """Embed what has no vector yet, in the order of the table; yields how many utterances are done after each."""
        has_vector = self.so_far().known
        for row in range(len(self._recordings)):
            if not has_vector[row]:
                try:
                    self._vectors[row] = self._encoder.embed(self._recordings.read(row))
                    self._sha256[str(self._utterance_ids[row])] = self._recordings.sha256(row)
                except UnreadableAudioError as error:
                    self._failures[str(self._utterance_ids[row])] = str(error)
            yield row + 1

    def so_far(self) -> Embeddings:
        """What is embedded by now."""
        return Embeddings(
            utterance_ids=self._utterance_ids,
            vectors=self._vectors,
            encoder=self._encoder.name,
            failures=dict(self._failures),
            recordings=dict(self._sha256),
        )

    def finished(self) -> Embeddings:
        """All embeddings.

        Raises:
            IngestError: there is not one.
        """
        embeddings = self.so_far()
        if not embeddings.known.any():
            first, why = next(iter(embeddings.failures.items()))
            raise IngestError(
                f"{len(embeddings.failures):,} of {len(self._utterance_ids):,} recordings could not be embedded "
                f"(first: {first!r}: {why}). Check the column 'audio_path' and the audio folder."
            )
        return embeddings
