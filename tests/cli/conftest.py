"""The small corpus as a file, and a finished audit of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_corpus import fairasr, small_embeddings, small_table, write_embeddings


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CSV of the small corpus; embeddings.npz lies beside it."""
    folder = tmp_path_factory.mktemp("corpus")
    write_embeddings(folder / "embeddings.npz", small_embeddings())
    path = folder / "utterances.csv"
    small_table().to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def audited(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an audit of the small corpus by its declared accents and its places."""
    folder = tmp_path_factory.mktemp("audited") / "report"
    outcome = fairasr("audit", corpus, "-o", folder, "--permutations", 99, "--method", "declared:accent", "--method", "geo-tree")
    assert outcome.status == 0, outcome.message
    return folder
