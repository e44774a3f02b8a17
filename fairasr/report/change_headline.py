"""The sentence a manager reads: which new system may replace the one in use, and why not the others."""

from __future__ import annotations

from dataclasses import dataclass

from fairasr.core import Comparison, MitigationResult, SystemChange
from fairasr.core.comparison import Outcome
from fairasr.report.change_wording import MAY
from fairasr.report.wording import clipped


@dataclass(frozen=True, kw_only=True)
class ChangeHeadline:
    """What was found, in words.

    Attributes:
        outcome: of the system that the sentence is about, or of the best one.
        sentence: the finding.
        detail: why.
    """

    outcome: Outcome
    sentence: str
    detail: str


def comparison_headline(comparison: Comparison) -> ChangeHeadline:
    """The verdict on one new system, or how many of several may replace the one in use."""
    systems, before = comparison.systems, clipped(comparison.before)
    if len(systems) == 1:
        only = systems[0]
        outcome = only.verdict.outcome
        return ChangeHeadline(
            outcome=outcome, sentence=f"{clipped(only.after)} {MAY[outcome]} {before}.", detail=only.verdict.reasons[0]
        )
    accepted = [system for system in systems if system.verdict.outcome == "accepted"]
    if accepted:
        names = ", ".join(clipped(system.after) for system in accepted)
        return ChangeHeadline(
            outcome="accepted",
            sentence=f"{len(accepted)} of {len(systems)} new systems may replace {before}: {names}.",
            detail=accepted[0].verdict.reasons[0],
        )
    rejected = [system for system in systems if system.verdict.outcome == "rejected"]
    n_open = len(systems) - len(rejected)
    none = "Neither of the 2 new systems" if len(systems) == 2 else f"None of the {len(systems)} new systems"
    if not n_open:
        sentence = f"{none} should replace {before}: all are rejected."
    elif not rejected:
        sentence = f"{none} is yet shown to be a safe replacement for {before}."
    else:
        sentence = f"{none} is shown to be a safe replacement for {before}: {len(rejected)} rejected, {n_open} not settled."
    return ChangeHeadline(
        outcome="inconclusive" if n_open else "rejected",
        sentence=sentence,
        detail=" ".join(f"{clipped(system.after)}: {system.verdict.reasons[0]}" for system in (rejected or list(systems))[:3]),
    )


def mitigation_headline(result: MitigationResult) -> ChangeHeadline:
    """What to ship, by the selection rule and the verdict."""
    comparison = result.comparison
    before = clipped(comparison.before)
    if result.recommended:
        system = system_of(comparison, result.recommended)
        return ChangeHeadline(
            outcome="accepted",
            sentence=f"{clipped(result.recommended)} may replace {before}.",
            detail=" ".join(system.verdict.reasons[:2]) if system else "",
        )
    first = str(result.league["method"].iloc[0]) if len(result.league) else ""
    system = system_of(comparison, first)
    if system is None:
        return ChangeHeadline(outcome="inconclusive", sentence=f"Keep {before}: nothing was trained.", detail="")
    why = {
        "accepted": "breaks the cap of the selection rule on development speakers",
        "rejected": "is rejected on test speakers",
        "inconclusive": "is not settled on test speakers",
    }[system.verdict.outcome]
    return ChangeHeadline(
        outcome="inconclusive" if system.verdict.outcome == "accepted" else system.verdict.outcome,
        sentence=f"Keep {before}: the first choice of the selection rule, {clipped(first)}, {why}.",
        detail=system.verdict.reasons[0],
    )


def system_of(comparison: Comparison, name: str) -> SystemChange | None:
    """The new system of that name; None where there is none."""
    return next((system for system in comparison.systems if system.after == name), None)
