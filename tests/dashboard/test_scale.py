"""What a page costs does not grow with the utterances behind it: rows are read where they are shown, and memory is bounded."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from example import example

from fairasr.core import Manifest
from fairasr.dashboard import utterances as listing
from fairasr.dashboard.access import Access
from fairasr.dashboard.aligned_words import AlignedWords
from fairasr.dashboard.app import application
from fairasr.dashboard.results import Library
from fairasr.dashboard.utterances import Utterances
from fairasr.report.export import json_bytes
from fairasr.report.utterance_file import (
    COUNT_COLUMNS,
    UTTERANCES_NAME,
    KeptSystem,
    KeptUtterances,
    ListedCohorts,
    identity_of,
    utterance_writer,
)

N, N_FEW = 52_000, 520
SYSTEM, METHOD = "conformer-large", "geo-tree"
LABELS = tuple(f"r{number:02d}" for number in range(26))
LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))


def write(folder: Path, *, n: int) -> str:
    """Write an audit with n utterances of sixteen words; the identity of its report."""
    generator = np.random.default_rng(0)
    words = ["".join(word) for word in generator.choice(LETTERS, size=(1000, 8))]
    said = [" ".join(words[number] for number in row) for row in generator.integers(1000, size=(n, 16)).tolist()]
    ids = [f"u{row:06d}" for row in range(n)]
    table = pd.DataFrame({"utterance_id": ids, "speaker_id": [f"s{row % 260:03d}" for row in range(n)], "reference": said})
    counts = {name: generator.integers(0, 9, size=n) for name in COUNT_COLUMNS}
    system = KeptSystem(
        system=SYSTEM,
        texts=dict(zip(ids, said, strict=True)),
        counts=counts,
        cohorts={METHOD: ListedCohorts(labels=LABELS, codes=np.arange(260) % len(LABELS))},
    )
    kept = KeptUtterances(
        manifest=Manifest(table=table),
        systems=(system,),
        is_confirmation=np.ones(260, dtype=bool),
        normaliser="none",
        unit="word",
        confusions=pd.DataFrame(),
    )
    one = example()
    report = json_bytes(replace(one, systems=(one.systems[0],), comparisons=(), sensitivity=None).to_json())
    folder.mkdir()
    (folder / "report.json").write_bytes(report)
    with (folder / UTTERANCES_NAME).open("wb") as stream:
        utterance_writer(kept, report_identity=identity_of(report))(stream)
    return identity_of(report)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("results")
    write(root / "many", n=N)
    write(root / "few", n=N_FEW)
    return root


def opened(root: Path) -> Utterances:
    found = Utterances.open(root / "many", identity_of((root / "many" / "report.json").read_bytes()))
    assert found is not None
    assert len(found) == N
    return found


def test_a_page_aligns_the_rows_it_shows_and_no_others(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aligned: list[str] = []
    align = AlignedWords.aligned

    def counted(self: AlignedWords, *, reference: str, hypothesis: str) -> Any:
        aligned.append(reference)
        return align(self, reference=reference, hypothesis=hypothesis)

    monkeypatch.setattr(AlignedWords, "aligned", counted)
    page = opened(root).page(system=SYSTEM, method=METHOD, cohort="r03", page=2, size=25)
    assert page.total == N // len(LABELS)
    assert aligned == [row.reference for row in page.rows]
    assert len(aligned) == 25


def test_texts_stay_in_the_file_until_they_are_shown(root: Path) -> None:
    n_bytes = (root / "many" / UTTERANCES_NAME).stat().st_size
    assert n_bytes > 250 * N, "or there is nothing to save"
    arrow = pa.total_allocated_bytes()
    tracemalloc.start()
    try:
        kept = opened(root)
        for label in ("", *LABELS[:3]):
            for sort in listing.SORTS:
                kept.page(system=SYSTEM, method=METHOD, cohort=label, sort=sort, size=25)  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < n_bytes / 4
        assert pa.total_allocated_bytes() - arrow < n_bytes / 100
    finally:
        tracemalloc.stop()


def test_what_is_remembered_of_many_questions_is_bounded(root: Path) -> None:
    kept = opened(root)
    assert kept.page(system=SYSTEM, size=1).total == N
    tracemalloc.start()
    try:
        for sort in listing.SORTS:
            for label in LABELS:
                kept.page(system=SYSTEM, method=METHOD, cohort=label, sort=sort, size=1)  # type: ignore[arg-type]
            for letter in "aeiouy":
                kept.page(system=SYSTEM, find=letter, sort=sort, size=1)  # type: ignore[arg-type]
            for kind in listing.KINDS:
                kept.page(system=SYSTEM, kind=kind, sort=sort, size=1)  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[0] < (listing.MOST_ORDERINGS + 1) * 4 * N
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("query", ["", "?cohort=r03", "?find=a", "?kind=deletions&page=3"])
def test_a_page_of_many_utterances_is_as_long_as_one_of_few(root: Path, query: str) -> None:
    client = application(Library(root), Access(host="127.0.0.1")).test_client()

    def length(name: str) -> int:
        answer = client.get(f"/result/{name}{query}", headers={"Host": "127.0.0.1:8050"})
        assert answer.status_code == 200, answer.get_data(as_text=True)[:2000]
        return len(answer.get_data())

    assert length("many") == pytest.approx(length("few"), rel=0.05)
