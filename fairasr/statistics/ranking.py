"""Which cohorts are the bottom and the top: ranks by the rate of the discovery speakers."""

from __future__ import annotations

import numpy as np

from fairasr.statistics.gaps import BOTTOM, MIDDLE, TOP
from fairasr.statistics.rates import pooled_rates


def rank_bands(
    numerators: np.ndarray, denominators: np.ndarray, codes: np.ndarray, n_cohorts: int, *, share: float, min_speakers: int
) -> np.ndarray:
    """Band of each cohort: int array (n_cohorts,) of BOTTOM, TOP, MIDDLE, or -1 where it cannot be ranked.

    Worst cohorts until they hold at least `share` of the ranked speakers are the bottom, best ones likewise the top
    (Dheram et al. 2022 take the worst clusters up to a tenth of the speakers). A cohort is never both.

    Args:
        numerators: int array (n_speakers,), errors of the discovery speakers.
        denominators: int array (n_speakers,), their words.
        codes: int array (n_speakers,), cohort of each, -1 for none.
        n_cohorts: how many cohorts there are.
        share: of speakers that a band must hold.
        min_speakers: cohorts with fewer discovery speakers are not ranked: their rate is mostly luck.
    """
    bands = np.full(n_cohorts, -1)
    rates = pooled_rates(numerators, denominators, codes, n_cohorts)
    ranked = np.flatnonzero((rates.n_speakers >= min_speakers) & np.isfinite(rates.rate))
    if len(ranked) < 2:
        return bands
    worst_first = ranked[np.lexsort((ranked, -rates.rate[ranked]))]
    wanted = share * rates.n_speakers[ranked].sum()
    held = np.cumsum(rates.n_speakers[worst_first])
    n_bottom = min(int(np.searchsorted(held, wanted - 1e-9)) + 1, len(worst_first) - 1)
    held_best = np.cumsum(rates.n_speakers[worst_first[::-1]])
    n_top = min(int(np.searchsorted(held_best, wanted - 1e-9)) + 1, len(worst_first) - n_bottom)
    bands[worst_first] = MIDDLE
    bands[worst_first[:n_bottom]] = BOTTOM
    bands[worst_first[len(worst_first) - n_top :]] = TOP
    return bands
