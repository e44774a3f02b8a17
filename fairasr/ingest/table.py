"""Any table as a table of text: CSV, TSV, JSONL, Parquet, or a pandas DataFrame."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fairasr.core.errors import IngestError
from fairasr.ingest.delimited import read_delimited
from fairasr.ingest.json_lines import read_json_lines
from fairasr.ingest.parquet import read_parquet
from fairasr.ingest.text_table import as_text_table

DELIMITED = (".csv", ".tsv", ".tab", ".txt")
JSON_LINES = (".jsonl", ".ndjson", ".json")
PARQUET = (".parquet", ".pq")


def read_table(
    source: Path | pd.DataFrame, *, encoding: str = "utf-8", delimiter: str | None = None, quoted: bool | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """Table of text, and what was assumed in reading it, in sentences.

    Raises:
        IngestError: the file cannot be read, or its name ends in nothing we know.
    """
    if isinstance(source, pd.DataFrame):
        return _from_memory(source), []
    suffix = source.suffix.lower()
    if not source.exists():
        raise IngestError(f"'{source}' does not exist. Check the path.")
    if suffix in DELIMITED:
        return read_delimited(source, encoding=encoding, delimiter=delimiter, quoted=quoted)
    if suffix in JSON_LINES:
        return read_json_lines(source, encoding=encoding), []
    if suffix in PARQUET:
        return read_parquet(source), []
    known = ", ".join((*DELIMITED, *JSON_LINES, *PARQUET))
    raise IngestError(
        f"'{source.name}' is no table we can read: its name ends in {suffix!r}, not in one of {known}. Save it as one of these."
    )


def _from_memory(frame: pd.DataFrame) -> pd.DataFrame:
    names = [str(name) for name in frame.columns]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise IngestError(
            f"the DataFrame repeats {len(repeated)} of {len(names)} column names (first: {repeated[0]!r}). Rename the copies."
        )
    if frame.empty:
        raise IngestError("the DataFrame has no rows: there is nothing to audit. Give one row per utterance.")
    return as_text_table(frame)
