"""The sentence a manager reads of an audit of speaker verification."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fairasr.core import UNKNOWN, GroupReport, VerificationResult, VerifierResult
from fairasr.report import numbers
from fairasr.report.headline import Headline
from fairasr.report.wording import clipped, group_in_words, method_in_words


def verification_headline(result: VerificationResult, *, system: VerifierResult | None = None) -> Headline:
    """Of the groups whose rate is shown to lie above that of all trials, the one with the largest lower bound."""
    system = system or result.systems[0]
    found = [
        (numbers.number(row["difference_to_overall_lo"]), method, row)
        for method, report in system.reports.items()
        for row in _shown(report)
        if numbers.number(row["difference_to_overall_lo"]) > 0
    ]
    overall = numbers.percent_interval(system.eer)
    if not system.reports:
        return Headline(
            shown=False,
            sentence=f"{clipped(system.system)} has an equal error rate of {overall}. There are no groups to compare.",
            detail="In brackets the 95 % interval, speakers drawn again on both sides of a trial. It says nothing of who is served "
            "worse.",
        )
    if not found:
        n_groups = sum(len(_shown(report)) for report in system.reports.values())
        return Headline(
            shown=False,
            sentence=f"{clipped(system.system)} is not shown to verify any group worse than all: equal error rate {overall}.",
            detail=f"{numbers.count(n_groups)} groups were looked at. In brackets the 95 % interval, speakers drawn again on both "
            "sides of a trial. That no gap is shown is no proof of equal service.",
        )
    _, method, row = max(found, key=lambda one: (one[0], one[1]))
    rate, difference = (numbers.estimate_of(row, name) for name in ("eer", "difference_to_overall"))
    title, _ = group_in_words(label=row["cohort"], description=row["description"])
    return Headline(
        shown=True,
        lead=f"{clipped(system.system)} verifies worst",
        group=title,
        sentence=f"equal error rate {numbers.percent_interval(rate)}, against {overall} over all trials: "
        f"{numbers.points_interval(difference)}.",
        detail=f"{numbers.count(row['n_speakers'])} speakers, grouped by “{method_in_words(method)}”. In brackets the 95 % "
        "interval, speakers drawn again on both sides of a trial, not corrected for the "
        f"{numbers.count(_n_groups(system))} groups looked at.",
    )


def _shown(report: GroupReport) -> list[Mapping[str, Any]]:
    """Groups with a rate; speakers of whom the group is not known are none."""
    rows = [row for row in numbers.records(report.groups) if row["cohort"] != UNKNOWN]
    return [row for row in rows if not row["suppressed"] and math.isfinite(numbers.number(row["eer"]))]


def _n_groups(system: VerifierResult) -> int:
    return sum(len(_shown(report)) for report in system.reports.values())
