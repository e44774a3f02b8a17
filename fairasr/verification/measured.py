"""The rates of one set of trials with their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairasr.core import Estimate
from fairasr.verification.dyads import pair_shrink
from fairasr.verification.intervals import Replicates, rate_estimate
from fairasr.verification.rates import Curve, SortedTrials
from fairasr.verification.resampling import TrialSpeakers, resampled_rates


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """One verifier on one set of trials.

    Attributes:
        curve: rates at every threshold.
        eer: equal error rate.
        min_dcf: least detection cost, normalised.
        far: false acceptances at the threshold given.
        frr: false rejections at the threshold given.
        threshold: at which `eer` is.
        eer_replicates: of the eer, for differences between groups.
        n_target: trials of one speaker.
        n_nontarget: trials of two.
    """

    curve: Curve
    eer: Estimate
    min_dcf: Estimate
    far: Estimate
    frr: Estimate
    threshold: float
    eer_replicates: Replicates
    n_target: int
    n_nontarget: int


def measured(
    trials: SortedTrials, speakers: TrialSpeakers, *, counts: np.ndarray, p_target: float, threshold: float | None = None
) -> Measured:
    """Rates and intervals of `trials`.

    Args:
        trials: sorted; at least one.
        speakers: of the trials, in sorted order.
        counts: int array (n_replicates, n_speakers), as `speaker_counts` draws them.
        p_target: prior of a target trial, of minDCF.
        threshold: of `far` and `frr`; None: that of the trials' own EER.
    """
    curve = trials.curve()
    eer, own = curve.crossing
    min_dcf, cheapest = curve.least_cost(p_target=p_target)
    at = own if threshold is None else threshold
    values = resampled_rates(trials, speakers, counts=counts, thresholds=(at, own if np.isfinite(own) else at), p_target=p_target)
    is_target = trials.is_target
    n_target, n_nontarget = int(is_target.sum()), int((~is_target).sum())
    in_target = _n_distinct(speakers.first[is_target])
    in_nontarget = _n_distinct(speakers.first[~is_target], speakers.second[~is_target])
    far_share = _far_share(values)

    def replicates(column: int, *, at: float, far: float, frr: float, n_speakers: int) -> Replicates:
        shrink = pair_shrink(trials, speakers, threshold=at, far_weight=far, frr_weight=frr) if np.isfinite(at) else 1.0
        return Replicates(values=values[:, column], shrink=shrink, n_speakers=n_speakers)

    both, fewest = min(in_target, in_nontarget), min(n_target, n_nontarget)
    of_eer = replicates(0, at=own, far=far_share, frr=1 - far_share, n_speakers=both)
    of_cost = replicates(1, at=cheapest, far=1 - p_target, frr=p_target, n_speakers=both)
    of_far = replicates(2, at=at, far=1.0, frr=0.0, n_speakers=in_nontarget)
    of_frr = replicates(3, at=at, far=0.0, frr=1.0, n_speakers=in_target)
    false_accepts, false_rejects = trials.errors_at(at)
    return Measured(
        curve=curve,
        eer=rate_estimate(eer, of_eer, n_trials=fewest),
        min_dcf=rate_estimate(min_dcf, of_cost, n_trials=fewest),
        far=rate_estimate(_share(false_accepts, n_nontarget), of_far, n_trials=n_nontarget),
        frr=rate_estimate(_share(false_rejects, n_target), of_frr, n_trials=n_target),
        threshold=own,
        eer_replicates=of_eer,
        n_target=n_target,
        n_nontarget=n_nontarget,
    )


def _far_share(values: np.ndarray) -> float:
    """How much of the EER's deviation is the FAR's, the rest being the FRR's, both at the EER's threshold: 0..1, by regression.

    To first order EER - e = share * (FAR - e) + (1 - share) * (FRR - e), where the share is the density of target scores at the
    threshold over that of all; regressing the replicates spares us estimating densities.
    """
    eer, far, frr = values[:, 0], values[:, 4], values[:, 5]
    known = np.isfinite(eer) & np.isfinite(far) & np.isfinite(frr)
    if known.sum() < 2:
        return 0.5
    across, along = (far - frr)[known], (eer - frr)[known]
    across, along = across - across.mean(), along - along.mean()
    squares = float((across**2).sum())
    return float(np.clip((across * along).sum() / squares, 0.0, 1.0)) if squares else 0.5


def _share(errors: np.ndarray, n: int) -> float:
    return float(errors.sum() / n) if n else float("nan")


def _n_distinct(*speakers: np.ndarray) -> int:
    return len(np.unique(np.concatenate(speakers)))
