"""Permutation tests over speakers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from fairasr.statistics.rates import CONFIDENCE

Statistic = Callable[[np.ndarray, np.ndarray], float]
"""Errors and words of every speaker, int arrays (n_speakers,) -> a number that is large where there is a gap."""

BLOCK = 1 << 21
ROUNDING = 1e-12
NORMAL_REACH = float(stats.norm.ppf((1 + CONFIDENCE) / 2))


@dataclass(frozen=True, kw_only=True)
class ProcedureTest:
    """A procedure's permutation test.

    Attributes:
        p_value: one-sided, (M + 1) / (R + 1); NaN where the procedure finds nothing to compare.
        widening: what its 95 % interval must be widened by to hold the null gap in 95 % of the permutations, at least 1.
    """

    p_value: float
    widening: float


def procedure_test(
    statistic: Statistic,
    numerators: np.ndarray,
    denominators: np.ndarray,
    *,
    n_permutations: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> ProcedureTest:
    """Test a whole procedure by permuting speakers.

    Null: where a speaker is, how they sound and what they declare says nothing about their rate; alternative: the
    procedure finds a gap. Each permutation deals the speakers' counts out anew over their covariates and runs the whole
    procedure again, so that the search itself is accounted for.

    The permuted statistics also say how far a studentised gap strays when there is none. A cross-fitted one strays
    further than its standard error admits, because the folds pick their worst cohorts from overlapping speakers: with
    eight equal groups of 600 speakers its standard deviation is 1.4, not 1, and nominal 95 % intervals cover 84 %.
    """
    observed = statistic(numerators, denominators)
    if np.isnan(observed):
        return ProcedureTest(p_value=float("nan"), widening=1.0)
    generator = np.random.default_rng(seed)
    permuted = np.empty(n_permutations)
    for done in range(n_permutations):
        dealt = generator.permutation(len(numerators))
        permuted[done] = statistic(numerators[dealt], denominators[dealt])
        if progress is not None:
            progress(done + 1, n_permutations)
    exceeding = int((~(permuted < observed)).sum())
    strays = np.sort(np.abs(permuted[np.isfinite(permuted)]))
    # The rank at which a further draw stays below with 95 %, as for the p-value.
    rank = min(len(strays), int(np.ceil(CONFIDENCE * (len(strays) + 1))))
    widening = float(strays[rank - 1]) / NORMAL_REACH if len(strays) else 1.0
    return ProcedureTest(p_value=(exceeding + 1) / (n_permutations + 1), widening=max(1.0, widening))


def cohort_p(
    numerators: np.ndarray, denominators: np.ndarray, codes: np.ndarray, n_cohorts: int, *, n_permutations: int, seed: int
) -> np.ndarray:
    """Two-sided p of each cohort against all other speakers: float array (n_cohorts,), NaN where it cannot be tested.

    Null: which speaker is in the cohort does not matter for the rate; alternative: the cohort's rate is another one. The
    statistic is the studentised difference of pooled rates, so that cohorts of unequal size and speech are comparable.

    Args:
        numerators: int array (n_speakers,), errors.
        denominators: int array (n_speakers,), words.
        codes: int array (n_speakers,), cohort of each, -1 for none (such speakers are among "all others").
        n_cohorts: how many cohorts there are.
        n_permutations: R; p cannot be below 1 / (R + 1).
        seed: of the permutations.
    """
    inside = np.argsort(codes, kind="stable")
    counts = np.bincount(codes[codes >= 0], minlength=n_cohorts)
    starts = np.r_[0, np.cumsum(counts)[:-1]] + int((codes < 0).sum())
    filled = np.flatnonzero(counts > 0)
    e, n = numerators[inside].astype(float), denominators[inside].astype(float)
    products = np.stack([e, n, e * e, e * n, n * n])
    totals = products.sum(axis=1)
    generator = np.random.default_rng(seed)

    def statistics_of(order: np.ndarray) -> np.ndarray:
        sums = np.stack([np.add.reduceat(product[order], starts[filled], axis=1) for product in products])
        return _studentised(sums, totals[:, None, None], counts[filled], len(e))

    # reduceat sums to the next start, so speakers without a cohort must come first, as the sort puts them.
    observed = np.abs(statistics_of(np.arange(len(e))[None, :])[0])
    exceeding = np.zeros(len(filled))
    rows = max(1, BLOCK // max(1, len(e)))
    for start in range(0, n_permutations, rows):
        block = np.tile(np.arange(len(e)), (min(rows, n_permutations - start), 1))
        permuted = np.abs(statistics_of(generator.permuted(block, axis=1)))
        exceeding += (~(permuted < observed - 1e-12)).sum(axis=0)
    p_values = np.full(n_cohorts, np.nan)
    p_values[filled] = np.where(np.isnan(observed), np.nan, (exceeding + 1) / (n_permutations + 1))
    return p_values


def _studentised(sums: np.ndarray, totals: np.ndarray, sizes: np.ndarray, n_speakers: int) -> np.ndarray:
    """(rate - rate of the rest) / standard error from sums of E, N, EE, EN, NN: float array (R, G)."""
    rest = totals - sums
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = []
        for (e, n, ee, en, nn), size in ((sums, sizes), (rest, n_speakers - sizes)):
            rate = e / n
            residual = ee - 2 * rate * en + rate**2 * nn
            # Where speakers err exactly alike, rounding would decide between no variance and a tiny one.
            residual = np.where(residual > ROUNDING * (ee + rate**2 * nn), residual, 0.0)
            parts.append((rate, np.where(size > 1, size / (size - 1) * residual / n**2, np.nan)))
        (rate, variance), (rate_rest, variance_rest) = parts
        studentised: np.ndarray = (rate - rate_rest) / np.sqrt(variance + variance_rest)
        return studentised
