"""The file of utterances: what is in a row, where its recordings are, and what is left when it cannot be written."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from example import example

from fairasr.core import Manifest
from fairasr.core.errors import OutputError
from fairasr.core.provenance import sha256_of
from fairasr.report import write_audit
from fairasr.report.utterance_file import COUNT_COLUMNS, KeptSystem, KeptUtterances, ListedCohorts, identity_of, utterance_writer


@pytest.fixture(autouse=True)
def _without_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps have tests of their own; here they would only cost time."""
    monkeypatch.setattr("fairasr.report.maps.map_svg", lambda report, **_: None)


def kept(n: int = 4, *, texts: dict[str, str] | None = None, **columns: Any) -> KeptUtterances:
    """One utterance per speaker, one system, two cohorts of which only the first is listed."""
    ids = [f"u{number}" for number in range(n)]
    table = pd.DataFrame({"utterance_id": ids, "speaker_id": [f"s{number}" for number in range(n)], "reference": "one two"})
    table = table.assign(**columns)
    system = KeptSystem(
        system="cloud",
        texts=dict.fromkeys(ids, "one") if texts is None else texts,
        counts={name: np.arange(n, dtype=np.uint32) for name in COUNT_COLUMNS},
        cohorts={"declared:accent": ListedCohorts(labels=("far",), codes=np.where(np.arange(n) % 2, 0, -1))},
    )
    return KeptUtterances(
        manifest=Manifest(table=table),
        systems=(system,),
        is_confirmation=np.arange(n) < 1,
        normaliser="basic",
        unit="word",
        confusions=pd.DataFrame({"system": ["cloud"], "n": [3]}),
    )


def written(utterances: KeptUtterances, path: Path) -> Any:
    with path.open("wb") as stream:
        utterance_writer(utterances, report_identity="x")(stream)
    return pa.ipc.open_file(path).read_all()


def test_a_row_has_its_texts_its_errors_and_a_cohort_where_it_may_be_told(tmp_path: Path) -> None:
    table = written(kept(texts={"u0": "one", "u1": "", "u3": "zwei"}, duration_s=[1.5, np.nan, 2, 3]), tmp_path / "u.arrow")
    assert table.column("hypothesis:cloud").to_pylist() == ["one", "", None, "zwei"], '"" heard nothing, null failed'
    assert table.column("duration_s").to_pylist() == [1.5, None, 2, 3]
    assert table.column("cohort:cloud:declared:accent").to_pylist() == [None, "far", None, "far"]
    assert table.column("is_confirmation").to_pylist() == [True, False, False, False]
    assert table.column("deletions:cloud").to_pylist() == [0, 1, 2, 3]
    assert table.column("audio_path").null_count == 4


def test_rows_of_several_batches_stay_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairasr.report.utterance_file.ROWS_PER_BATCH", 3)
    table = written(kept(8), tmp_path / "u.arrow")
    assert table.column("utterance_id").num_chunks == 3
    assert table.column("utterance_id").to_pylist() == [f"u{number}" for number in range(8)]
    assert table.column("cohort:cloud:declared:accent").to_pylist() == [None, "far"] * 4


def test_half_a_surrogate_pair_is_spelled_out(tmp_path: Path) -> None:
    table = written(kept(texts={"u0": "on\udce9"}), tmp_path / "u.arrow")
    assert table.column("hypothesis:cloud").to_pylist() == ["on\\udce9", None, None, None]


@pytest.mark.parametrize(
    ("paths", "root", "below"),
    [
        (["/c/wav/a.wav", "/c/wav/x/b.wav", None, "/c/wav/c.wav"], "/c/wav", ["a.wav", "x/b.wav", None, "c.wav"]),
        (["c/wav/a.wav", "c/more/b.wav", None, None], "HERE/c", ["wav/a.wav", "more/b.wav", None, None]),
        (["a.wav", "b/b.wav", None, None], "HERE", ["a.wav", "b/b.wav", None, None]),
        (["/a.wav", "/b/b.wav", None, None], "/", ["a.wav", "b/b.wav", None, None]),
        ([None] * 4, None, [None] * 4),
    ],
)
def test_recordings_are_named_from_the_folder_above_all_of_them(
    tmp_path: Path, paths: list[str | None], root: str | None, below: list[str | None]
) -> None:
    table = written(kept(audio_path=pd.Series(paths, dtype=object)), tmp_path / "u.arrow")
    about = json.loads(table.schema.metadata[b"fairasr"])
    assert about["audio_root"] == (root and os.path.normpath(root.replace("HERE", os.getcwd())))
    assert table.column("audio_path").to_pylist() == below


def test_the_file_names_the_report_it_was_written_with(tmp_path: Path) -> None:
    write_audit(example(), tmp_path, rules={}, utterances=kept())
    about = pa.ipc.open_file(tmp_path / "utterances.arrow").schema.metadata[b"fairasr"]
    report = (tmp_path / "report.json").read_bytes()
    assert identity_of(report).encode() in about
    assert identity_of(report) == sha256_of(tmp_path / "report.json")


def test_a_disk_that_fills_while_utterances_are_written_leaves_the_earlier_files_whole(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write_audit(example(), folder, rules={}, utterances=kept())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    room = 1 + max(map(len, before.values()))
    many = kept(40_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(OutputError, match="What was there before is unchanged"):
            write_audit(example(title="Second"), folder, rules={}, utterances=many)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["audit"]
    write_audit(example(title="Second"), folder, rules={}, utterances=many)
    assert (folder / "utterances.arrow").stat().st_size > room, "or nothing was refused"
