"""Pooled rates of cohorts and their linearised intervals. The speaker is the unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from fairasr.core import UNDEFINED, Estimate

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Rates:
    """Pooled rates of G cohorts.

    Attributes:
        rate: float (G,), sum of numerators / sum of denominators; NaN over nothing.
        variance: float (G,), linearised variance of the rate over speakers; NaN below 2 speakers.
        n_speakers: int (G,).
        numerators: int (G,).
        denominators: int (G,).
    """

    rate: np.ndarray
    variance: np.ndarray
    n_speakers: np.ndarray
    numerators: np.ndarray
    denominators: np.ndarray


def pooled_rates(numerators: np.ndarray, denominators: np.ndarray, codes: np.ndarray, n_cohorts: int) -> Rates:
    """Rates of cohorts from counts per speaker.

    v = n / (n - 1) * sum_s (E_s - w N_s)^2 / (sum_s N_s)^2: the ratio's linearised variance, speakers as clusters.

    Args:
        numerators: int array (n_speakers,), errors.
        denominators: int array (n_speakers,), words.
        codes: int array (n_speakers,), cohort 0..n_cohorts-1; -1 is in none.
        n_cohorts: G.
    """
    inside = codes >= 0
    e, n, g = numerators[inside].astype(float), denominators[inside].astype(float), codes[inside]
    total_e, total_n = np.bincount(g, e, n_cohorts), np.bincount(g, n, n_cohorts)
    speakers = np.bincount(g, minlength=n_cohorts)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.where(total_n > 0, total_e / total_n, np.nan)
        residual = np.bincount(g, (e - rate[g] * n) ** 2, n_cohorts)
        variance = np.where(speakers > 1, speakers / (speakers - 1) * residual / total_n**2, np.nan)
    return Rates(rate, variance, speakers, total_e.astype(np.int64), total_n.astype(np.int64))


def rate_interval(rate: float, variance: float, n_speakers: int) -> Estimate:
    """95 % interval of a pooled rate, t quantile with n - 1 degrees of freedom; undefined below 2 speakers.

    On the log scale, w exp(-+ t sqrt(v) / w), because rates of few speakers are skew: over 5,000 worlds it covers more at 3 to
    10 speakers than w -+ t sqrt(v), which fell to 89 %, and it does not fall below 0. A rate of 0 has no spread: [0, 0].
    """
    if not np.isfinite(rate) or not np.isfinite(variance):
        return Estimate(value=float(rate), lo=np.nan, hi=np.nan)
    if rate == 0:
        return Estimate(value=0.0, lo=0.0, hi=0.0)
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, n_speakers - 1)) * float(np.sqrt(variance)) / float(rate)
    return Estimate(value=float(rate), lo=float(rate * np.exp(-reach)), hi=float(rate * np.exp(reach)))


def overall_rate(numerators: np.ndarray, denominators: np.ndarray) -> Estimate:
    """Pooled rate of all speakers with its interval."""
    rates = pooled_rates(numerators, denominators, np.zeros(len(numerators), dtype=int), 1)
    if not len(numerators):
        return UNDEFINED
    return rate_interval(rates.rate[0], rates.variance[0], int(rates.n_speakers[0]))
