"""Rates over many seeds: is what was counted compatible with the rate that was promised?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

UNLUCKY = 0.001
"""A promised rate fails its check by bad luck this often: its 99.9 % binomial region, half of the rest on each side."""


def require_rate(hits: Sequence[bool] | np.ndarray, *, low: float = 0.0, high: float = 1.0, what: str) -> None:
    """Assert that the hits are compatible with some rate in [low, high].

    The count must lie inside the exact 99.9 % binomial region of at least one of these rates; the regions grow with the
    rate, so the ends decide.

    Args:
        hits: one bool per world.
        low: smallest rate promised.
        high: largest rate promised.
        what: for the message; printed with the rate, so that `pytest -rP` lists all of them.
    """
    n_hits, n_worlds = int(np.sum(hits)), len(hits)
    wording = f"{what}: {n_hits} of {n_worlds} worlds ({n_hits / n_worlds:.1%}), promised {low:.1%} to {high:.1%}"
    print(wording)
    assert stats.binom.cdf(n_hits, n_worlds, low) >= UNLUCKY / 2, f"too few: {wording}"
    assert stats.binom.sf(n_hits - 1, n_worlds, high) >= UNLUCKY / 2, f"too many: {wording}"
