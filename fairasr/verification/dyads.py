"""How far two-way resampling overstates the spread of a rate over pairs, from the variance that pairs of speakers have."""

from __future__ import annotations

import numpy as np

from fairasr.verification.rates import SortedTrials
from fairasr.verification.resampling import TrialSpeakers

LEAST = 1 / 3
"""Of the resampled variance: what is left where only chance within pairs matters, Var(w_i w_j) = 3 against 1."""


def pair_shrink(trials: SortedTrials, speakers: TrialSpeakers, *, threshold: float, far_weight: float, frr_weight: float) -> float:
    """What the resampled standard deviation of `far_weight` * FAR + `frr_weight` * FRR must be multiplied by: sqrt(1/3)..1.

    With d_t the share of one trial in the rate's deviation, s_i the sum of d over the trials of speaker i and e_ij that over the
    trials of i with j, the variance is sum_i s_i^2 - sum_ij e_ij^2: all pairs of trials that share a speaker, once (Fafchamps and
    Gubert 2007, Journal of Development Economics 83 (2); Aronow, Samii, Assenova 2015, Political Analysis 23 (4)). Weights w_i w_j
    vary by sum_i s_i^2 + sum_ij e_ij^2 instead, because both counts vary. No weights vary as they should, so the spread is mended.

    Args:
        trials: sorted.
        speakers: of the trials, in sorted order.
        threshold: of FAR and FRR.
        far_weight: of FAR.
        frr_weight: of FRR.
    """
    false_accepts, false_rejects = trials.errors_at(threshold)
    target, nontarget = np.flatnonzero(trials.is_target), np.flatnonzero(~trials.is_target)
    share = np.zeros(len(trials))
    if frr_weight and len(target):
        share[target] = frr_weight * (false_rejects[target] - false_rejects[target].mean()) / len(target)
    if far_weight and len(nontarget):
        share[nontarget] = far_weight * (false_accepts[nontarget] - false_accepts[nontarget].mean()) / len(nontarget)
    n_speakers = int(max(speakers.first.max(initial=0), speakers.second.max(initial=0))) + 1
    one, other = speakers.first[nontarget], speakers.second[nontarget]
    of_speaker = np.bincount(speakers.first, share, n_speakers) + np.bincount(other, share[nontarget], n_speakers)
    pair = np.minimum(one, other).astype(np.int64) * n_speakers + np.maximum(one, other)
    order = np.argsort(pair, kind="stable")
    starts = np.flatnonzero(np.diff(pair[order], prepend=-1))
    of_pair = np.add.reduceat(share[nontarget][order], starts) if len(starts) else np.zeros(0)
    by_speaker, by_pair = float((of_speaker**2).sum()), float((of_pair**2).sum())
    if by_speaker + by_pair == 0:
        return 1.0
    return float(np.sqrt(np.clip((by_speaker - by_pair) / (by_speaker + by_pair), LEAST, 1.0)))
