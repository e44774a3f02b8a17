"""Rates for maps: small cohorts pulled towards the mean by what their numbers can bear."""

from __future__ import annotations

import numpy as np


def shrunken_rates(rates: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Cluster-aware empirical Bayes, w_EB = m + tau^2 / (tau^2 + v) (w - m): float array like `rates`.

    tau^2 by DerSimonian & Laird (1986), m the precision-weighted mean, v the linearised variance over speakers. A cohort
    without a variance takes no part in m and tau^2 and is shrunken to m; one without a rate stays NaN.

    Args:
        rates: float array (G,).
        variances: float array (G,), NaN where unknown.
    """
    usable = np.isfinite(rates) & np.isfinite(variances)
    if usable.sum() < 2:
        return rates.astype(float, copy=True)
    w, v = rates[usable], np.maximum(variances[usable], 1e-12)
    precision = 1 / v
    fixed_mean = (precision * w).sum() / precision.sum()
    heterogeneity = (precision * (w - fixed_mean) ** 2).sum() - (len(w) - 1)
    between = max(0.0, heterogeneity / (precision.sum() - (precision**2).sum() / precision.sum()))
    weights = 1 / (v + between)
    mean = (weights * w).sum() / weights.sum()
    trust = np.zeros(len(rates))
    trust[usable] = between / (between + v)
    return np.where(np.isfinite(rates), mean + trust * (rates - mean), np.nan)
