"""All results side by side: the worst-served groups against everybody, result after result, before and after."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairasr.core import UNDEFINED, AuditResult, Comparison, Estimate, MitigationResult, SystemChange
from fairasr.dashboard.results import Entry
from fairasr.report import numbers
from fairasr.report.change_headline import system_of
from fairasr.report.change_overview import overall_row, target_row
from fairasr.report.comparison import in_order
from fairasr.report.drawings import axis_drawing, axis_of, interval_drawing
from fairasr.report.headline import supported_report, worst_in_words
from fairasr.report.table import Cell, Column, Table
from fairasr.report.wording import clipped, group_in_words, method_in_words

NO_TARGET = "no group was to gain more than others"
MOST_NAMED = 2
LEAST_ROWS = 2
"""One row is no trend."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One system in one result.

    Attributes:
        entry: the result.
        system: name.
        when: "", "before" or "after".
        who: the worst-served or target groups, in words.
        worst, overall: their rate and everybody's.
        gap: between the two; without an interval where the result has none.
        rate_name: "WER" or "CER".
    """

    entry: Entry
    system: str
    when: str
    who: str
    worst: Estimate
    overall: Estimate
    gap: Estimate
    rate_name: str


def trend_table(rows: Sequence[Row]) -> Table | None:
    """The rows of every result on one axis; None where there are fewer than two.

    Rates of unlike corpora stand side by side here: the caption says so.
    """
    if len(rows) < LEAST_ROWS:
        return None
    axis = axis_of([estimate for row in rows for estimate in (row.worst, row.overall)])
    return Table(
        caption="Every result, in the order of their names. The dot is the rate of the worst-served groups with its 95 % interval, "
        "the dashed line that of all speakers. Rates compare only where the corpus is the same.",
        columns=(
            Column(heading="Result", numeric=False),
            Column(heading="System", numeric=False),
            Column(heading="Worst-served groups (%)", drawing=axis_drawing(axis), numeric=False),
            Column(heading="All speakers"),
            Column(heading="Between them"),
            Column(heading="Who they are", numeric=False),
        ),
        rows=tuple(
            (
                Cell(text=row.entry.place, note=clipped(row.entry.subtitle), link=row.entry.link),
                Cell(text=clipped(row.system), tag=row.when),
                Cell(
                    text=numbers.percent_interval(row.worst),
                    drawing=interval_drawing(row.worst, overall=row.overall.value, axis=axis),
                    muted=not math.isfinite(row.worst.value),
                ),
                Cell(text=numbers.percent(row.overall.value), note=row.rate_name),
                _between(row.gap),
                Cell(text=row.who or NO_TARGET, muted=not row.who),
            )
            for row in rows
        ),
        layout="cards",
    )


def _between(gap: Estimate) -> Cell:
    if not math.isfinite(gap.value):
        return Cell(text=numbers.NOT_ESTIMABLE, muted=True)
    return Cell(text=numbers.points_interval(gap) if gap.is_known else numbers.points(gap.value))


def trend_rows(entry: Entry) -> Iterator[Row]:
    """One row per system of a result; two, before and after, where it compares. None of a rate that is not of errors: no axis
    holds both."""
    match entry.result:
        case AuditResult() if entry.result.measure is None:
            yield from _of_audit(entry, entry.result)
        case Comparison():
            for system in entry.result.systems:
                yield from _of_change(entry, entry.result, system)
        case MitigationResult():
            comparison = entry.result.comparison
            names = [entry.result.recommended, *entry.result.league["method"]]
            first = next((found for name in names if (found := system_of(comparison, str(name)))), None)
            if first is not None:
                yield from _of_change(entry, comparison, first)


def _of_audit(entry: Entry, result: AuditResult) -> Iterator[Row]:
    for system in result.systems:
        report = supported_report(system) or next(iter(in_order(dict(system.reports))), None)
        yield Row(
            entry=entry,
            system=system.system,
            when="",
            who="" if report is None else worst_in_words(report) or method_in_words(report.method),
            worst=UNDEFINED if report is None else report.honest.bottom_rate,
            overall=system.overall if report is None else report.honest.overall_rate,
            gap=UNDEFINED if report is None else report.honest.difference_to_overall,
            rate_name=system.rate_name,
        )


def _of_change(entry: Entry, comparison: Comparison, system: SystemChange) -> Iterator[Row]:
    target, overall = target_row(system), overall_row(system)
    named = [] if target is None else list(comparison.target[:MOST_NAMED])
    words = [group_in_words(label=label, description=comparison.descriptions.get(label, ""))[0] for label in named]
    for end, name in (("before", comparison.before), ("after", system.after)):
        worst = UNDEFINED if target is None else numbers.estimate_of(target, f"rate_{end}")
        everyone = numbers.estimate_of(overall, f"rate_{end}")
        yield Row(
            entry=entry,
            system=name,
            when=end,
            who="; ".join(map(clipped, words)),
            worst=worst,
            overall=everyone,
            gap=Estimate(value=worst.value - everyone.value, lo=math.nan, hi=math.nan),
            rate_name=comparison.rate_name,
        )
