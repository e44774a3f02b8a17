"""Error rates of scored trials: false acceptances and rejections at every threshold, EER, minDCF, DET."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from fairasr.core.errors import ScoringError

DET_POINTS = 200
DET_EDGE = 1e-6
"""Rates nearer to 0 or 1 than this are drawn as this: a normal deviate of 0 is at minus infinity."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Rates at every threshold. A trial is accepted where its score is at or above the threshold.

    Trials of one score are accepted together, so there is one point per distinct score, ascending, and a last one that accepts
    nothing.

    Attributes:
        thresholds: float array (n_points,); the last is infinite.
        far: float array (n_points,), share of the non-target weight accepted; NaN where there is none.
        frr: float array (n_points,), share of the target weight rejected; NaN where there is none.
    """

    thresholds: np.ndarray
    far: np.ndarray
    frr: np.ndarray

    @property
    def is_estimable(self) -> bool:
        """Whether there are trials of both kinds."""
        return bool(np.isfinite(self.far[0]) and np.isfinite(self.frr[0]))

    @cached_property
    def crossing(self) -> tuple[float, float]:
        """Equal error rate, and the threshold of a real operating point that comes nearest to it; NaN of trials of one kind.

        The rate is that of the point at which the line through the operating points (far, frr) meets far = frr: linear
        interpolation, not the convex hull, which no single threshold reaches. Scores that are all equal give 0.5.
        """
        if not self.is_estimable:
            return float("nan"), float("nan")
        lead = self.frr - self.far  # -1 where everything is accepted, 1 where nothing is, never falling
        after = int(np.argmax(lead >= 0))
        before = after - 1
        step = -lead[before] / (lead[after] - lead[before])
        rate = float(self.far[before] + step * (self.far[after] - self.far[before]))
        nearest = after if lead[after] <= -lead[before] and np.isfinite(self.thresholds[after]) else before
        return rate, float(self.thresholds[nearest])

    def least_cost(self, *, p_target: float) -> tuple[float, float]:
        """minDCF, and the threshold that it is at; NaN of trials of one kind.

        The least detection cost over the thresholds, both errors at cost 1, over that of not listening (NIST): 0..1.
        """
        if not self.is_estimable:
            return float("nan"), float("nan")
        cost = p_target * self.frr + (1 - p_target) * self.far
        best = int(np.argmin(cost))
        return float(cost[best] / min(p_target, 1 - p_target)), float(self.thresholds[best])

    def det(self, *, n_points: int = DET_POINTS) -> tuple[tuple[float, float], ...]:
        """Points (far, frr) of the detection error trade-off, both ends kept, the others even in normal deviates."""
        if not self.is_estimable:
            return ()
        deviates = [special.ndtri(np.clip(rate, DET_EDGE, 1 - DET_EDGE)) for rate in (self.frr, self.far)]
        along = deviates[0] - deviates[1]
        wanted = np.searchsorted(along, np.linspace(along[0], along[-1], n_points - 1), side="left")
        kept = np.unique(np.concatenate([[0], wanted.clip(max=len(along) - 1), [len(along) - 1]]))[-n_points:]
        points = dict.fromkeys(zip(self.far[kept].tolist(), self.frr[kept].tolist(), strict=True))
        return tuple(points)


class SortedTrials:
    """Trials sorted once by score, so that rates under any weights cost one cumulative sum.

    Args:
        scores: float array (n_trials,); higher is more alike.
        is_target: bool array (n_trials,), True where both utterances are of one speaker.

    Raises:
        ScoringError: a score is NaN or infinite.
    """

    def __init__(self, scores: np.ndarray, is_target: np.ndarray) -> None:
        wrong = ~np.isfinite(scores)
        if wrong.any():
            raise ScoringError(
                f"{wrong.sum():,} of {len(scores):,} scores are not finite numbers (first: trial {int(np.argmax(wrong))}, counted "
                f"from 0: {float(scores[wrong][0])}). Score these trials again, or leave them out of the list."
            )
        self.order = np.argsort(scores, kind="stable")
        self._sort(np.asarray(scores, dtype=float)[self.order], np.asarray(is_target, dtype=bool)[self.order])

    def _sort(self, scores: np.ndarray, is_target: np.ndarray) -> None:
        self.scores, self.is_target = scores, is_target
        starts = np.flatnonzero(np.concatenate([[True], scores[1:] != scores[:-1]])) if len(scores) else np.zeros(0, dtype=np.int64)
        self._ends = np.append(starts, len(scores))
        self._thresholds = np.append(scores[starts], np.inf)

    def __len__(self) -> int:
        return len(self.scores)

    def at(self, rows: np.ndarray) -> SortedTrials:
        """Some of the trials, by ascending positions in sorted order: int array; nothing is sorted anew."""
        part = object.__new__(SortedTrials)
        part.order = self.order[rows]
        part._sort(self.scores[rows], self.is_target[rows])
        return part

    def curve(self, weights: np.ndarray | None = None) -> Curve:
        """Rates at every threshold.

        Args:
            weights: how often each trial counts, array (n_trials,) in SORTED order (`order`); None: once.
        """
        targets = np.where(self.is_target, 1.0 if weights is None else weights, 0.0)
        nontargets = np.where(self.is_target, 0.0, 1.0 if weights is None else weights)
        # Below each threshold: sums of whole numbers, so exact in any order up to 2**53.
        target_below = np.concatenate([[0.0], np.cumsum(targets)])[self._ends]
        nontarget_below = np.concatenate([[0.0], np.cumsum(nontargets)])[self._ends]
        with np.errstate(invalid="ignore"):
            frr = target_below / target_below[-1]
            far = (nontarget_below[-1] - nontarget_below) / nontarget_below[-1]
        return Curve(thresholds=self._thresholds, far=far, frr=frr)

    def errors_at(self, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        """Accepted non-targets and rejected targets at `threshold`, in sorted order: bool arrays (n_trials,)."""
        accepted = self.scores >= threshold
        return accepted & ~self.is_target, ~accepted & self.is_target
