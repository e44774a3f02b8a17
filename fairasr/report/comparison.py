"""The first table of the report: ways of grouping side by side. Also all systems x methods, and one gap in every convention."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from fairasr.core import AuditResult, DisparityReport, Estimate, Gaps
from fairasr.report import numbers
from fairasr.report.headline import is_supported
from fairasr.report.rate_wording import Writing, writing_of
from fairasr.report.table import Cell, Table, columns
from fairasr.report.wording import BASES, STABILITY, clipped, method_in_words, name_in_words

WITHHELD = "sizes withheld: a small group could be computed from them"


def in_order(reports: dict[str, DisparityReport]) -> list[DisparityReport]:
    """Reports of one system, largest honest gap first, not estimable last; the order does not depend on the mapping's."""
    return sorted(reports.values(), key=lambda r: (-_or_least(r.honest.relative_to_top.value), r.method))


def methods_table(result: AuditResult, *, links: Mapping[str, str] | None = None, selected: str = "") -> Table:
    """The focus system's gap under every way of grouping; `links` (method -> address) and the one chosen, where they can be."""
    system = result.system(result.focus)
    reading = writing_of(system).method_words
    return Table(
        caption=f"The {clipped(system.rate_name)} gap of {clipped(system.system)} under every way of grouping its speakers, "
        "largest first. Honest figures, with 95 % intervals.",
        columns=columns(*reading),
        rows=tuple(
            _method_row(report, link=(links or {}).get(report.method, ""), is_current=report.method == selected)
            for report in in_order(dict(system.reports))
        ),
        reading=reading,
        layout="cards",
    )


def _method_row(report: DisparityReport, *, link: str, is_current: bool) -> tuple[Cell, ...]:
    honest, writing = report.honest, writing_of(report)
    because = _reason(honest, writing)
    return (
        Cell(
            text=method_in_words(report.method),
            note=f"on {_basis(honest.basis)}",
            tag="gap shown" if is_supported(report) else "",
            link=link,
            is_current=is_current,
        ),
        *(
            Cell(text=numbers.percent_interval(gap, because=because), muted=not math.isfinite(gap.value))
            for gap in (honest.relative_to_top, honest.relative_to_bottom)
        ),
        _worst_against_all(honest, writing, because=because),
        _bottom_share(honest, writing),
        _optimism(report),
        Cell(
            text=numbers.probability(report.p_value),
            note="" if report.p_value is None else f"Holm {numbers.probability(report.p_adjusted)}",
            muted=report.p_value is None,
        ),
        _stability(report),
    )


def _worst_against_all(honest: Gaps, writing: Writing, *, because: str) -> Cell:
    if not math.isfinite(honest.bottom_rate.value):
        return Cell(text=numbers.not_estimable(because), muted=True)
    rates = f"{writing.rate(honest.bottom_rate.value)} against {writing.rate(honest.overall_rate.value)}"
    return Cell(text=writing.difference_interval(honest.difference_to_overall, because=because), note=rates)


def _bottom_share(honest: Gaps, writing: Writing) -> Cell:
    if not math.isfinite(honest.bottom_share_speakers):
        return Cell(text=WITHHELD, muted=True)
    return Cell(
        text=f"{numbers.percent(honest.bottom_share_speakers)} of speakers",
        note=f"{numbers.percent(honest.bottom_share_words)} of {writing.denominator}; "
        f"{numbers.count(honest.bottom_n_speakers)} speakers",
    )


def _optimism(report: DisparityReport) -> Cell:
    apparent, honest = report.apparent.relative_to_top.value, report.honest.relative_to_top.value
    if not (math.isfinite(apparent) or math.isfinite(honest)):
        return Cell(text=numbers.NOT_ESTIMABLE, muted=True)
    return Cell(
        text=f"{numbers.percent(apparent)} → {numbers.percent(honest)}",
        note=f"optimism {numbers.points(apparent - honest)}" if math.isfinite(apparent - honest) else "",
    )


def _stability(report: DisparityReport) -> Cell:
    if not report.stability:
        return Cell(text="not measured", muted=True)
    lines = [
        f"{STABILITY.get(name, name_in_words(name))} {numbers.coefficient(report.stability[name])}"
        for name in sorted(report.stability)
    ]
    return Cell(text=lines[-1], note="; ".join(lines[:-1]))


def everything_table(result: AuditResult) -> Table:
    """Every system under every way of grouping."""
    writing = writing_of(result.system(result.focus))
    return Table(
        caption="Every system under every way of grouping. Honest figures, with 95 % intervals.",
        columns=columns(
            "System",
            "Way of grouping",
            "All speakers",
            f"{writing.worst.capitalize()} groups",
            f"Gap to {writing.best_served}",
            "p",
            words=("Way of grouping",),
        ),
        rows=tuple(
            (
                Cell(text=clipped(system.system), tag="in focus" if system.system == result.focus else ""),
                Cell(text=method_in_words(report.method)),
                Cell(text=writing.rate(report.honest.overall_rate.value)),
                Cell(text=writing.rate(report.honest.bottom_rate.value)),
                Cell(text=numbers.percent_interval(report.honest.relative_to_top, because=_reason(report.honest, writing))),
                Cell(
                    text=numbers.probability(report.p_value),
                    note="" if report.p_value is None else f"Holm {numbers.probability(report.p_adjusted)}",
                    muted=report.p_value is None,
                ),
            )
            for system in result.systems
            for report in in_order(dict(system.reports))
        ),
    )


def conventions_table(report: DisparityReport) -> Table:
    """One method's gap in every convention, on every set of speakers it was estimated on."""
    writing = writing_of(report)
    worst, best = writing.worst.capitalize(), writing.best.capitalize()
    return Table(
        caption=f"The gap of “{method_in_words(report.method)}” in every convention. "
        f"{worst} and {writing.best}: the groups the discovery speakers rank so.",
        columns=columns(
            "Estimated on",
            worst,
            best,
            "All",
            f"Gap to {writing.best_served}",
            "Gap to the worst served" if writing.is_of_errors else "Gap to the highest",
            "Relative to all",
            f"{worst} minus all",
            f"{worst} minus the rest",
        ),
        rows=tuple(_convention_row(gaps, writing) for gaps in (report.honest, *report.other, report.apparent)),
    )


def _convention_row(gaps: Gaps, writing: Writing) -> tuple[Cell, ...]:
    because = _reason(gaps, writing)

    def cell(written: Callable[..., str], estimate: Estimate) -> Cell:
        return Cell(text=written(estimate, because=because), muted=not math.isfinite(estimate.value))

    is_withheld = not math.isfinite(gaps.bottom_n_speakers)
    bottom, top = numbers.count(gaps.bottom_n_speakers), numbers.count(gaps.top_n_speakers)
    sides = WITHHELD if is_withheld else f"{bottom} {writing.worst}, {top} {writing.best}"
    return (
        Cell(
            text=_basis(gaps.basis),
            note=f"{numbers.count(gaps.n_speakers)} speakers: {sides}",
        ),
        *(cell(writing.rate_interval, e) for e in (gaps.bottom_rate, gaps.top_rate, gaps.overall_rate)),
        *(cell(numbers.percent_interval, e) for e in (gaps.relative_to_top, gaps.relative_to_bottom, gaps.relative_to_overall)),
        *(cell(writing.difference_interval, e) for e in (gaps.difference_to_overall, gaps.difference_to_rest)),
    )


def _basis(basis: str) -> str:
    return BASES.get(basis, basis)


def _reason(gaps: Gaps, writing: Writing) -> str:
    """Why a gap has no number."""
    if gaps.bottom_n_speakers == 0:
        return f"no speaker in the {writing.worst} groups"
    if gaps.top_n_speakers == 0:
        return f"no speaker in the {writing.best} groups"
    if gaps.top_rate.value == 0:
        return "the best groups have no errors" if writing.is_of_errors else "the rate of the lowest groups is 0"
    return "too few speakers"


def _or_least(value: float) -> float:
    return value if math.isfinite(value) else -math.inf
