"""The one sentence a manager reads: the largest gap that is shown, or that none is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fairasr.core import AuditResult, DisparityReport, Estimate, Gaps, SystemResult
from fairasr.report import numbers
from fairasr.report.rate_wording import Writing, writing_of
from fairasr.report.wording import clipped, group_in_words, method_in_words, unit_in_words

ALPHA = 0.05
MOST_NAMES = 2


@dataclass(frozen=True, kw_only=True)
class Headline:
    """What was found, in words.

    Attributes:
        shown: whether a gap is claimed.
        lead: what comes before the group; it says whether the figures are of these groups or, cross-fitted, of the speakers that
            such groups rank worst.
        group: who is worst served; "" where nothing is claimed. Text of the user's data: to be escaped and set apart.
        sentence: what is said of the group, or the whole finding where nothing is claimed.
        detail: how sure that is and where it comes from.
    """

    shown: bool
    lead: str = ""
    group: str = ""
    sentence: str
    detail: str


def headline(result: AuditResult) -> Headline:
    """The finding for the focus system: of the gaps that interval and p support, the one with the largest lower bound."""
    system = result.system(result.focus)
    reports = list(system.reports.values())
    if not reports:
        return Headline(
            shown=False,
            sentence="No way of grouping the speakers could be run, so this report says nothing about gaps.",
            detail="The reasons are listed under “What could not be run”.",
        )
    report = supported_report(system)
    return _nothing_shown(system, reports) if report is None else _gap_shown(report, n_methods=len(reports))


def supported_report(system: SystemResult) -> DisparityReport | None:
    """Of the gaps that interval and p support, the one with the largest lower bound; None where none is shown."""
    supported = [report for report in system.reports.values() if is_supported(report)]
    return max(supported, key=lambda report: (_claim(report).lo, report.method), default=None)


def is_supported(report: DisparityReport) -> bool:
    """Whether the honest gap is shown: its interval lies above 0, and p (Holm where there is one) is below 0.05.

    Of errors it is the gap of the worst groups to all speakers. Of another rate nobody has said which side is worse: it is the gap
    between the highest and the lowest groups. Where no permutations were run the interval alone decides. A gap on the speakers the
    groups were found on never counts.
    """
    return _is_shown_at(report, report.p_value if report.p_adjusted is None else report.p_adjusted)


def verdict_in_words(report: DisparityReport) -> str:
    """Whether a gap is shown, or would be were this the only way of grouping tried."""
    if is_supported(report):
        return "A gap is shown."
    if _is_shown_at(report, report.p_value):
        return "A gap shows here, but not after correction for all the ways of grouping tried: look again with more speakers."
    return "No gap is shown."


def estimate_in_words(report: DisparityReport) -> str:
    """The honest gap with its test, and on whom: under cross-fitting the figure is of the procedure, not of the groups named."""
    tested = numbers.p_equals(report.p_value)
    tested += "" if report.p_adjusted is None else f", after correction {numbers.p_equals(report.p_adjusted)}"
    tested += f", {numbers.count(report.n_permutations)} permutations" if report.n_permutations else ""
    gap = numbers.percent_interval(report.honest.relative_to_top)
    writing = writing_of(report)
    if report.honest.basis != "cross-fit":
        return f"On the speakers that judge it, the gap to {writing.best_served} is {gap} ({tested})."
    found = "ranked" if report.cohorts_basis == "everyone" else "found"
    of_halves = "".join(
        f" Of the groups below as {found} on one half of the speakers, the gap on the other half is "
        f"{numbers.percent_interval(half.relative_to_top)}."
        for half in report.other
        if half.basis == "confirmation"
    )
    return (
        f"With every speaker judged by cohorts {found} without them, the gap between those ranked {writing.worst} "
        f"and {writing.best} is {gap} ({tested})."
        f"{of_halves}"
    )


def _claim(report: DisparityReport) -> Estimate:
    """The gap that is claimed; nothing is a multiple of a lowest rate of 0, so the highest groups are then set against all."""
    gap = report.honest
    is_of_ends = report.measure is not None and math.isfinite(gap.relative_to_top.value)
    return gap.relative_to_top if is_of_ends else gap.difference_to_overall


def _is_shown_at(report: DisparityReport, probability: float | None) -> bool:
    low = _claim(report).lo
    is_significant = report.n_permutations == 0 if probability is None else probability < ALPHA
    return report.honest.basis != "apparent" and math.isfinite(low) and low > 0 and is_significant


def worst_in_words(report: DisparityReport) -> str:
    """Who is in the bottom cohorts: up to two descriptions, then how many more; "" where none could be ranked."""
    known = report.by_cohort["description"].to_dict()
    if not report.honest.bottom:
        return ""
    names = [group_in_words(label=label, description=known.get(label, ""))[0] for label in report.honest.bottom]
    more = len(names) - MOST_NAMES
    tail = f"; and {more} more {'group' if more == 1 else 'groups'}" if more > 0 else ""
    return clipped("; ".join(names[:MOST_NAMES])) + tail


def _gap_shown(report: DisparityReport, *, n_methods: int) -> Headline:
    gap = report.honest
    certainty = (
        "No permutation test was run: the interval alone supports this."
        if report.p_value is None
        else f"{numbers.p_equals(report.p_value)}."
        if report.p_adjusted is None
        else f"{numbers.p_equals(report.p_adjusted)} after correction for {_ways(n_methods)}."
    )
    return Headline(
        shown=True,
        lead=_lead(report),
        group=worst_in_words(report),
        sentence=_errors_in_a_sentence(report) if report.measure is None else _rate_in_a_sentence(gap, writing_of(report)),
        detail=f"{_part_of(gap)}{numbers.count(gap.n_speakers)} speakers, grouped by "
        f"“{method_in_words(report.method)}”. In brackets the 95 % interval. {certainty}{_whose_figures(report)}",
    )


def _whose_figures(report: DisparityReport) -> str:
    """Cross-fitted rates may lie between those of the groups in the table, which a reader would take for a mistake."""
    if report.honest.basis != "cross-fit" or _is_of_the_groups_named(report):
        return ""
    return " Everyone is judged by a ranking made without them, so these need not be the rates of any group below."


def _errors_in_a_sentence(report: DisparityReport) -> str:
    gap, (errors, unit) = report.honest, unit_in_words(report.rate_name)
    difference = gap.difference_to_overall
    worst, overall = numbers.per_hundred(gap.bottom_rate.value), numbers.per_hundred(gap.overall_rate.value)
    interval = f"[{numbers.per_hundred(difference.lo)}, {numbers.per_hundred(difference.hi)}]"
    return (
        f"{worst} {errors} per {unit}, against {overall} overall: "
        f"a gap of {numbers.per_hundred(difference.value)} per {unit} {interval}."
    )


def _rate_in_a_sentence(gap: Gaps, writing: Writing) -> str:
    size = (
        f"highest above lowest by {numbers.percent_interval(gap.relative_to_top)}"
        if math.isfinite(gap.relative_to_top.value)
        else f"highest above all by {writing.difference_interval(gap.difference_to_overall)}"
    )
    lowest = "among those ranked lowest" if gap.basis == "cross-fit" else "in the lowest"
    return (
        f"{writing.rate(gap.bottom_rate.value)}, against {writing.rate(gap.top_rate.value)} {lowest} and "
        f"{writing.rate(gap.overall_rate.value)} overall: {size}."
    )


def _part_of(gap: Gaps) -> str:
    return f"{numbers.count(gap.bottom_n_speakers)} of " if math.isfinite(gap.bottom_n_speakers) else "Some of "


def _lead(report: DisparityReport) -> str:
    writing, is_plural = writing_of(report), len(report.honest.bottom) > 1
    if report.honest.basis == "cross-fit":
        ranked = writing.worst if writing.is_of_errors else f"{writing.worst} in {writing.words}"
        by = f"ranked {ranked} by “{method_in_words(report.method)}”"
        if _is_of_the_groups_named(report):
            return f"The {'groups' if is_plural else 'group'} {by} {'are' if is_plural else 'is'}"
        return f"The speakers {by}" + (", such as" if report.honest.bottom else "")
    if writing.is_of_errors:
        return "The worst-served groups found are" if is_plural else "The worst-served group found is"
    return f"The {'groups' if is_plural else 'group'} with the highest {writing.words} found {'are' if is_plural else 'is'}"


def _is_of_the_groups_named(report: DisparityReport) -> bool:
    """Whether a cross-fitted gap is of the groups named and no others: every fold ranked these, so speakers and rate are theirs."""
    gap = report.honest
    if report.cohorts_basis != "everyone" or not gap.bottom:
        return False
    named = report.by_cohort.reindex(list(gap.bottom))
    rate = (named["rate"] * named["n_ref_words"]).sum(skipna=False) / named["n_ref_words"].sum(skipna=False)
    is_as_many = bool(named["n_speakers"].sum(skipna=False) == gap.bottom_n_speakers)
    return is_as_many and math.isclose(rate, gap.bottom_rate.value)


def _nothing_shown(system: SystemResult, reports: list[DisparityReport]) -> Headline:
    writing = writing_of(system)
    gaps = [report.honest for report in reports]
    open_gaps = [gap.difference_to_overall if writing.is_of_errors else gap.relative_to_top for gap in gaps]
    upper = max((gap.hi for gap in open_gaps if math.isfinite(gap.hi)), default=None)
    n_speakers = max(gap.n_speakers for gap in gaps)
    open_question = "" if upper is None else f" {_not_ruled_out(upper, writing)} cannot be ruled out."
    alike = "everyone is served alike" if writing.is_of_errors else "it is the same for everyone"
    in_what, overall = "" if writing.is_of_errors else f" in {writing.words}", writing.rate_interval(system.overall)
    of_all = f"The {writing.words} of all speakers is {overall}" if writing.is_of_errors else f"Over all speakers it is {overall}"
    return Headline(
        shown=False,
        sentence=f"No gap{in_what} was shown with these {numbers.count(n_speakers)} speakers: {_tried(len(reports), writing)}.",
        detail=f"{of_all}. This is no proof that {alike}.{open_question}",
    )


def _ways(n_methods: int) -> str:
    return "the one way of grouping tried" if n_methods == 1 else f"the {n_methods} ways of grouping tried"


def _not_ruled_out(upper: float, writing: Writing) -> str:
    if not writing.is_of_errors:
        return f"A highest group up to {numbers.percent(upper)} above the lowest"
    errors, unit = unit_in_words(writing.name)
    return f"A worst group up to {numbers.per_hundred(upper)} {errors} per {unit} above all speakers"


def _tried(n_methods: int, writing: Writing) -> str:
    one, any_ = (
        ("no group that is clearly worse served than all", "a group that is clearly worse served than all")
        if writing.is_of_errors
        else ("no groups that clearly differ", "groups that clearly differ")
    )
    if n_methods == 1:
        return f"the one way of grouping that was run finds {one}"
    return f"none of the {n_methods} ways of grouping finds {any_}"
