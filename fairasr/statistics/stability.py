"""Would other speakers have given the same cohorts?"""

from __future__ import annotations

import numpy as np
from scipy import stats


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's correlation of cohort rates on two halves of the speakers; NaN below 3 cohorts with a rate on both."""
    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < 3:
        return float("nan")
    a, b = stats.rankdata(first[known]), stats.rankdata(second[known])
    if a.std() == 0 or b.std() == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])
