"""Embeddings of a manifest's recordings: one pass over the files; what cannot be read is a row of NaN with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from fairasr.core import Manifest
from fairasr.core.errors import IngestError
from fairasr.models.audio import read_audio, soundfile_module
from fairasr.models.base import Embeddings, SpeakerEncoder, UnreadableAudioError
from fairasr.models.embedding_file import read_embeddings, write_embeddings

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
        known: vectors of an earlier run by the same encoder; they are kept, only the rest is computed.
        progress: called after every utterance.

    Returns:
        Embeddings of all utterances; a recording that cannot be read is a row of NaN and an entry of `failures`.

    Raises:
        IngestError: no `audio_path`, no such folder, `known` from another encoder, or no recording at all could be embedded.
        MissingExtraError: soundfile is not installed.
    """
    state = _start(manifest, encoder=encoder, audio_root=audio_root, known=known)
    for done, state in enumerate(_steps(manifest, state, encoder=encoder, audio_root=Path(audio_root)), start=1):
        if progress is not None:
            progress(done, len(manifest))
    return _finished(state)


def embed_to_file(
    manifest: Manifest,
    *,
    encoder: SpeakerEncoder,
    audio_root: str | Path,
    path: str | Path,
    progress: Progress | None = None,
) -> Embeddings:
    """As `embed_manifest`, kept in `path`: saved now and then, and begun where an earlier, interrupted run stopped.

    A file of the same encoder is gone on with: utterances that have a vector there are not read again, so remove it when
    recordings change under the same utterance_id.

    Raises:
        IngestError: as `embed_manifest`, or `path` holds something else.
        OutputError: the file cannot be written; the last good one is still there.
    """
    known = read_embeddings(path) if Path(path).exists() else None
    state = _start(manifest, encoder=encoder, audio_root=audio_root, known=known)
    saved = 0
    for done, state in enumerate(_steps(manifest, state, encoder=encoder, audio_root=Path(audio_root)), start=1):
        if progress is not None:
            progress(done, len(manifest))
        if done - saved >= max(SAVE_LEAST, SAVE_GROWTH * saved):
            write_embeddings(state, path)
            saved = done
    state = _finished(state)
    write_embeddings(state, path)
    return state


def _start(manifest: Manifest, *, encoder: SpeakerEncoder, audio_root: str | Path, known: Embeddings | None) -> Embeddings:
    """Nothing embedded yet but what is `known`; raises what is wrong with the request before any work is done."""
    soundfile_module()
    if "audio_path" not in manifest.table:
        raise IngestError(f"manifest '{manifest.source}' has no column 'audio_path', so there is nothing to embed. Name the recordings in it.")
    if not Path(audio_root).is_dir():
        raise IngestError(f"there is no audio folder {audio_root}. Give the folder that the column 'audio_path' starts from.")
    if known is not None and known.encoder != encoder.name:
        raise IngestError(
            f"the embeddings of the earlier run are of the encoder {known.encoder!r}, not {encoder.name!r}; "
            f"vectors of two encoders are not comparable. Write to another file."
        )
    utterance_ids = manifest.table["utterance_id"].to_numpy(dtype=str)
    vectors = np.full((len(manifest), encoder.dimension), np.nan, dtype=np.float32)
    if known is not None:
        position = pd.Index(known.utterance_ids).get_indexer(utterance_ids)
        vectors[position >= 0] = known.vectors[position[position >= 0]]
    return Embeddings(utterance_ids=utterance_ids, vectors=vectors, encoder=encoder.name)


def _steps(manifest: Manifest, state: Embeddings, *, encoder: SpeakerEncoder, audio_root: Path) -> Iterator[Embeddings]:
    """The state after each utterance, in the order of the table. The vectors are filled in place: the state is ours alone."""
    failures: dict[str, str] = {}
    state = replace(state, failures=failures)
    has_vector = state.known
    for row, (utterance_id, audio_path) in enumerate(zip(state.utterance_ids, manifest.table["audio_path"], strict=True)):
        if not has_vector[row]:
            try:
                samples = read_audio(_below_root(audio_path, audio_root), sample_rate_hz=encoder.sample_rate_hz)
                state.vectors[row] = encoder.embed(samples)
            except UnreadableAudioError as error:
                failures[str(utterance_id)] = str(error)
        yield state


def _below_root(audio_path: object, audio_root: Path) -> Path:
    if not isinstance(audio_path, str) or not audio_path:
        raise UnreadableAudioError("no recording is named")
    if "\0" in audio_path:
        raise UnreadableAudioError("its path holds a NUL byte")
    path = (audio_root / audio_path).resolve()
    if not path.is_relative_to(audio_root.resolve()):
        raise UnreadableAudioError("it is outside the audio folder")
    return path


def _finished(state: Embeddings) -> Embeddings:
    if not state.known.any():
        first, why = next(iter(state.failures.items()))
        raise IngestError(
            f"{len(state.failures):,} of {len(state.utterance_ids):,} recordings could not be embedded (first: {first!r}: {why}). "
            f"Check the column 'audio_path' and the audio folder."
        )
    return state
