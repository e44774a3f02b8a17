"""Adjusting p-values for how many were looked at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm-adjusted p-values (family-wise error): float array like `p_values`; NaN stays NaN and is not counted."""
    return _adjusted(p_values, lambda p: np.minimum(1.0, np.maximum.accumulate(p * np.arange(len(p), 0, -1))))


def benjamini_hochberg(p_values: np.ndarray) -> np.ndarray:
    """Benjamini-Hochberg-adjusted p-values (false discovery rate): float array like `p_values`; NaN stays NaN "
    "and is not counted."""
    return _adjusted(
        p_values, lambda p: np.minimum(1.0, np.minimum.accumulate((p * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1])
    )


def _adjusted(p_values: np.ndarray, rule: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    p_values = np.asarray(p_values, dtype=float)
    known = np.flatnonzero(~np.isnan(p_values))
    ascending = known[np.argsort(p_values[known], kind="stable")]
    out = np.full(len(p_values), np.nan)
    out[ascending] = rule(p_values[ascending])
    return out
