"""The partitions that one method tried, side by side, in whatever columns the method gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from fairasr.core import DisparityReport
from fairasr.report import numbers
from fairasr.report.rate_wording import Writing, writing_of
from fairasr.report.table import Cell, Table, columns
from fairasr.report.wording import clipped, name_in_words, suppression_in_words

IN_THE_FIRST_CELL = ("partition", "description", "suppressed")
FIRST = ("relative_to_top", "apparent_relative_to_top", "bottom_rate", "rest_rate", "bottom_n_speakers", "n_speakers")
LAST = ("p_value", "p_holm", "p_bh")
RATE_HEADINGS = {
    "relative_to_top": "gap to the lowest",
    "relative_to_bottom": "gap to the highest",
    "difference_to_overall": "highest against all",
    "difference_to_rest": "highest against the rest",
    "bottom_rate": "higher side",
    "bottom_n_speakers": "speakers on the higher side",
}
"""What columns are called of a rate of which more is not worse."""


def partitions_table(report: DisparityReport, *, min_speakers: int | None) -> Table | None:
    """One row per partition, in the report's order; None where the method tried no other.

    `x`, `x_lo` and `x_hi` become one column; the kind of number is read off its name; known columns come first.
    """
    partitions = report.partitions
    if partitions is None or partitions.empty:
        return None
    given = {name for name in partitions.columns if not name.endswith(("_lo", "_hi")) and name not in IN_THE_FIRST_CELL}
    order = [name for name in FIRST if name in given]
    order += sorted(given - set(FIRST) - set(LAST))
    order += [name for name in LAST if name in given]
    writing = writing_of(report)
    side = "worse" if writing.is_of_errors else "higher"
    return Table(
        caption=f"The best division that “{clipped(report.method)}” found by each attribute: {side} side against the rest, on the "
        "judging speakers.",
        columns=columns("Division", *(_heading(name, writing) for name in order)),
        rows=tuple(_row(row, order, writing, min_speakers=min_speakers) for row in numbers.records(partitions)),
    )


def _row(row: Mapping[str, Any], order: list[str], writing: Writing, *, min_speakers: int | None) -> tuple[Cell, ...]:
    suppressed = row.get("suppressed") or ""
    name = str(row.get("partition", ""))
    description = str(row.get("description") or name)
    reason = suppression_in_words(suppressed, min_speakers=min_speakers) if suppressed else ""
    first = Cell(text=clipped(description), note=clipped(name) if name != description else "", tag=reason)
    return first, *(Cell(text="–", muted=True) if suppressed else _cell(row, column, writing) for column in order)


def _heading(name: str, writing: Writing) -> str:
    words = name_in_words(name)
    if not writing.is_of_errors:
        words = RATE_HEADINGS.get(name, words)
    return words if name.startswith("p_") else words[:1].upper() + words[1:]


def _cell(row: Mapping[str, Any], name: str, writing: Writing) -> Cell:
    value = row[name]
    if isinstance(value, (str, list, tuple)):
        return Cell(text=clipped(value if isinstance(value, str) else ", ".join(map(str, value))))
    if value is None or pd.isna(value):
        return Cell(text=numbers.NOT_RUN if name.startswith("p_") else numbers.NOT_ESTIMABLE, muted=True)
    if isinstance(value, bool):
        return Cell(text="yes" if value else "no")
    if name.startswith("p_"):
        return Cell(text=numbers.probability(value))
    if name.startswith("n_") or "_n_" in name:
        return Cell(text=numbers.count(value))
    estimate = numbers.estimate_of(row, name)
    has_interval = f"{name}_lo" in row
    if "difference" in name:
        return Cell(text=writing.difference_interval(estimate) if has_interval else writing.difference(value))
    if name.endswith("_rate"):
        return Cell(text=writing.rate_interval(estimate) if has_interval else writing.rate(value))
    if any(part in name for part in ("relative", "rate", "share")):
        return Cell(text=numbers.percent_interval(estimate) if has_interval else numbers.percent(value))
    return Cell(text=f"{value:,}" if isinstance(value, int) else f"{value:,.3g}")
