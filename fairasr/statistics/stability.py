"""Would other speakers have given the same cohorts?"""

from __future__ import annotations

import numpy as np
from scipy import stats


def adjusted_rand(first: np.ndarray, second: np.ndarray) -> float:
    """Adjusted Rand index of two labelings of the same speakers (Hubert & Arabie 1985): 1 the same, about 0 unrelated."""
    _, a = np.unique(first, return_inverse=True)
    _, b = np.unique(second, return_inverse=True)
    table = np.bincount(a * (b.max() + 1) + b).astype(float)

    def pairs(counts: np.ndarray) -> float:
        return float((counts * (counts - 1) / 2).sum())

    together, in_first, in_second = pairs(table), pairs(np.bincount(a).astype(float)), pairs(np.bincount(b).astype(float))
    everyone = len(a) * (len(a) - 1) / 2
    expected = in_first * in_second / everyone if everyone else 0.0
    highest = (in_first + in_second) / 2
    return 1.0 if highest == expected else (together - expected) / (highest - expected)


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's correlation of cohort rates on two halves of the speakers; NaN below 3 cohorts with a rate on both."""
    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < 3:
        return float("nan")
    a, b = stats.rankdata(first[known]), stats.rankdata(second[known])
    if a.std() == 0 or b.std() == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])
