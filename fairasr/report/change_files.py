"""A comparison or a fine-tuning job as a folder of files, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from fairasr.core import ChangeReport, Comparison, MitigationResult, comparison_from, mitigation_from
from fairasr.core.atomic import replace_files
from fairasr.core.disparity import CHANGE_COLUMNS, CHANGE_TEXT
from fairasr.core.errors import OutputError
from fairasr.core.mitigation import CURVE_COLUMNS, LEAGUE_COLUMNS
from fairasr.report.export import csv_bytes, json_bytes, parquet_bytes
from fairasr.report.reading import JSON_NAME, read_as

COMPARISON_NAMES = ("report.html", JSON_NAME, "changes.csv", "changes.parquet")
MITIGATION_NAMES = (*COMPARISON_NAMES, "league.csv", "curve.csv")
KEYS = ("set", "before", "after", "rate_name")
"""First columns of changes.csv: "" or the name of a forgetting set, and the two systems."""


def write_comparison(comparison: Comparison, folder: str | Path) -> list[Path]:
    """Write report.html, report.json, changes.csv and changes.parquet, all of them or none; sorted paths written.

    Raises:
        OutputError: the folder cannot be written; what was there still is.
    """
    from fairasr.report.change_page import render_comparison

    contents = {"report.html": render_comparison(comparison).encode(), **_data_files(comparison, comparison.to_json())}
    return _write(contents, folder, owned=COMPARISON_NAMES)


def write_mitigation(result: MitigationResult, folder: str | Path) -> list[Path]:
    """Write the files of a comparison with the job's own page and data, league.csv and curve.csv, all of them or none.

    Raises:
        OutputError: the folder cannot be written; what was there still is.
    """
    from fairasr.report.change_page import render_mitigation

    contents = {
        "report.html": render_mitigation(result).encode(),
        **_data_files(result.comparison, result.to_json()),
        "league.csv": csv_bytes(result.league[list(LEAGUE_COLUMNS)]),
        "curve.csv": csv_bytes(result.curve[list(CURVE_COLUMNS)]),
    }
    return _write(contents, folder, owned=MITIGATION_NAMES)


def read_comparison(folder_or_json: str | Path) -> Comparison:
    """The comparison that `write_comparison` wrote: its folder or its report.json.

    Raises:
        IngestError: there is no such file, it is no JSON, no comparison, of another version, or damaged.
    """
    return read_as(folder_or_json, comparison_from, what="a comparison", remedy="Compare the systems again.")


def read_mitigation(folder_or_json: str | Path) -> MitigationResult:
    """The result that `write_mitigation` wrote: its folder or its report.json.

    Raises:
        IngestError: there is no such file, it is no JSON, no mitigation result, of another version, or damaged.
    """
    return read_as(
        folder_or_json, mitigation_from, what="a mitigation result", remedy="Run the job again: what it trained is kept."
    )


def changes_table(comparison: Comparison) -> pd.DataFrame:
    """Every change of every new system, on the corpus and on the forgetting sets: `KEYS`, then CHANGE_COLUMNS."""
    parts = []
    for system in comparison.systems:
        parts += [_rows(system.change, comparison, name="", description=comparison.descriptions)]
        parts += [_rows(change, comparison, name=name, description={}) for name, change in sorted(system.forgetting.items())]
    table = pd.concat(parts, ignore_index=True)
    text = (*KEYS, *CHANGE_TEXT, "description")
    kinds = {name: "string" if name in text else "Int64" if name.startswith("n_") else "float64" for name in table.columns}
    return table.astype(kinds)


def _rows(change: ChangeReport, comparison: Comparison, *, name: str, description: Mapping[str, str]) -> pd.DataFrame:
    rows = change.changes.reindex(columns=list(CHANGE_COLUMNS))
    # Whatever a suppressed row held, no number of it leaves.
    rows.loc[rows["suppressed"] != "", [column for column in rows.columns if column not in CHANGE_TEXT]] = float("nan")
    rows.insert(1, "description", [description.get(label, "") for label in rows["cohort"]])
    keys = {"set": name, "before": change.before, "after": change.after, "rate_name": comparison.rate_name}
    for position, (key, value) in enumerate(keys.items()):
        rows.insert(position, key, value)
    return rows


def _data_files(comparison: Comparison, data: Mapping[str, Any]) -> dict[str, bytes]:
    table = changes_table(comparison)
    return {JSON_NAME: json_bytes(data), "changes.csv": csv_bytes(table), "changes.parquet": parquet_bytes(table)}


def _write(contents: Mapping[str, bytes], folder: str | Path, *, owned: tuple[str, ...]) -> list[Path]:
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"cannot write results to {str(folder)!r}: it is a file. Give a folder.")

    def former(place: Path) -> Iterator[Path]:
        yield from (Path(name) for name in owned if (place / name).is_file())

    return replace_files(folder, {Path(name): content for name, content in contents.items()}, owned=former)
