"""The verdict: what was planted against what an audit found, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from fairasr.core import AuditResult, DisparityReport, Estimate, Partition
from fairasr.testing.world import Planted, World

LEVEL = 0.05
CROSS_FIT = "cross-fit"
MOSTLY = 0.5


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What an audit says about one planted or absent gap.

    Attributes:
        gap: what was planted.
        tested: whether the method ran and showed a number.
        reason: why it did not; "" where it did.
        found: the audit reports a gap there: p < LEVEL, a rate above the rest, and mostly planted speakers where it can be told.
        estimate: estimated rate minus the rate of the comparison, with its interval: the bottom cohorts against everybody else, or
            a declared group against the whole. None where not tested.
        truth: the same difference of true rates, for the planted speakers.
        p_value: adjusted where the audit adjusts; None: not computed.
        precision: part of the speakers in the method's bottom cohorts who are inside the gap; NaN where it cannot be told.
        recall: part of the speakers inside the gap who are in the bottom cohorts; NaN where it cannot be told.
    """

    gap: Planted
    tested: bool
    reason: str = ""
    found: bool = False
    estimate: Estimate | None = None
    truth: float = float("nan")
    p_value: float | None = None
    precision: float = float("nan")
    recall: float = float("nan")


def what_was_planted(world: World) -> list[str]:
    """One sentence per gap: who, how many, how much."""
    sentences = []
    for gap in world.planted:
        who = f"{gap.description} ({len(gap.speakers):,} of {len(world.true_rate):,} speakers)"
        if gap.is_absent:
            sentences.append(f"Absent: {who}; no gap was planted.")
        else:
            sentences.append(f"Planted: {who} have an error rate x {gap.ratio:g}; it is {_percent(world.rate_of(gap.speakers))}.")
    return sentences


def findings(result: AuditResult, world: World, *, partitions: Mapping[str, Partition] | None = None) -> list[Finding]:
    """What `result` says about each gap of `world`, in the order planted.

    Args:
        result: an audit of the world; what it says of `world.system` is judged, whatever its focus.
        world: what was planted.
        partitions: method -> cohorts of all speakers by the rules found for that system. With them a gap only counts as
            found where the bottom cohorts are mostly planted speakers; without, a significant gap of that method is taken for it.
    """
    reports = result.system(world.system).reports
    return [
        _finding(gap, reports=reports, skipped=result.skipped, world=world, partitions=partitions or {}) for gap in world.planted
    ]


def verdict(result: AuditResult, world: World, *, partitions: Mapping[str, Partition] | None = None) -> list[str]:
    """One sentence per gap: found or missed, the estimate against the truth; for absent ones: rightly not found or a false alarm.

    Arguments as for `findings`.
    """
    return [_sentence(finding) for finding in findings(result, world, partitions=partitions)]


def _finding(
    gap: Planted,
    *,
    reports: Mapping[str, DisparityReport],
    skipped: Mapping[str, str],
    world: World,
    partitions: Mapping[str, Partition],
) -> Finding:
    report = reports.get(gap.method)
    if report is None:
        return Finding(gap=gap, tested=False, reason=skipped.get(gap.method, "the audit did not run this method"))
    if gap.cohort:
        return _declared_finding(gap, report=report, world=world)
    return _discovered_finding(gap, report=report, world=world, partition=partitions.get(gap.method))


def _declared_finding(gap: Planted, *, report: DisparityReport, world: World) -> Finding:
    row = report.cohorts[report.cohorts["cohort"] == gap.cohort]
    if row.empty or row["suppressed"].iloc[0]:
        return Finding(gap=gap, tested=False, reason=f"the audit shows no number for cohort {gap.cohort!r}")
    shown = row.iloc[0]
    estimate = Estimate(
        value=float(shown["difference_to_overall"]),
        lo=float(shown["difference_to_overall_lo"]),
        hi=float(shown["difference_to_overall_hi"]),
    )
    p_value = None if pd.isna(shown["p_holm"]) else float(shown["p_holm"])
    differs = p_value is not None and p_value < LEVEL
    everybody = frozenset(world.true_rate.index)
    return Finding(
        gap=gap,
        tested=True,
        found=differs and (gap.is_absent or estimate.value > 0),
        estimate=estimate,
        truth=world.rate_of(gap.speakers) - world.rate_of(everybody),
        p_value=p_value,
    )


def _discovered_finding(gap: Planted, *, report: DisparityReport, world: World, partition: Partition | None) -> Finding:
    p_value = report.p_value if report.p_adjusted is None else report.p_adjusted
    estimate = report.honest.difference_to_rest
    sure = estimate.lo > 0 if p_value is None else p_value < LEVEL and estimate.value > 0
    precision, recall = float("nan"), float("nan")
    if partition is not None:
        bottom = _bottom_speakers(report, partition)
        shared = len(bottom & gap.speakers)
        precision = shared / len(bottom) if bottom else 0.0
        recall = shared / len(gap.speakers) if gap.speakers else 0.0
    return Finding(
        gap=gap,
        tested=True,
        found=sure and not precision < MOSTLY,
        estimate=estimate,
        truth=world.rate_of(gap.speakers) - world.rate_of(world.rest_of(gap.speakers)),
        p_value=p_value,
        precision=precision,
        recall=recall,
    )


def _bottom_speakers(report: DisparityReport, partition: Partition) -> frozenset[str]:
    """Speakers of the bottom cohorts of the rule; cross-fitted gaps name bands of ranks, so another estimate names the cohorts."""
    named = next((gaps for gaps in (report.honest, *report.other, report.apparent) if gaps.basis != CROSS_FIT), report.apparent)
    return frozenset(partition.labels.index[partition.labels.isin(named.bottom)])


def _sentence(finding: Finding) -> str:
    gap = finding.gap
    who = f"{gap.description} [{gap.method}]"
    if not finding.tested or finding.estimate is None:
        return f"Not tested: {who}: {finding.reason}."
    against = "the whole" if gap.cohort else "everybody else"
    measured = (
        f"{_points(finding.estimate.value)} against {against} "
        f"({_signed(finding.estimate.lo)} to {_signed(finding.estimate.hi)}), "
        f"truth {_signed(finding.truth)}{_chance(finding.p_value)}"
    )
    if gap.is_absent:
        return f"{'False alarm' if finding.found else 'Rightly not found'}: {who}: {measured}."
    where = "" if pd.isna(finding.precision) else f"; {_percent(finding.precision)} of its bottom cohorts are planted speakers"
    return f"{'Found' if finding.found else 'Missed'}: {who}: {measured}{where}."


def _chance(p_value: float | None) -> str:
    return "" if p_value is None else f", p = {p_value:.3g}"


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"


def _points(difference: float) -> str:
    return f"{_signed(difference)} points"


def _signed(difference: float) -> str:
    return f"{100 * difference:+.1f}"
