"""Tables that verbs write: counts of every utterance, who is in which cohort. All of a file or nothing."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from fairasr.core import Counts, Partition
from fairasr.core.atomic import write_file
from fairasr.report.export import FORMULA_STARTS

TABLES = (".parquet", ".csv")


def counts_table(counts: Sequence[Counts]) -> pd.DataFrame:
    """One row per system x utterance: system, speaker_id, utterance_id, normaliser and the counts."""
    parts = []
    for of_system in counts:
        table = of_system.table.rename(columns={"cell": "utterance_id"})
        table.insert(0, "system", of_system.system)
        table.insert(3, "normaliser", of_system.normaliser)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def cohorts_of_speakers(partitions: Mapping[str, Partition]) -> pd.DataFrame:
    """One row per method x speaker: method, speaker_id, cohort, description ("" for speakers no rule places)."""
    columns: dict[str, list[str]] = {"method": [], "speaker_id": [], "cohort": [], "description": []}
    for method, partition in partitions.items():
        columns["method"] += [method] * len(partition.labels)
        columns["speaker_id"] += list(partition.labels.index)
        columns["cohort"] += list(partition.labels)
        columns["description"] += [partition.descriptions.get(label, "") for label in partition.labels]
    return pd.DataFrame(columns, dtype=object)


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Write `table` as Parquet, or as CSV for spreadsheets: text that would run as a formula gets a leading apostrophe.

    Raises:
        OutputError: it cannot be written; what was there before still is.
    """
    is_csv = path.suffix == ".csv"
    return write_file(
        path, _without_formulas(table).to_csv(index=False, lineterminator="\r\n").encode() if is_csv else parquet_bytes(table)
    )


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """`table` as Parquet, without its index."""
    sink = io.BytesIO()
    table.to_parquet(sink, index=False)
    return sink.getvalue()


def _without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    return table.map(lambda value: f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value)
