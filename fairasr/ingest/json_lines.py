"""JSON, one object a line (or one array of objects): a key that is absent or null is a missing value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from fairasr.core.errors import IngestError
from fairasr.ingest.text_file import read_text
from fairasr.ingest.text_table import as_text_table


def read_json_lines(path: Path, *, encoding: str = "utf-8") -> pd.DataFrame:
    """Table of text, columns in order of first appearance.

    Raises:
        IngestError: lines that are not JSON objects, or that repeat a key: how many, and the first.
    """
    text = read_text(path, encoding=encoding)
    records = _array(path.name, text) if text.lstrip().startswith("[") else _lines(path.name, text)
    if not records:
        raise IngestError(f"'{path.name}' has no objects: there is nothing to audit. Give one object per utterance.")
    names = list(dict.fromkeys(name for record in records for name in record))
    frame = pd.DataFrame({name: pd.Series([record.get(name) for record in records], dtype=object) for name in names})
    return as_text_table(frame)


def _lines(name: str, text: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    broken: list[tuple[int, str]] = []
    # Not splitlines(): U+2028 and other Unicode line ends may stand inside a JSON string.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line, object_pairs_hook=_unique)
        except ValueError as error:
            broken.append((number, str(error)))
            continue
        if isinstance(record, dict):
            records.append(record)
        else:
            broken.append((number, f"it is a {type(record).__name__}, not an object"))
    if broken:
        number, why = broken[0]
        raise IngestError(
            f"'{name}': {len(broken):,} of {len(broken) + len(records):,} lines are not one JSON object (first: line "
            f"{number:,}: {why}). Mend or remove them."
        )
    return records


def _array(name: str, text: str) -> list[dict[str, Any]]:
    try:
        records = json.loads(text, object_pairs_hook=_unique)
    except ValueError as error:
        raise IngestError(
            f"'{name}' starts like a JSON array and is not one: {error}. Write one object per line instead."
        ) from error
    wrong = [position for position, record in enumerate(records) if not isinstance(record, dict)]
    if wrong:
        raise IngestError(
            f"'{name}': {len(wrong):,} of {len(records):,} elements are not objects (first: element {wrong[0]}). Mend or remove "
            "them."
        )
    return list(records)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} appears more than once")
    return record
