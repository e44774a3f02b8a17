"""Gaps between two groups of speakers, every convention with its interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from fairasr.core import UNDEFINED, Estimate, Gaps
from fairasr.statistics.rates import CONFIDENCE, Rates, overall_rate, pooled_rates, rate_interval

BOTTOM, TOP, MIDDLE = 0, 1, 2
"""Codes of the bands: the worst cohorts, the best, all others."""


@dataclass(frozen=True)
class Contrast:
    """One scalar between two groups: value, standard error and degrees of freedom (Welch-Satterthwaite)."""

    value: float
    error: float
    freedom: float

    def interval(self, *, widening: float = 1.0) -> Estimate:
        """Value with its 95 % interval; `widening` multiplies the t quantile."""
        if not np.isfinite([self.value, self.error, self.freedom]).all():
            return Estimate(value=self.value, lo=np.nan, hi=np.nan)
        reach = widening * float(stats.t.ppf((1 + CONFIDENCE) / 2, self.freedom)) * self.error
        return Estimate(value=self.value, lo=self.value - reach, hi=self.value + reach)


def _welch(variances: Sequence[float], sizes: Sequence[int]) -> float:
    spread = sum(v**2 / (n - 1) for v, n in zip(variances, sizes, strict=True) if n > 1)
    return sum(variances) ** 2 / spread if spread > 0 else float("nan")


def log_ratio(rates: Rates, a: int, b: int) -> Contrast:
    """ln(rate a / rate b) of two disjoint cohorts (delta method); undefined where a rate is 0 or unknown."""
    w, v, n = rates.rate, rates.variance, rates.n_speakers
    if not (w[a] > 0 and w[b] > 0):
        return Contrast(np.nan, np.nan, np.nan)
    relative = [float(v[i] / w[i] ** 2) for i in (a, b)]
    return Contrast(float(np.log(w[a] / w[b])), float(np.sqrt(sum(relative))), _welch(relative, [int(n[a]), int(n[b])]))


def difference(rates: Rates, a: int, b: int) -> Contrast:
    """rate a - rate b of two disjoint cohorts."""
    variances = [float(rates.variance[i]) for i in (a, b)]
    sizes = [int(rates.n_speakers[a]), int(rates.n_speakers[b])]
    return Contrast(float(rates.rate[a] - rates.rate[b]), float(np.sqrt(sum(variances))), _welch(variances, sizes))


def band_gaps(
    numerators: np.ndarray,
    denominators: np.ndarray,
    bands: np.ndarray,
    *,
    basis: str,
    bottom: Sequence[str],
    top: Sequence[str],
    min_speakers: int,
    widening: float = 1.0,
    is_withholding: bool = False,
) -> Gaps:
    """Gap of the bottom band against the top band, the rest and all, on these speakers.

    Ratios are interval-estimated on the log scale, so that both relative conventions exclude 0 together. Against the
    overall rate, the bottom's share p of the words is held fixed: w_b / w = 1 / (p + (1 - p) w_rest / w_b), and
    w_b - w = (1 - p) (w_b - w_rest).

    Args:
        numerators: int array (n_speakers,), errors.
        denominators: int array (n_speakers,), words.
        bands: int array (n_speakers,) of BOTTOM, TOP, MIDDLE; -1 for speakers in no band (unplaced): they count in overall.
        basis: see `Gaps`.
        bottom: labels behind BOTTOM.
        top: labels behind TOP.
        min_speakers: a side with fewer speakers has no estimate (it would be suppressed as a cohort).
        widening: of the gaps' intervals, for procedures whose estimates spread more than their speakers alone explain (see
            `ProcedureTest.widening`).
        is_withholding: a band holds a suppressed cohort, so sizes, shares and whatever they can be computed from are left out:
            with the rates of the table they would give the cohort away. They are left out too where a side or the rest is small.
    """
    rates = pooled_rates(numerators, denominators, bands, 3)
    rest = pooled_rates(numerators, denominators, np.where(bands == BOTTOM, 0, 1), 2)
    overall = overall_rate(numerators, denominators)
    words = float(denominators.sum())
    enough_bottom = rates.n_speakers[BOTTOM] >= min_speakers
    enough_top = rates.n_speakers[TOP] >= min_speakers
    against_top = log_ratio(rates, BOTTOM, TOP).interval(widening=widening) if enough_bottom and enough_top else UNDEFINED
    enough_rest = enough_bottom and rest.n_speakers[1] >= min_speakers
    against_rest = log_ratio(rest, 0, 1).interval(widening=widening) if enough_rest else UNDEFINED
    difference_to_rest = difference(rest, 0, 1).interval(widening=widening) if enough_rest else UNDEFINED
    sizes = (rates.n_speakers[BOTTOM], rates.n_speakers[TOP], rest.n_speakers[1])
    is_withholding = is_withholding or any(0 < n < min_speakers for n in sizes)
    share = float(rest.denominators[0] / words) if words else float("nan")
    return Gaps(
        basis=basis,
        bottom=tuple(bottom),
        top=tuple(top),
        bottom_rate=_band_rate(rates, BOTTOM, widening) if enough_bottom else UNDEFINED,
        top_rate=_band_rate(rates, TOP, widening) if enough_top else UNDEFINED,
        overall_rate=overall,
        relative_to_top=_mapped(against_top, lambda x: float(np.expm1(x))),
        relative_to_bottom=_mapped(against_top, lambda x: float(-np.expm1(-x))),
        relative_to_overall=UNDEFINED
        if is_withholding
        else _mapped(against_rest, lambda x: float(1 / (share + (1 - share) * np.exp(-x)) - 1)),
        difference_to_overall=_mapped(difference_to_rest, lambda x: (1 - share) * x),
        difference_to_rest=UNDEFINED if is_withholding else difference_to_rest,
        bottom_n_speakers=_unless(is_withholding, rates.n_speakers[BOTTOM]),
        top_n_speakers=_unless(is_withholding, rates.n_speakers[TOP]),
        n_speakers=len(bands),
        bottom_share_speakers=_unless(is_withholding or not len(bands), rates.n_speakers[BOTTOM] / max(1, len(bands))),
        bottom_share_words=_unless(is_withholding, share),
    )


def band_statistic(numerators: np.ndarray, denominators: np.ndarray, bands: np.ndarray) -> float:
    """Studentised difference bottom - top on these speakers; NaN where undefined. What permutation tests of a procedure compare.

    A difference, not a ratio, because it is defined where one side has no errors.
    """
    contrast = difference(pooled_rates(numerators, denominators, bands, 3), BOTTOM, TOP)
    return contrast.value / contrast.error if contrast.error > 0 else float("nan")


def _band_rate(rates: Rates, band: int, widening: float) -> Estimate:
    return rate_interval(float(rates.rate[band]), float(rates.variance[band]) * widening**2, int(rates.n_speakers[band]))


def _unless(is_withheld: bool, value: float) -> float:
    return float("nan") if is_withheld else float(value)


def _mapped(estimate: Estimate, increasing: Callable[[float], float]) -> Estimate:
    return Estimate(value=increasing(estimate.value), lo=increasing(estimate.lo), hi=increasing(estimate.hi))
