"""Do two labelings of the same speakers say the same?"""

from __future__ import annotations

import numpy as np


def adjusted_rand(first: np.ndarray, second: np.ndarray) -> float:
    """Adjusted Rand index of two labelings (n,): 1 the same up to names, about 0 by chance (Hubert & Arabie 1985, eq. 5)."""
    _, a = np.unique(first, return_inverse=True)
    _, b = np.unique(second, return_inverse=True)
    if not len(a):
        return float("nan")

    def pairs(counts: np.ndarray) -> float:
        return float((counts * (counts - 1.0) / 2).sum())

    together = pairs(np.bincount(a * (b.max() + 1) + b))
    in_first, in_second, everyone = pairs(np.bincount(a)), pairs(np.bincount(b)), pairs(np.array([len(a)]))
    expected = in_first * in_second / everyone if everyone else 0.0
    largest = (in_first + in_second) / 2
    return 1.0 if largest == expected else (together - expected) / (largest - expected)
