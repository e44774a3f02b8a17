"""Which cohorts may not be shown: those of few speakers, and those that would give a small one away."""

from __future__ import annotations

import numpy as np

SMALL = "small"
COMPLEMENTARY = "complementary"


def suppressed(n_speakers: np.ndarray, *, min_speakers: int) -> np.ndarray:
    """Reason why each cohort is hidden: object array (G,) of "", SMALL or COMPLEMENTARY.

    The overall rate is published, so one hidden cohort could be had by subtracting the others. Therefore the smallest
    shown cohorts are hidden too until at least two cohorts and `min_speakers` speakers are hidden together. Empty
    cohorts hide nobody.

    Args:
        n_speakers: int array (G,); the cohorts are disjoint and together they are everyone.
        min_speakers: fewest speakers that may be shown.
    """
    reasons = np.full(len(n_speakers), "", dtype=object)
    small = (n_speakers < min_speakers) & (n_speakers > 0)
    reasons[n_speakers < min_speakers] = SMALL
    hidden, n_hidden = int(small.sum()), int(n_speakers[small].sum())
    if not hidden:
        return reasons
    shown = np.flatnonzero(n_speakers >= min_speakers)
    for cohort in shown[np.argsort(n_speakers[shown], kind="stable")]:
        if hidden >= 2 and n_hidden >= min_speakers:
            break
        reasons[cohort] = COMPLEMENTARY
        hidden, n_hidden = hidden + 1, n_hidden + int(n_speakers[cohort])
    return reasons
