"""Whether a new system may replace the one in use: accepted, rejected, or too few speakers to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fairasr.core import ChangeReport, Verdict
from fairasr.core.comparison import EVERYONE, Outcome
from fairasr.core.disparity import ALL, OTHER, SMALL_TOGETHER, TARGET, TARGET_TOGETHER
from fairasr.statistics.multiplicity import holm
from fairasr.statistics.rates import CONFIDENCE
from fairasr.statistics.speakers_needed import NOT_TOLD, Judged, speakers_needed

ALPHA = 1 - CONFIDENCE
MOST_NAMES = 3
JUDGED_COLUMNS = {
    "change": "change",
    "change_lo": "change_lo",
    "change_hi": "change_hi",
    "value": "relative_change",
    "least": "relative_change_least",
    "most": "relative_change_most",
    "p_harm": "p_harm",
}
"""Field of `Judged` -> column of a `ChangeReport`."""


def judge(change: ChangeReport, *, forgetting: Mapping[str, ChangeReport] | None = None) -> Verdict:
    """Judge a change by its target, by everyone else, and by the forgetting sets.

    Accepted: the 95 % interval of the target's change lies below 0, and for every other cohort shown, for the small ones
    together and for every forgetting set the one-sided 95 % bound of the relative change is at most the margin
    (non-inferiority). All must hold, so the whole errs in at most 5 % without a correction (an intersection-union test, Berger
    1982). Rejected: the interval of the target's change lies at or above 0, or one of the others loses more than the margin
    with a Holm-adjusted p below 0.05: any one of them is enough, so there the correction is needed. Else inconclusive: many
    small cohorts can seldom be shown to lose less than one per cent, and the verdict says which ones.

    Args:
        change: of `compare`, with the target and the margin it was given; without a target everyone is.
        forgetting: forgetting set -> change on it.
    """
    rows = change.changes
    n_speakers = _number(rows[rows["role"] == ALL], "n_speakers")
    labels = tuple(rows.loc[rows["role"] == TARGET, "cohort"])
    target = _target_of(rows, n_speakers=n_speakers)
    protected = _protected(rows, forgetting or {}, n_speakers=n_speakers)
    harmed = _harmed(protected)
    unsettled = [one for one in protected if one not in harmed and not one.most <= change.margin]
    gains = target is not None and target.change_hi < 0
    lost = target is not None and target.change_lo >= 0
    outcome: Outcome = "rejected" if lost or harmed else "accepted" if gains and not unsettled else "inconclusive"
    worst = max(protected, key=lambda one: np.nan_to_num(one.value), default=None)
    need = speakers_needed(target, protected, margin=change.margin) if outcome == "inconclusive" and target else NOT_TOLD
    reasons = [
        *_of_the_harmed(harmed, margin=change.margin),
        _of_the_target(target, n_labels=len(labels), n_pooled=_n_pooled(rows)),
        *_of_the_others(protected, unsettled, harmed, margin=change.margin),
        need.sentence,
    ]
    return Verdict(
        outcome=outcome,
        reasons=tuple(sentence for sentence in reasons if sentence),
        target=labels or (EVERYONE,),
        margin=change.margin,
        worst_harm=worst.label if worst is not None and worst.value > 0 else "",
        n_more_speakers=need.n_more,
        harmed=tuple(one.label for one in harmed),
        unsettled=tuple(one.label for one in unsettled),
    )


def _target_of(rows: pd.DataFrame, *, n_speakers: float) -> Judged | None:
    """The row that has to gain: the targets together, the one shown, everyone where there is none; None if all are hidden."""
    if not (rows["role"] == TARGET).any():
        return _group(rows[rows["role"] == ALL], label=EVERYONE, n_speakers=n_speakers)
    together = rows[rows["role"] == TARGET_TOGETHER]
    if len(together):
        return _group(together, label="the target cohorts together", n_speakers=n_speakers)
    shown = rows[(rows["role"] == TARGET) & (rows["suppressed"] == "")]
    if shown.empty:
        return None
    return _group(shown, label=f"the target cohort “{shown['cohort'].iloc[0]}”", n_speakers=n_speakers)


def _protected(rows: pd.DataFrame, forgetting: Mapping[str, ChangeReport], *, n_speakers: float) -> list[Judged]:
    """Everyone who must not lose: other cohorts shown, the small ones together (shown or not), forgetting sets."""
    shown = rows[((rows["role"] == OTHER) & (rows["suppressed"] == "")) | (rows["role"] == SMALL_TOGETHER)]
    groups = [_group(shown.iloc[[i]], label=str(shown["cohort"].iloc[i]), n_speakers=n_speakers) for i in range(len(shown))]
    for name, report in forgetting.items():
        everyone = report.changes[report.changes["role"] == ALL]
        groups.append(_group(everyone, label=name, basis=name, n_speakers=_number(everyone, "n_speakers")))
    return groups


def _group(row: pd.DataFrame, *, label: str, n_speakers: float, basis: str = "") -> Judged:
    return Judged(
        label=label,
        basis=basis,
        n_speakers=n_speakers,
        **{name: _number(row, column) for name, column in JUDGED_COLUMNS.items()},
    )


def _number(row: pd.DataFrame, column: str) -> float:
    return float(row[column].iloc[0])


def _n_pooled(rows: pd.DataFrame) -> int:
    """Target cohorts that are suppressed."""
    return int(((rows["role"] == TARGET) & (rows["suppressed"] != "")).sum())


def _harmed(protected: Sequence[Judged]) -> list[Judged]:
    """Those shown to lose more than the margin, the largest loss first."""
    adjusted = holm(np.array([one.p_harm for one in protected], dtype=float))
    found = [one for one, p in zip(protected, adjusted, strict=True) if p < ALPHA]
    return sorted(found, key=lambda one: -np.nan_to_num(one.value))


def _of_the_target(target: Judged | None, *, n_labels: int, n_pooled: int) -> str:
    if target is None:
        return f"None of the {n_labels} target cohorts has enough speakers to be judged."
    name, figures = target.label[0].upper() + target.label[1:], f"relative change {_percent(target.value)}"
    if target.change_hi < 0:
        sentence = f"{name} {_verb('gain', n_labels)}: {figures}."
    elif target.change_lo > 0:
        sentence = f"{name} {_verb('lose', n_labels)}: {figures}."
    elif target.change_lo == 0 == target.change_hi:
        sentence = f"{name} {_verb('do', n_labels)} not change at all."
    else:
        sentence = f"{name} {_verb('are', n_labels)} not shown to gain: {figures}, and the interval includes no change."
    small = f" {n_pooled} of {n_labels} target cohorts are too small to show a number of their own." if n_pooled else ""
    return sentence + small


def _verb(plural: str, n_labels: int) -> str:
    """Of the target: one cohort is singular, several together and all speakers are plural."""
    return plural if n_labels != 1 else {"gain": "gains", "lose": "loses", "do": "does", "are": "is"}[plural]


def _of_the_harmed(harmed: Sequence[Judged], *, margin: float) -> list[str]:
    tolerated = f"more than the margin of {_percent(margin, signed=False)}"
    if len(harmed) == 1:
        only = harmed[0]
        return [f"“{only.label}” loses {tolerated}: relative change {_percent(only.value)}, at least {_percent(only.least)}."]
    figures = [f"“{one.label}” {_percent(one.value)} (at least {_percent(one.least)})" for one in harmed]
    if not figures:
        return []
    more = f"; and {len(figures) - MOST_NAMES} more" if len(figures) > MOST_NAMES else ""
    return [f"{len(figures)} groups lose {tolerated}: {'; '.join(figures[:MOST_NAMES])}{more}."]


def _of_the_others(
    protected: Sequence[Judged], unsettled: Sequence[Judged], harmed: Sequence[Judged], *, margin: float
) -> list[str]:
    loss = f"a loss above {_percent(margin, signed=False)}"
    if not protected:
        return ["There was nobody else to judge: neither other cohorts nor a forgetting set."]
    if not unsettled:
        rest = len(protected) - len(harmed)
        return [f"For {'all' if not harmed else rest} of the {len(protected)} other groups {loss} is ruled out."] if rest else []
    worst = sorted(unsettled, key=lambda one: -np.nan_to_num(one.most, posinf=np.inf))
    names = "; ".join(
        f"“{one.label}” may lose up to {_percent(one.most)}"
        if np.isfinite(one.most)
        else f"“{one.label}” has too few errors to tell"
        for one in worst[:MOST_NAMES]
    )
    more = f"; and {len(worst) - MOST_NAMES} more" if len(worst) > MOST_NAMES else ""
    return [f"For {len(unsettled)} of the {len(protected)} other groups {loss} cannot be ruled out: {names}{more}."]


def _percent(value: float, *, signed: bool = True) -> str:
    if not np.isfinite(value):
        return "unknown"
    text = f"{100 * value:+.1f}" if signed else f"{100 * value:g}"
    return text.replace("-", "\N{MINUS SIGN}") + "\N{NO-BREAK SPACE}%"
