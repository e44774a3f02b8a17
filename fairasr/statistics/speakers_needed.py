"""About how many more speakers would settle a verdict that is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from fairasr.statistics.rates import CONFIDENCE

POWER = 0.8
"""Chance of a settled verdict with the speakers named, were the estimates the truth."""
MOST_SPEAKERS = 10_000_000
"""A need beyond this is none that can be told: the estimate lies on the margin."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One group that a verdict looks at.

    Attributes:
        label: what the verdict calls it.
        basis: name of the forgetting set that it is; "" for cohorts of the corpus.
        n_speakers: of that set or of the corpus.
        change, change_lo, change_hi: of the rate, with its 95 % interval.
        value, least, most: relative change with its one-sided 95 % bounds.
        p_harm: one-sided p of a relative loss above the margin.
    """

    label: str
    basis: str
    n_speakers: float
    change: float
    change_lo: float
    change_hi: float
    value: float
    least: float
    most: float
    p_harm: float


@dataclass(frozen=True, kw_only=True)
class Need:
    """How many more speakers, None where that cannot be told, and the sentence that says so."""

    n_more: int | None
    sentence: str


NOT_TOLD = Need(n_more=None, sentence="")


@dataclass(frozen=True, kw_only=True)
class _Growth:
    """Factor by which the speakers of a group must grow; whether its estimate then speaks for the new system."""

    factor: float
    is_for: bool
    group: Judged


def speakers_needed(target: Judged, protected: Sequence[Judged], *, margin: float) -> Need:
    """What would settle the verdict with a chance of 80 %, were the estimates the truth.

    Half the width of an interval shrinks with the root of the speakers. If every estimate speaks for acceptance, the group that
    needs most decides; else the one that would first be shown to lose.
    """
    both, one = (float(stats.norm.ppf(level)) for level in ((1 + CONFIDENCE) / 2, CONFIDENCE))
    strict = float(stats.norm.ppf(1 - (1 - CONFIDENCE) / max(1, len(protected))))
    growths = [_growth(target, reach=target.change_hi - target.change, room=-target.change, quantile=both)]
    for group in protected:
        if group.value > margin:  # shown only after correction for how many groups there are
            reach = (group.value - group.least) * strict / one
            growth = _growth(group, reach=reach, room=margin - group.value, quantile=strict)
        else:
            growth = _growth(group, reach=group.most - group.value, room=margin - group.value, quantile=one)
        growths.append(growth)
    against = [growth for growth in growths if not growth.is_for]
    deciding = min(against, key=_more) if against else max(growths, key=_more)
    more = _more(deciding)
    if not np.isfinite(more):
        return Need(n_more=None, sentence="How many more speakers would tell cannot be said from these.")
    if more > MOST_SPEAKERS:
        return Need(n_more=None, sentence="The estimates lie so near the margin that no number of speakers would surely tell.")
    rounded = max(1, int(float(f"{more:.2g}")))
    whose = f"of “{deciding.group.basis}”" if deciding.group.basis else "of the same mix"
    direction = "against" if against else "for"
    return Need(
        n_more=rounded,
        sentence=f"About {rounded:,} more speakers {whose} would probably settle it, {direction} the new system if the estimates "
        "are right.",
    )


def _more(growth: _Growth) -> float:
    return (growth.factor - 1) * growth.group.n_speakers


def _growth(group: Judged, *, reach: float, room: float, quantile: float) -> _Growth:
    """The factor at which an interval that reaches `reach` keeps within `room` (negative: beyond it) with the chance asked for."""
    factor = np.inf
    if np.isfinite(reach) and np.isfinite(room) and room != 0:
        needed = reach / abs(room) * (quantile + float(stats.norm.ppf(POWER))) / quantile
        factor = max(needed**2, 1.0)
    return _Growth(factor=float(factor), is_for=not room < 0, group=group)
