"""Trials under resampled speakers: a speaker drawn twice brings every trial of theirs twice, on either side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fairasr.verification.rates import SortedTrials

MOST_REPLICATES = 1000
FEWEST_REPLICATES = 200
TRIALS_IN_ALL = 200_000_000
"""Trials that all replicates of one set may weigh together: a few seconds on one core."""


@dataclass(frozen=True, kw_only=True)
class TrialSpeakers:
    """Who is on either side of each trial.

    Attributes:
        first: int array (n_trials,), position of the one speaker.
        second: int array (n_trials,), position of the other; the same one in a target trial.
    """

    first: np.ndarray
    second: np.ndarray

    def of(self, rows: np.ndarray) -> TrialSpeakers:
        """Some of the trials, or all in another order."""
        return TrialSpeakers(first=self.first[rows], second=self.second[rows])

    def weights(self, counts: np.ndarray) -> np.ndarray:
        """How often each trial counts, int array (n_trials,), where speaker s was drawn `counts[s]` times.

        A trial of two speakers counts once for every pair of their copies; one of a single speaker once for every copy (copies of
        one speaker make no trial of two). This is the two-way resampling of Owen (2007, Annals of Applied Statistics 1 (2)), with
        one draw for both ways, as the same people are on both sides.
        """
        drawn = counts[self.first]
        weights: np.ndarray = np.where(self.first == self.second, drawn, drawn * counts[self.second])
        return weights


def n_replicates(n_trials: int) -> int:
    """How many replicates are drawn for so many trials: 200 to 1,000, so that the time stays bounded."""
    return int(np.clip(TRIALS_IN_ALL // max(n_trials, 1), FEWEST_REPLICATES, MOST_REPLICATES))


def speaker_counts(n_speakers: int, *, n_replicates: int, seed: int) -> np.ndarray:
    """How often each speaker is drawn: int array (n_replicates, n_speakers), rows sum to n_speakers."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(n_speakers, np.full(n_speakers, 1 / n_speakers), size=n_replicates)


def resampled_rates(
    trials: SortedTrials, speakers: TrialSpeakers, *, counts: np.ndarray, thresholds: Sequence[float], p_target: float
) -> np.ndarray:
    """EER and minDCF, then FAR and FRR at each threshold, of each replicate: float array (n_replicates, 2 + 2 * n_thresholds).

    NaN where a draw leaves no trial of a kind.

    Args:
        trials: sorted.
        speakers: of the trials, in sorted order.
        counts: int array (n_replicates, n_speakers), as `speaker_counts` draws them.
        thresholds: of FAR and FRR; they stay where they are, as that of a deployed verifier does.
        p_target: of minDCF.
    """
    errors = [tuple(np.flatnonzero(kind) for kind in trials.errors_at(threshold)) for threshold in thresholds]
    targets = np.flatnonzero(trials.is_target)
    out = np.full((len(counts), 2 + 2 * len(thresholds)), np.nan)
    for row, drawn in enumerate(counts):
        weights = speakers.weights(drawn)
        curve = trials.curve(weights)
        n_target = int(weights[targets].sum())
        n_nontarget = int(weights.sum()) - n_target
        out[row, 0] = curve.crossing[0]
        out[row, 1] = curve.least_cost(p_target=p_target)[0]
        for place, (far, frr) in enumerate(errors):
            out[row, 2 + 2 * place] = weights[far].sum() / n_nontarget if n_nontarget else np.nan
            out[row, 3 + 2 * place] = weights[frr].sum() / n_target if n_target else np.nan
    return out
