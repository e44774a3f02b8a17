"""Speaker embeddings from .npz, .parquet or a column of vectors; pickle never."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fairasr.core.errors import IngestError
from fairasr.ingest.breach import Breach
from fairasr.ingest.parquet import read_parquet
from fairasr.ingest.text_table import VECTORS

IDENTIFIER = "utterance_id"


@dataclass(frozen=True, kw_only=True, eq=False)
class Vectors:
    """Vectors as given, before any check.

    Attributes:
        table: one row per vector, with its `utterance_id`.
        vectors: float array or None where a value is no vector of numbers, one per row of `table`.
    """

    table: pd.DataFrame
    vectors: list[np.ndarray | None]


def read_embeddings(path: Path) -> Vectors:
    """Vectors of an .npz (arrays `utterance_id`, text, and `embedding`, n x dim) or a .parquet (columns of these names).

    Raises:
        IngestError: the file cannot be read without pickle, or lacks one of the two, or they differ in length.
    """
    suffix = path.suffix.lower()
    if suffix == ".npz":
        identifiers, vectors = _from_npz(path)
    elif suffix in (".parquet", ".pq"):
        table = read_parquet(path)
        _need_both(path, list(table.columns))
        identifiers, vectors = list(table[IDENTIFIER]), list(table[VECTORS])
    else:
        raise IngestError(
            f"'{path.name}': embeddings come as .npz or .parquet, not {suffix!r}. Write one of them with utterance_id and "
            "embedding."
        )
    return Vectors(table=_identified(identifiers), vectors=[_vector(value) for value in vectors])


def vectors_in_column(table: pd.DataFrame) -> Vectors:
    """Vectors of the column "embedding" of an utterance table; null is no embedding."""
    given = [
        (identifier, value)
        for identifier, value in zip(table[IDENTIFIER], table[VECTORS], strict=True)
        if not (value is None or isinstance(value, float) or (isinstance(value, str) and not value.strip()))
    ]
    return Vectors(table=_identified([identifier for identifier, _ in given]), vectors=[_vector(value) for _, value in given])


def embedding_breaches(given: Vectors, utterance_ids: Sequence[str]) -> list[Breach]:
    """Vectors of no utterance of ours, of one that has one already, of another length than most, or with NaN in them."""
    identifiers = given.table[IDENTIFIER]
    known = identifiers.isin(set(utterance_ids)).to_numpy()
    are_vectors = np.array([vector is not None for vector in given.vectors], dtype=bool)
    lengths = np.array([-1 if vector is None else len(vector) for vector in given.vectors], dtype=np.int64)
    usual = _usual_length(given)
    finite = np.array([vector is None or bool(np.isfinite(vector).all()) for vector in given.vectors], dtype=bool)
    odd = are_vectors & (lengths != usual)
    some = f" (the first has {lengths[odd][0]:,})" if odd.any() else ""
    drop = "Compute them again, or pass bad_rows='set-aside' to go on without them."
    repeats = identifiers.duplicated(keep="first").to_numpy() & known

    def breach(wording: str, rows: np.ndarray, remedy: str = drop) -> Breach:
        return Breach(column=IDENTIFIER, wording=f"of the embeddings {wording}", rows=rows, remedy=remedy, reason=wording)

    return [
        breach("join to no utterance", ~known, "Write the ids alike in both files."),
        breach("are a second one of the same utterance", repeats, "Keep one vector per utterance."),
        breach("are not a list of numbers", ~are_vectors),
        breach(f"do not have the {usual:,} numbers that most have{some}", odd),
        breach("hold NaN or infinite numbers", are_vectors & ~finite),
    ]


def aligned(given: Vectors, usable: np.ndarray, utterance_ids: Sequence[str]) -> np.ndarray | None:
    """Embeddings of `utterance_ids`: float32 array (n_utterances, dim), NaN where there is none; None where no vector is usable.

    Args:
        given: the vectors.
        usable: bool array, one per vector: those that break no rule.
        utterance_ids: ids of the manifest's rows, in order.
    """
    rows = np.flatnonzero(usable)
    if not len(rows):
        return None
    chosen = [vector for row in rows if (vector := given.vectors[row]) is not None]
    position = pd.Index(utterance_ids).get_indexer(pd.Index(given.table[IDENTIFIER].iloc[rows]))
    out = np.full((len(utterance_ids), len(chosen[0])), np.nan, dtype=np.float32)
    ours = position >= 0
    out[position[ours]] = np.stack(chosen)[ours]
    return out


def _from_npz(path: Path) -> tuple[list[Any], list[Any]]:
    if not path.is_file():
        raise IngestError(f"'{path}' does not exist. Check the path.")
    try:
        # Opened here, because numpy leaves a file that it cannot read open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            _need_both(path, list(arrays.files))
            identifiers, vectors = arrays[IDENTIFIER], arrays[VECTORS]
    except (ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise IngestError(
            f"'{path.name}' cannot be read without running code from it, or is damaged: {error}. "
            f"Save ids as text and vectors as numbers: numpy.savez(path, utterance_id=ids.astype(str), embedding=vectors)."
        ) from error
    if vectors.ndim != 2 or len(vectors) != len(identifiers):
        raise IngestError(
            f"'{path.name}': 'embedding' has shape {vectors.shape} for {len(identifiers):,} ids; it must be (n_utterances, "
            "dim). Save them together."
        )
    return [str(identifier) for identifier in identifiers.tolist()], list(vectors)


def _need_both(path: Path, present: list[str]) -> None:
    missing = [name for name in (IDENTIFIER, VECTORS) if name not in present]
    if missing:
        raise IngestError(
            f"'{path.name}' lacks {' and '.join(missing)}; it has {', '.join(present)}. Give both, one vector per utterance."
        )


def _identified(identifiers: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({IDENTIFIER: pd.Series(identifiers, dtype=object)})


def _vector(value: Any) -> np.ndarray | None:
    try:
        with np.errstate(over="ignore"):  # beyond float32 is infinite, which has its own rule
            numbers = np.asarray(json.loads(value) if isinstance(value, str) else value, dtype=np.float32)
    except (ValueError, TypeError):
        return None
    return numbers if numbers.ndim == 1 and len(numbers) else None


def _usual_length(given: Vectors) -> int:
    counts = Counter(len(vector) for vector in given.vectors if vector is not None)
    return min(counts, key=lambda length: (-counts[length], length)) if counts else 0
