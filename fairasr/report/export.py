"""Results as bytes for other programs: JSON, Parquet, CSV. Same result, same bytes."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from fairasr.core import AuditResult
from fairasr.core.disparity import COHORT_COLUMNS
from fairasr.core.estimate import plain
from fairasr.report.numbers import number, records
from fairasr.report.rate_wording import OF_ERRORS, OF_RATES

KEY_COLUMNS = ("system", "method", "rate_name", "basis")
TEXT_COLUMNS = (*KEY_COLUMNS, "cohort", "description", "role", "suppressed")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
LONGEST_NAME = 80


def json_bytes(data: Any) -> bytes:
    """`data` as JSON in UTF-8: keys sorted, missing numbers null, never NaN."""
    return (json.dumps(plain(data), allow_nan=False, sort_keys=True, ensure_ascii=False, indent=1) + "\n").encode()


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """`table` as Parquet, its columns "string", "Int64" or "float64"; missing values null."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"string": pa.string(), "Int64": pa.int64(), "float64": pa.float64()}
    schema = pa.schema([(name, kinds[str(table[name].dtype)]) for name in table.columns])
    columns = [pa.array([None if pd.isna(v) else v for v in table[name]], type=schema.field(name).type) for name in table.columns]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), sink)
    return sink.getvalue()


def csv_bytes(table: pd.DataFrame) -> bytes:
    """`table` as CSV for spreadsheets: text that would run as a formula gets a leading apostrophe, numbers stay numbers."""
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([_csv_cell(value) for value in row] for row in table.itertuples(index=False, name=None))
    return sink.getvalue().encode()


def cohorts_parquet(result: AuditResult) -> bytes:
    """`cohorts_table` as Parquet."""
    return parquet_bytes(cohorts_table(result))


def cohorts_csv(result: AuditResult) -> bytes:
    """`cohorts_table` as CSV."""
    return csv_bytes(cohorts_table(result))


def cohorts_table(result: AuditResult) -> pd.DataFrame:
    """Every cohort of every system x method: system, method, rate_name, basis, then COHORT_COLUMNS; suppressed numbers missing.

    Of another rate than errors, without the columns that only errors have, and n_ref_words by its name, the denominator.
    """
    columns = [*KEY_COLUMNS, *COHORT_COLUMNS]
    rows = pd.DataFrame(_cohort_rows(result), columns=columns)
    for name in columns:
        if name in TEXT_COLUMNS:
            rows[name] = rows[name].astype("string")
        elif name.startswith("n_"):
            rows[name] = rows[name].astype("Int64")
        else:
            rows[name] = rows[name].astype("float64")
    return rows if result.measure is None else rows.drop(columns=list(OF_ERRORS)).rename(columns=OF_RATES)


def rule_names(methods: Iterable[str]) -> dict[str, str]:
    """A file name for each method that every file system takes: letters, digits, "-", "_" and ".", no two alike in any case."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for method in sorted(methods):
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", method)[:LONGEST_NAME].strip("-.") or "rule"
        name, position = stem, 1
        while name.lower() in taken:
            position += 1
            name = f"{stem}-{position}"
        taken.add(name.lower())
        names[method] = f"{name}.json"
    return names


def _cohort_rows(result: AuditResult) -> Iterator[list[Any]]:
    for system in result.systems:
        for method in sorted(system.reports):
            report = system.reports[method]
            for row in records(report.cohorts):
                keys = [system.system, method, report.rate_name, report.cohorts_basis]
                # Whatever a suppressed row held, no number of it leaves.
                is_hidden = bool(row["suppressed"])
                values = [
                    row[name] if name in TEXT_COLUMNS else math.nan if is_hidden else number(row[name]) for name in COHORT_COLUMNS
                ]
                yield [*keys, *values]


def _csv_cell(value: Any) -> Any:
    if pd.isna(value):
        return ""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
