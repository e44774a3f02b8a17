"""CSV and TSV: every cell is text, every row as long as the header."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pandas as pd

from fairasr.core.errors import IngestError
from fairasr.ingest.text_file import read_text
from fairasr.ingest.text_table import text_table

DELIMITERS = (",", ";", "\t", "|")
Quoting = Literal[0, 3]
UNQUOTED: Quoting = 3
QUOTED: Quoting = 0
"""csv.QUOTE_NONE and csv.QUOTE_MINIMAL, whose types are plain int."""


def read_delimited(
    path: Path, *, encoding: str = "utf-8", delimiter: str | None = None, quoted: bool | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """Table of text and what was assumed, in sentences.

    An empty cell is "": a text file cannot tell a missing value from an empty one. `NA`, `null` and `00501` stay as written.
    Line ends may be mixed. Blank lines are skipped. Columns without a name are left out.

    Args:
        path: the file; its first row names the columns.
        encoding: as Python names it.
        delimiter: one character; None: a tab for .tsv and .tab, otherwise the first of , ; tab | that the header has.
        quoted: whether a field may stand in double quotes. None: yes, but a tab-separated file in which that fails is read
            without, because transcripts begin with quotes and many tools write TSV as it is.

    Raises:
        IngestError: ragged rows, broken quotes, repeated column names, or a header and no rows.
    """
    text = read_text(path, encoding=encoding)
    header_line = text.lstrip("\r\n").splitlines()[0]
    if delimiter is None:
        candidates = ("\t",) if path.suffix.lower() in (".tsv", ".tab") else DELIMITERS
        delimiter = next((candidate for candidate in candidates if candidate in header_line), candidates[0])
    if len(delimiter) != 1:
        raise IngestError(f"delimiter {delimiter!r} is not one character. Pass one, such as ',' or ';'.")
    notes = [] if delimiter == "," or path.suffix.lower() in (".tsv", ".tab") else [f"'{path.name}' was split at {delimiter!r}."]
    if quoted is None and delimiter == "\t":
        try:
            return _parse(path.name, text, delimiter, QUOTED, notes)
        except IngestError:
            table, notes = _parse(path.name, text, delimiter, UNQUOTED, notes)
            return table, [*notes, f"'{path.name}' was read without quoting: its quotes are part of the text."]
    return _parse(path.name, text, delimiter, UNQUOTED if quoted is False else QUOTED, notes)


def _parse(name: str, text: str, delimiter: str, quoting: Quoting, notes: list[str]) -> tuple[pd.DataFrame, list[str]]:
    with _long_fields():
        rows = _rows(name, text, delimiter, quoting)
    header = [column.strip() for column in rows[0][1]]
    _check_header(name, header)
    body = rows[1:]
    ragged = [(line, len(row)) for line, row in body if len(row) != len(header)]
    if ragged:
        line, found = ragged[0]
        raise IngestError(
            f"'{name}': {len(ragged):,} of {len(body):,} rows do not have the header's {len(header)} fields (first: the row "
            f"ending in line {line:,} has {found}). Quote fields that contain {delimiter!r}, or name the delimiter with delimiter=."
        )
    if not body:
        raise IngestError(f"'{name}' has a header and no rows: there is nothing to audit. Give one row per utterance.")
    columns = dict(zip(header, zip(*(row for _, row in body), strict=True), strict=True))
    if "" in columns:
        notes = [*notes, f"'{name}': a column without a name was left out."]
    return text_table({column: values for column, values in columns.items() if column}), notes


def _rows(name: str, text: str, delimiter: str, quoting: Quoting) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
    try:
        return [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise IngestError(
            f"'{name}' line {reader.line_num:,} cannot be read: {error}. A quote inside a quoted field is written twice; a file "
            "that does not quote can be given as tab-separated .tsv."
        ) from error


def _check_header(name: str, header: list[str]) -> None:
    repeated = sorted({column for column in header if column and header.count(column) > 1})
    if repeated:
        first = repeated[0]
        raise IngestError(
            f"'{name}': {len(repeated)} of {len(set(header))} column names appear more than once (first: {first!r}, "
            f"{header.count(first)} times). Rename or remove the copies."
        )


@contextmanager
def _long_fields() -> Iterator[None]:
    """Lift the csv module's limit of 131,072 characters per field; the limit is the process's, so it is put back."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)
