"""One new system against the one before, cohort by cohort: harmed ones first, then those that are open, then the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fairasr.core import ChangeReport, Comparison, Estimate, SystemChange, Verdict
from fairasr.core.disparity import ALL, OTHER, SMALL_TOGETHER, TARGET, TARGET_TOGETHER
from fairasr.report import numbers
from fairasr.report.change_drawings import ChangeAxis, change_axis, change_axis_drawing, change_drawing
from fairasr.report.change_wording import CHANGE_READING, ROLE_WORDS
from fairasr.report.table import Cell, Column, Table, columns
from fairasr.report.wording import clipped, group_in_words, suppression_in_words

SUMMARY = (ALL, TARGET_TOGETHER, TARGET)
"""Roles of the rows that stand first, whichever way they go."""

ORDER = ("harmed", "open", "no loss", "gains")
"""Standings of a group: the words that mark it, each with a sign of its own from the style sheet."""

WAYS = {"harmed": "worse", "gains": "better", "open": ""}
"""Words for a change that is judged by nobody: which way its interval lies."""


@dataclass(frozen=True, kw_only=True)
class ChangeTables:
    """The cohorts of one new system.

    Attributes:
        shown: everyone and the target, then the other cohorts in the order harmed, open, no loss, gains.
        withheld: cohorts whose numbers may not be shown; None for none.
    """

    shown: Table
    withheld: Table | None


def change_tables(
    system: SystemChange, *, comparison: Comparison, links: Mapping[str, str] | None = None, selected: str = ""
) -> ChangeTables:
    """The tables of `system.change`, forgetting sets among the rows.

    Args:
        system: the new one.
        comparison: that it is of.
        links: label of a cohort -> address that its row leads to.
        selected: label of the cohort whose row is marked as chosen.
    """
    rows = numbers.records(system.change.changes)
    shown = [row for row in rows if not row["suppressed"]]
    withheld = [row for row in rows if row["suppressed"]]
    sets = [
        {**row, "cohort": name, "role": "forgetting"}
        for name, change in sorted(system.forgetting.items())
        for row in numbers.records(change.changes)
        if row["role"] == ALL
    ]
    axis = change_axis([_relative(row) for row in [*shown, *sets]], margin=system.change.margin)
    summary = sorted((row for row in shown if row["role"] in SUMMARY), key=lambda row: SUMMARY.index(row["role"]))
    groups = [row for row in [*shown, *sets] if row["role"] not in SUMMARY]
    groups.sort(key=lambda row: (ORDER.index(standing(row, system.verdict)), -numbers.number(row["relative_change"])))
    name = f"{clipped(comparison.before)} → {clipped(system.after)}"
    table = Table(
        caption=f"{name}: relative change of the {comparison.rate_name}, groups that lose first.",
        columns=tuple(
            Column(heading="Relative change (%)", drawing=change_axis_drawing(axis), numeric=False)
            if heading == "Relative change (%)"
            else Column(heading=heading, numeric=heading != "Group")
            for heading in CHANGE_READING
        ),
        rows=tuple(
            _leading(
                _row(row, axis=axis, verdict=system.verdict, descriptions=comparison.descriptions),
                row,
                links=links or {},
                selected=selected,
            )
            for row in [*summary, *groups]
        ),
        reading=CHANGE_READING,
        layout="aligned",
    )
    return ChangeTables(
        shown=table,
        withheld=_withheld(withheld, name=name, comparison=comparison) if withheld else None,
    )


def between_table(change: ChangeReport, *, descriptions: Mapping[str, str]) -> Table:
    """A later new system against the first one."""
    rows = [row for row in numbers.records(change.changes) if not row["suppressed"]]
    axis = change_axis([_relative(row) for row in rows], margin=change.margin)
    return Table(
        caption=f"{clipped(change.before)} → {clipped(change.after)}: relative change of the {change.rate_name}.",
        columns=tuple(
            Column(heading=heading, drawing=change_axis_drawing(axis) if "Relative" in heading else "", numeric=position > 1)
            for position, heading in enumerate(CHANGE_READING)
        ),
        rows=tuple(_row(row, axis=axis, verdict=None, descriptions=descriptions) for row in rows),
        layout="aligned",
    )


def standing(row: Mapping[str, Any], verdict: Verdict) -> str:
    """Where a group stands: "harmed", "open", "no loss" or "gains"; of the target and of everyone, which way they go."""
    if row["role"] in (TARGET, TARGET_TOGETHER, ALL):
        return _direction(row)
    if row["cohort"] in verdict.harmed:
        return "harmed"
    if row["cohort"] in verdict.unsettled:
        return "open"
    return "gains" if _direction(row) == "gains" else "no loss"


def _direction(row: Mapping[str, Any]) -> str:
    change = numbers.estimate_of(row, "change")
    if not change.is_known:
        return "open"
    return "gains" if change.hi < 0 else "harmed" if change.lo > 0 else "open"


def _relative(row: Mapping[str, Any]) -> Estimate:
    return numbers.estimate_of(row, "relative_change")


def _row(row: Mapping[str, Any], *, axis: ChangeAxis, verdict: Verdict | None, descriptions: Mapping[str, str]) -> tuple[Cell, ...]:
    mark = WAYS[_direction(row)] if verdict is None else standing(row, verdict)
    title, label = group_in_words(label=row["cohort"], description=descriptions.get(row["cohort"], ""))
    words = ROLE_WORDS.get(row["role"], "")
    if row["role"] in (ALL, SMALL_TOGETHER, TARGET_TOGETHER):
        title, label = words, ""
    elif words:
        label = f"{words} · {label}" if label else words
    relative = _relative(row)
    return (
        Cell(text=title, note=label, tag=mark),
        Cell(
            text=relative_in_words(relative),
            drawing=change_drawing(relative, axis=axis, mark=mark),
            muted=not math.isfinite(relative.value),
        ),
        Cell(text=f"{numbers.rate(row['rate_before'])} → {numbers.rate(row['rate_after'])}"),
        Cell(text=numbers.points_interval(numbers.estimate_of(row, "change"))),
        Cell(text=numbers.count(row["n_speakers"])),
        Cell(text=numbers.probability(row["p_value"])),
    )


def _leading(cells: tuple[Cell, ...], row: Mapping[str, Any], *, links: Mapping[str, str], selected: str) -> tuple[Cell, ...]:
    """The cells of a row, the first leading where its cohort's link does; a sum over cohorts or a set may bear a cohort's name."""
    if row["role"] not in (TARGET, OTHER):
        return cells
    is_current = bool(selected) and row["cohort"] == selected
    return (replace(cells[0], link=links.get(row["cohort"], ""), is_current=is_current), *cells[1:])


def relative_in_words(relative: Estimate) -> str:
    """A relative change with its sign and interval: "+47.9 % [+35.3, +62.3]"."""
    if not math.isfinite(relative.value):
        return numbers.not_estimable("no errors before")
    value = f"{numbers.decimal(100 * relative.value, signed=True)}{numbers.SPACE}%"
    return f"{value} {numbers.brackets(relative, signed=True)}"


def _withheld(rows: list[dict[str, Any]], *, name: str, comparison: Comparison) -> Table:
    titled = [
        (row, *group_in_words(label=row["cohort"], description=comparison.descriptions.get(row["cohort"], ""))) for row in rows
    ]
    return Table(
        caption=f"{name}: groups whose numbers are withheld to protect their speakers; they are judged together.",
        columns=columns("Group", "Why", words=("Why",)),
        rows=tuple(
            (
                Cell(text=title, note=label, tag="target" if row["role"] == TARGET else ""),
                Cell(text=suppression_in_words(row["suppressed"], min_speakers=comparison.min_speakers)),
            )
            for row, title, label in titled
        ),
    )
