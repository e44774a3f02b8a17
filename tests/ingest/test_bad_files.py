"""Files that cannot be read: each gives one clear error with what, how many of how many, the first case and the remedy."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from fairasr.core.errors import IngestError
from fairasr.ingest import read

HEADER = b"utterance_id,speaker_id,reference\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"'a\.csv' is empty.*Give a file"),
        (b" \n\n", r"'a\.csv' is empty"),
        (HEADER, r"'a\.csv' has a header and no rows.*one row per utterance"),
        (HEADER + b"u1,s,one\nu2,s\nu3,s,x,y\n", r"2 of 3 rows do not have the header's 3 fields \(first: .*line 3 has 2\).*Quote"),
        (HEADER + b"u1,s,one\nu2,s,gr\xfcezi\n", r"not utf-8: byte 50 of 55 \(0xFC, line 3\).*encoding='cp1252'"),
        (HEADER + b"u1,s,o\0ne\nu2,s,\0\n", r"2 NUL characters \(first in line 2\).*damaged"),
        (b"\xff\xfeu\0t\0t\0", r"UTF-16 byte order mark.*encoding='utf-16'"),
        (
            b"utterance_id,speaker_id,reference,reference\nu1,s,a,b\n",
            r"1 of 3 column names appear more than once \(first: 'reference', 2",
        ),
        (HEADER + b'u1,s,"open\nu2,s,two\n', r"line 3 cannot be read: .*written twice"),
        (HEADER + b'u1,s,"a"b\n', r"line 2 cannot be read"),
    ],
)
def test_a_broken_csv_gives_one_error_that_says_where(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(IngestError, match=message):
        read(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{"utterance_id": "a"}\n{"utterance_id": \n{"utterance_id": "c"}\n',
            r"1 of 3 lines are not one JSON object \(first: line 2: .*Mend",
        ),
        ('{"utterance_id": "a"}\n\n[1]\n', r"1 of 2 lines .*\(first: line 3: it is a list"),
        ('{"utterance_id": "a", "utterance_id": "b"}\n', r"line 1: the key 'utterance_id' appears more than once"),
        ("[1, 2]", r"2 of 2 elements are not objects \(first: element 0\)"),
        ("[1, ", r"starts like a JSON array and is not one"),
        ("[]", r"has no objects"),
    ],
)
def test_a_broken_jsonl_gives_one_error_with_the_line(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(IngestError, match=message):
        read(tmp_path / "a.jsonl")


def test_parquet_cut_short_damaged_or_false_gives_one_error(good: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    good.to_parquet(path)
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[-200:-8] = bytes(192)
    for content in (whole[: len(whole) // 2], bytes(damaged), b"", b"no parquet at all"):
        path.write_bytes(content)
        with pytest.raises(IngestError, match=r"'a\.parquet' \([\d,]+ bytes\) cannot be read as Parquet: .*copy it again"):
            read(path)


def test_parquet_without_rows_is_refused(good: pd.DataFrame, tmp_path: Path) -> None:
    good.iloc[:0].to_parquet(tmp_path / "a.parquet")
    with pytest.raises(IngestError, match="has columns and no rows"):
        read(tmp_path / "a.parquet")


def test_parquet_with_a_repeated_column_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["x", "x"]), tmp_path / "a.parquet")
    with pytest.raises(IngestError, match=r"1 of 2 column names .*'x'"):
        read(tmp_path / "a.parquet")


def test_tables_in_memory_without_rows_or_with_repeated_columns_are_refused(good: pd.DataFrame) -> None:
    with pytest.raises(IngestError, match="no rows"):
        read(good.iloc[:0])
    with pytest.raises(IngestError, match=r"repeats 1 of 10 column names \(first: 'accent'\)"):
        read(pd.concat([good, good[["accent"]]], axis=1))


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(HEADER + b"u1,s,one\n")
    for arguments, message in (
        ({"source": tmp_path / "none.csv"}, r"none\.csv' does not exist"),
        ({"source": tmp_path}, "folder without Kaldi's text and utt2spk"),
        ({"source": tmp_path / "a.csv", "hypotheses": tmp_path / "none.csv"}, r"none\.csv' does not exist"),
        ({"source": tmp_path / "a.csv", "embeddings": tmp_path / "none.npz"}, r"none\.npz' does not exist"),
        ({"source": tmp_path / "a.csv", "recipe": "none"}, r"no recipe 'none': looked for .*data_manifests/none\.toml"),
        ({"source": tmp_path / "a.csv", "layout": "lhotse"}, r"no layout 'lhotse'; there are auto, table, nemo"),
        ({"source": tmp_path / "a.csv", "encoding": "utf-99"}, "no encoding 'utf-99'"),
        ({"source": tmp_path / "a.csv", "bad_rows": "ignore"}, "bad_rows is 'ignore'; it must be 'error' or 'set-aside'"),
        ({"source": tmp_path / "a.csv", "variant": "x"}, "without a recipe"),
        ({"source": tmp_path / "a.csv", "delimiter": "::"}, "not one character"),
    ):
        with pytest.raises(IngestError, match=message):
            read(**arguments)
