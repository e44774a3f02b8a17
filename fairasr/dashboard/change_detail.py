"""One cohort before and after, in words: what a person who chose it wants to know."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fairasr.core import Comparison, SystemChange
from fairasr.core.disparity import OTHER, TARGET
from fairasr.dashboard.cohort_detail import Detail
from fairasr.report import numbers
from fairasr.report.changes import relative_in_words, standing
from fairasr.report.wording import group_in_words, unit_in_words

TARGET_STANDINGS = {
    "gains": "This group was to gain, and it does: the interval of its change lies below 0.",
    "harmed": "This group was to gain, and it loses: the interval of its change lies above 0.",
    "open": "This group was to gain; whether it does is open: the interval of its change includes 0.",
}


def change_detail(comparison: Comparison, system: SystemChange, label: str) -> Detail:
    """The cohort of that label, whose numbers may be shown, under one new system."""
    row = next(row for row in numbers.records(system.change.changes) if row["cohort"] == label and row["role"] in (TARGET, OTHER))
    title, small = group_in_words(label=label, description=comparison.descriptions.get(label, ""))
    return Detail(
        title=title, label=small, sentence=_sentence(row, comparison, system), facts=tuple(_facts(row, comparison, system))
    )


def standing_in_words(row: Mapping[str, Any], system: SystemChange) -> str:
    """Where a cohort stands, as a sentence."""
    where, margin = standing(row, system.verdict), f"{100 * system.verdict.margin:g}{numbers.SPACE}%"
    if row["role"] == TARGET:
        return TARGET_STANDINGS[where]
    return {
        "harmed": f"Harmed: a relative loss of more than {margin} is shown, also after correction for the number of groups.",
        "open": f"Open: a relative loss of more than {margin} is neither shown nor ruled out.",
        "no loss": f"No loss: a relative loss of more than {margin} is ruled out.",
        "gains": f"Gains: the interval of its change lies below 0, and a relative loss of more than {margin} is ruled out.",
    }[where]


def _sentence(row: Mapping[str, Any], comparison: Comparison, system: SystemChange) -> str:
    before, after = numbers.number(row["rate_before"]), numbers.number(row["rate_after"])
    if not (math.isfinite(before) and math.isfinite(after)):
        return f"Its {comparison.rate_name} cannot be estimated."
    errors, unit = unit_in_words(comparison.rate_name)
    return (
        f"{numbers.decimal(100 * before)} {errors} per {unit} before, {numbers.decimal(100 * after)} after. "
        f"{standing_in_words(row, system)}"
    )


def _facts(row: Mapping[str, Any], comparison: Comparison, system: SystemChange) -> list[tuple[str, str, str]]:
    rate = comparison.rate_name
    return [
        (f"{rate} before", numbers.percent_interval(numbers.estimate_of(row, "rate_before")), "in brackets the 95 % interval"),
        (f"{rate} after", numbers.percent_interval(numbers.estimate_of(row, "rate_after")), ""),
        ("Change", numbers.points_interval(numbers.estimate_of(row, "change")), "paired by speaker"),
        ("Relative change", relative_in_words(numbers.estimate_of(row, "relative_change")), "below 0 is a gain"),
        ("Speakers", numbers.count(row["n_speakers"]), "" if comparison.unit == "speaker" else "utterances, each counted as one"),
        ("p", numbers.probability(row["p_value"]), _harm_in_words(row)),
    ]


def _harm_in_words(row: Mapping[str, Any]) -> str:
    """Small print of p: the test for harm, which the target has none of."""
    return "" if row["role"] == TARGET else f"for a loss above the margin {numbers.p_equals(row.get('p_harm'))}"
