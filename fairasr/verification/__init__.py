"""Verification of speakers: error rates of trials, their intervals by speaker, trials made from a manifest.

A trial is a pair of utterances with a score and a truth: one speaker (target) or two (non-target).
"""

from fairasr.verification.crossed import crossed_table
from fairasr.verification.intervals import Replicates, difference_estimate, rate_estimate, spread_estimate
from fairasr.verification.made_trials import MadeTrials, cosine_scores, made_trials
from fairasr.verification.measured import Measured, measured
from fairasr.verification.rates import Curve, SortedTrials
from fairasr.verification.resampling import TrialSpeakers, n_replicates, speaker_counts

__all__ = [
    "Curve",
    "MadeTrials",
    "Measured",
    "Replicates",
    "SortedTrials",
    "TrialSpeakers",
    "cosine_scores",
    "crossed_table",
    "difference_estimate",
    "made_trials",
    "measured",
    "n_replicates",
    "rate_estimate",
    "speaker_counts",
    "spread_estimate",
]
