"""CSV, TSV, JSONL, Parquet and DataFrames: the same strings come out of each."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairasr.core.errors import IngestError
from fairasr.ingest import read

TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6))
def test_what_is_written_to_csv_is_read_back_as_the_same_strings(pairs: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["utterance_id", "speaker_id", "reference", "hypothesis"])
            writer.writerows([[f"u{n}", "s", reference, hypothesis] for n, (reference, hypothesis) in enumerate(pairs)])
        corpus = read(path)
    assert list(corpus.manifest.table["reference"]) == [reference for reference, _ in pairs]
    assert list(corpus.systems[0].texts.values()) == [hypothesis for _, hypothesis in pairs]


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=6))
def test_what_is_written_to_jsonl_is_read_back_as_the_same_strings(references: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.jsonl"
        rows = [{"utterance_id": f"u{n}", "speaker_id": "s", "reference": text} for n, text in enumerate(references)]
        path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8", newline="")
        corpus = read(path)
    assert list(corpus.manifest.table["reference"]) == references


def test_csv_tsv_jsonl_parquet_and_memory_give_the_same_manifest(good: pd.DataFrame, tmp_path: Path) -> None:
    good.to_csv(tmp_path / "a.csv", index=False)
    good.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    good.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    good.to_json(tmp_path / "array.json", orient="records")
    good.to_parquet(tmp_path / "a.parquet")
    expected = read(good)
    for name in ("a.csv", "a.tsv", "a.jsonl", "array.json", "a.parquet"):
        corpus = read(tmp_path / name)
        pd.testing.assert_frame_equal(corpus.manifest.table, expected.manifest.table)
        assert dict(corpus.systems[0].texts) == dict(expected.systems[0].texts), name


def test_namibia_null_and_leading_zeros_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("utterance_id,speaker_id,reference,country,zip_code\nu1,007,null,NA,00501\nu2,NaN,None,,\n", encoding="utf-8")
    table = read(path).manifest.table
    assert table["country"][0] == "NA"
    assert pd.isna(table["country"][1])
    assert list(table["reference"]) == ["null", "None"]
    assert list(table["speaker_id"]) == ["007", "NaN"]
    assert table["zip_code"][0] == "00501"
    assert pd.isna(table["zip_code"][1])


def test_whole_numbers_of_a_column_with_gaps_are_written_without_a_point(tmp_path: Path) -> None:
    large = 2**60 + 1
    table = pa.table(
        {
            "utterance_id": ["a", "b"],
            "speaker_id": pa.array([large, 7]),
            "reference": ["x", "y"],
            "age": pa.array([40.0, None]),
            "n": pa.array([large, None]),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    manifest = read(tmp_path / "a.parquet").manifest
    assert list(manifest.table["speaker_id"]) == [str(large), "7"]
    assert manifest.table["age"][0] == "40"
    assert manifest.table["n"][0] == str(large)
    assert pd.isna(manifest.table["age"][1])


def test_an_empty_cell_is_an_empty_text_in_csv_and_a_null_is_missing_in_parquet(good: pd.DataFrame, tmp_path: Path) -> None:
    good.loc[0, "hypothesis"] = None
    good.to_parquet(tmp_path / "a.parquet")
    good.to_csv(tmp_path / "a.csv", index=False)
    assert "u0" not in read(tmp_path / "a.parquet").systems[0].texts
    assert read(tmp_path / "a.csv").systems[0].texts["u0"] == ""


def test_a_byte_order_mark_and_mixed_line_ends_are_read_over(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfutterance_id,speaker_id,reference\r\nu1,s,one\nu2,s,two\ru3,s,three\r\n\r\n")
    assert list(read(path).manifest.table["reference"]) == ["one", "two", "three"]


def test_latin_1_is_read_when_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("utterance_id,speaker_id,reference\nu1,s,grüezi\n".encode("latin-1"))
    assert list(read(path, encoding="latin-1").manifest.table["reference"]) == ["grüezi"]
    path.write_bytes("utterance_id,speaker_id,reference\nu1,s,grüezi\n".encode("utf-16"))
    assert list(read(path, encoding="utf-16").manifest.table["reference"]) == ["grüezi"]


def test_semicolons_are_recognised_and_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("utterance_id;speaker_id;reference\nu1;s;one, two\n", encoding="utf-8")
    corpus = read(path)
    assert list(corpus.manifest.table["reference"]) == ["one, two"]
    assert any("';'" in note for note in corpus.notes)


def test_a_tsv_whose_quotes_do_not_close_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text('utterance_id\tspeaker_id\treference\nu1\ts\t"Hello" he said\nu2\ts\t"open\n', encoding="utf-8")
    corpus = read(path)
    assert list(corpus.manifest.table["reference"]) == ['"Hello" he said', '"open']
    assert any("without quoting" in note for note in corpus.notes)


def test_a_transcript_of_two_hundred_thousand_characters_is_read_and_the_csv_limit_is_put_back(tmp_path: Path) -> None:
    before = 131_072
    csv.field_size_limit(before)
    path = tmp_path / "a.csv"
    path.write_text(f"utterance_id,speaker_id,reference\nu1,s,{'a ' * 100_000}\n", encoding="utf-8")
    assert len(read(path).manifest.table["reference"][0]) == 200_000
    assert csv.field_size_limit() == before


def test_the_unnamed_index_column_of_pandas_is_left_out(good: pd.DataFrame, tmp_path: Path) -> None:
    good.to_csv(tmp_path / "a.csv")
    assert read(tmp_path / "a.csv").manifest.attributes == ["accent"]


def test_lists_and_flags_of_json_become_text(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    row = {"utterance_id": 1, "speaker_id": "s", "reference": "x", "accents": ["a", "b"], "native": True, "custom": {"b": 1}}
    path.write_text(json.dumps(row), encoding="utf-8")
    table = read(path).manifest.table
    assert table.loc[0, ["utterance_id", "accents", "native", "custom"]].tolist() == ["1", "a, b", "True", '{"b": 1}']


def test_input_hashes_are_those_of_the_files(good: pd.DataFrame, tmp_path: Path) -> None:
    good.to_csv(tmp_path / "a.csv", index=False)
    assert read(tmp_path / "a.csv").inputs == {"a.csv": hashlib.sha256((tmp_path / "a.csv").read_bytes()).hexdigest()}
    assert read(good).inputs == {"DataFrame": hashlib.sha256(good.to_csv(index=False).encode()).hexdigest()}


def test_the_callers_table_is_left_as_it_is(good: pd.DataFrame) -> None:
    before = good.copy(deep=True)
    read(good, bad_rows="set-aside")
    pd.testing.assert_frame_equal(good, before)


def test_columns_are_mapped_and_one_column_may_serve_two_names(good: pd.DataFrame) -> None:
    renamed = good.rename(columns={"reference": "text", "latitude_deg": "lat"})
    corpus = read(renamed, columns={"reference": "text", "latitude_deg": "lat", "speaker_id": "utterance_id"})
    assert list(corpus.manifest.table["reference"]) == list(good["reference"])
    assert list(corpus.manifest.table["speaker_id"]) == list(good["utterance_id"])
    assert corpus.manifest.attributes == ["accent"]


def test_a_column_that_looks_like_a_place_is_kept_and_pointed_out(good: pd.DataFrame) -> None:
    corpus = read(good.rename(columns={"zip_code": "zip"}))
    assert "zip" in corpus.manifest.attributes
    assert any("columns={'zip_code': 'zip'}" in note for note in corpus.notes)


def test_a_hundred_thousand_rows_are_read_in_seconds(tmp_path: Path) -> None:
    n = 100_000
    latitude = np.repeat(np.linspace(1, 60, n // 20), 20)
    table = pd.DataFrame(
        {
            "utterance_id": [f"u{row}" for row in range(n)],
            "speaker_id": [f"s{row // 20}" for row in range(n)],
            "reference": "the cat sat on the mat",
            "hypothesis": "the cat sat on a mat",
            "latitude_deg": latitude,
            "longitude_deg": 20.0,
            "accent": ["a", "b"] * (n // 2),
        }
    )
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_parquet(tmp_path / "a.parquet")
    for name in ("a.csv", "a.parquet"):
        start = time.process_time()
        assert len(read(tmp_path / name).manifest) == n
        assert time.process_time() - start < 8, name  # 1-2 s on a quiet core; the bound is for a busy one


def test_ingest_is_imported_without_what_only_files_of_some_kinds_need() -> None:
    heavy = ("torch", "sklearn", "scipy", "shapely", "pyarrow.parquet")
    loaded = f"import sys, fairasr.ingest; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_every_extension_that_is_no_table_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(io.BytesIO(b"PK").getvalue())
    with pytest.raises(IngestError, match=r"'\.xlsx'.*\.csv.*Save it"):
        read(tmp_path / "a.xlsx")
