"""Embeddings from .npz, .parquet and a column: aligned to the manifest, checked, and never unpickled."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairasr.core.errors import IngestError, SchemaError
from fairasr.ingest import read

VECTORS = np.array([[3.0, 30.0], [0.0, 0.0], [2.0, 20.0]])
IDS = ["u3", "u0", "u2"]
ALIGNED = np.array([[0, 0], [np.nan, np.nan], [2, 20], [3, 30]], dtype=np.float32)


def save(path: Path, ids: list[str], vectors: list[list[float]]) -> Path:
    pd.DataFrame({"utterance_id": ids, "embedding": vectors}).to_parquet(path)
    return path


def test_each_source_gives_the_same_rows_in_the_manifests_order_and_nan_where_there_is_none(
    good: pd.DataFrame, tmp_path: Path
) -> None:
    np.savez(tmp_path / "e.npz", utterance_id=np.array(IDS), embedding=VECTORS)
    save(tmp_path / "e.parquet", IDS, VECTORS.tolist())
    column = good.assign(embedding=[[0.0, 0.0], None, [2.0, 20.0], [3.0, 30.0]])
    column.to_parquet(tmp_path / "column.parquet")
    column.to_json(tmp_path / "column.jsonl", orient="records", lines=True)
    for corpus in (
        read(good, embeddings=tmp_path / "e.npz"),
        read(good, embeddings=tmp_path / "e.parquet"),
        read(column),
        read(tmp_path / "column.parquet"),
        read(tmp_path / "column.jsonl"),
    ):
        found = corpus.manifest.embeddings
        assert found is not None
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, ALIGNED)
        assert "1 of 4 utterances have no embedding." in corpus.notes
        assert corpus.manifest.attributes == ["accent"]


def test_the_file_of_embeddings_is_hashed_as_an_input(good: pd.DataFrame, tmp_path: Path) -> None:
    assert "e.parquet" in read(good, embeddings=save(tmp_path / "e.parquet", IDS, VECTORS.tolist())).inputs


@pytest.mark.parametrize(
    ("ids", "vectors", "message", "left"),
    [
        (
            ["u0", "u1", "u2"],
            [[1.0, 2.0], [1.0], [3.0, 4.0]],
            r"1 of 3 rows of the embeddings do not have the 2 numbers .*\(the first has 1\)",
            2,
        ),
        (["u0", "u1"], [[1.0, 2.0], [np.nan, 1.0]], "1 of 2 rows of the embeddings hold NaN or infinite", 1),
        (["u0", "u1"], [[1.0, 2.0], [1e300, 1.0]], "1 of 2 rows of the embeddings hold NaN or infinite", 1),
        (["u0", "x9"], [[1.0, 2.0], [1.0, 1.0]], r"1 of 2 rows of the embeddings join to no utterance \(rows 1; first: 'x9'\)", 1),
        (["u0", "u0"], [[1.0, 2.0], [1.0, 1.0]], "1 of 2 rows of the embeddings are a second one", 1),
        (["u0", "u1"], [[1.0, 2.0], []], "1 of 2 rows of the embeddings are not a list of numbers", 1),
    ],
)
def test_a_bad_vector_is_refused_or_left_out(
    good: pd.DataFrame, tmp_path: Path, ids: list[str], vectors: list[list[float]], message: str, left: int
) -> None:
    path = save(tmp_path / "e.parquet", ids, vectors)
    with pytest.raises(SchemaError, match=message):
        read(good, embeddings=path)
    found = read(good, embeddings=path, bad_rows="set-aside").manifest.embeddings
    assert found is not None
    assert np.isfinite(found).all(axis=1).sum() == left


def test_embeddings_of_rows_that_are_set_aside_go_with_them(good: pd.DataFrame, tmp_path: Path) -> None:
    path = save(tmp_path / "e.parquet", IDS, VECTORS.tolist())
    manifest = read(good.assign(speaker_id=["", "a", "b", "c"]), embeddings=path, bad_rows="set-aside").manifest
    assert manifest.embeddings is not None
    np.testing.assert_array_equal(manifest.embeddings, ALIGNED[1:])


class Planted:
    """A pickle that leaves a trace when it is loaded."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.path, "w")


def test_a_pickle_is_refused_and_never_loaded(good: pd.DataFrame, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    np.savez(tmp_path / "e.npz", utterance_id=np.array([Planted(str(trace))], dtype=object), embedding=VECTORS[:1])
    (tmp_path / "raw.npz").write_bytes(pickle.dumps(Planted(str(trace))))
    for name in ("e.npz", "raw.npz"):
        with pytest.raises(IngestError, match=rf"'{name}' cannot be read without running code from it.*astype\(str\)"):
            read(good, embeddings=tmp_path / name)
    assert not trace.exists()


def test_broken_files_of_embeddings_are_one_clear_error(good: pd.DataFrame, tmp_path: Path) -> None:
    np.savez(tmp_path / "short.npz", utterance_id=np.array(["u0"]), embedding=VECTORS)
    np.savez(tmp_path / "lacks.npz", vectors=VECTORS)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "short.npz").read_bytes()[:100])
    np.save(tmp_path / "array.npy", VECTORS)
    (tmp_path / "array.npy").rename(tmp_path / "array.npz")
    (tmp_path / "e.csv").write_text("utterance_id,embedding\n", encoding="utf-8")
    for name, message in (
        ("short.npz", r"'embedding' has shape \(3, 2\) for 1 ids"),
        ("lacks.npz", "lacks utterance_id and embedding; it has vectors"),
        ("cut.npz", "or is damaged"),
        ("array.npz", "or is damaged"),
        ("e.csv", r"come as \.npz or \.parquet, not '\.csv'"),
    ):
        with pytest.raises(IngestError, match=message):
            read(good, embeddings=tmp_path / name)
