"""Embeddings on disk: `.npz` or `.parquet` of utterance_id and embedding.

Files of ours also hold the encoder's name, and for each row recording_sha256, "" where it is not known.
"""

from __future__ import annotations

import os
import secrets
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from fairasr.core.errors import IngestError, OutputError
from fairasr.models.base import Embeddings

SUFFIXES = (".npz", ".parquet")


def _suffix(path: Path) -> str:
    if path.suffix not in SUFFIXES:
        raise IngestError(f"embeddings are kept in {' or '.join(SUFFIXES)} files, not {path.name!r}. Choose one of these endings.")
    return path.suffix


def write_embeddings(embeddings: Embeddings, path: str | Path) -> None:
    """Write to `path` in one step: a reader sees the old file or the whole new one. Missing vectors are NaN (null in parquet).

    Raises:
        IngestError: the ending is neither .npz nor .parquet.
        OutputError: the file cannot be written; an earlier one is still there.
    """
    path = Path(path)
    suffix = _suffix(path)
    unfinished: Path | None = None
    try:
        unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with unfinished.open("xb") as stream:
            if suffix == ".npz":
                np.savez(
                    stream,
                    utterance_id=np.asarray(embeddings.utterance_ids, dtype=str),
                    embedding=embeddings.vectors.astype(np.float32),
                    encoder=np.array(embeddings.encoder),
                    recording_sha256=np.array(_recordings(embeddings), dtype=str),
                )
            else:
                _write_parquet(embeddings, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        raise OutputError(
            f"the embeddings cannot be written to {path} ({error.strerror or error}). "
            f"Choose a folder with room that you may write to."
        ) from error
    finally:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)


def _write_parquet(embeddings: Embeddings, stream: object) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    vectors = embeddings.vectors.astype(np.float32)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1], mask=pa.array(~embeddings.known))
    table = pa.table(
        {
            "utterance_id": pa.array(np.asarray(embeddings.utterance_ids, dtype=str)),
            "embedding": flat,
            "recording_sha256": pa.array(_recordings(embeddings), pa.string()),
        }
    )
    pq.write_table(table.replace_schema_metadata({"encoder": embeddings.encoder}), stream)


def read_embeddings(path: str | Path) -> Embeddings:
    """The embeddings that `write_embeddings` wrote.

    Raises:
        IngestError: no such file, another format, or arrays that do not fit together.
    """
    path = Path(path)
    suffix = _suffix(path)
    if not path.is_file():
        raise IngestError(f"there is no embedding file {path}. Make one with `fairasr embed`.")
    try:
        return _read_npz(path) if suffix == ".npz" else _read_parquet(path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise IngestError(
            f"{path.name} is not an embedding file ({error}). It needs utterance_id (text) and embedding (n_utterances, dim)."
        ) from error


def _read_npz(path: Path) -> Embeddings:
    with np.load(path, allow_pickle=False) as arrays:
        encoder = str(arrays["encoder"]) if "encoder" in arrays else ""
        return Embeddings(
            utterance_ids=arrays["utterance_id"].astype(str),
            vectors=np.asarray(arrays["embedding"], dtype=np.float32),
            encoder=encoder,
            recordings=_by_utterance(arrays["utterance_id"], arrays.get("recording_sha256", ())),
        )


def _read_parquet(path: Path) -> Embeddings:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    rows = table.column("embedding").to_pylist()
    lengths = {len(row) for row in rows if row is not None}
    if len(lengths) != 1:
        raise ValueError(f"its vectors have lengths {sorted(lengths)}")
    missing = [np.nan] * lengths.pop()
    encoder = (table.schema.metadata or {}).get(b"encoder", b"").decode()
    recordings = table.column("recording_sha256").to_pylist() if "recording_sha256" in table.column_names else ()
    return Embeddings(
        utterance_ids=np.array(table.column("utterance_id").to_pylist(), dtype=str),
        vectors=np.array([missing if row is None else row for row in rows], dtype=np.float32),
        encoder=encoder,
        recordings=_by_utterance(table.column("utterance_id").to_pylist(), recordings),
    )


def _recordings(embeddings: Embeddings) -> list[str]:
    """SHA-256 of each row's recording, "" where it is not known."""
    return [embeddings.recordings.get(str(identifier), "") for identifier in embeddings.utterance_ids]


def _by_utterance(utterance_ids: Iterable[object], sha256: Iterable[object]) -> dict[str, str]:
    """Those that are known; none at all in a file that says nothing of its recordings."""
    return {str(identifier): str(digest) for identifier, digest in zip(utterance_ids, sha256, strict=False) if digest}
