"""Empirical Bayes: DerSimonian-Laird by hand, less error than raw rates over many worlds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fairasr.statistics import pooled_rates, shrunken_rates
from fairasr.testing import null_world
from fairasr.testing.count_worlds import BASE_RATE


def test_dersimonian_and_laird_give_the_hand_computation() -> None:
    """w = 0.1, 0.2, 0.5 and v = 0.01, 0.01, 0.02: precisions 100, 100, 50, fixed mean 0.22, Q = 1.44 + 0.04 + 3.92 = 5.4.

    tau^2 = (5.4 - 2) / (250 - 22500 / 250) = 3.4 / 160 = 0.02125; weights 32, 32, 24.24...; trust 0.68, 0.68, 0.5151...
    """
    weights = np.array([1 / 0.03125, 1 / 0.03125, 1 / 0.04125])
    mean = (weights @ [0.1, 0.2, 0.5]) / weights.sum()
    expected = [mean + 0.68 * (0.1 - mean), mean + 0.68 * (0.2 - mean), mean + 0.02125 / 0.04125 * (0.5 - mean)]
    np.testing.assert_allclose(shrunken_rates(np.array([0.1, 0.2, 0.5]), np.array([0.01, 0.01, 0.02])), expected)


def test_rates_that_differ_no_more_than_their_errors_all_become_the_mean() -> None:
    rates, variances = np.array([0.1, 0.12, 0.11]), np.array([0.01, 0.02, 0.04])
    mean = (rates / variances).sum() / (1 / variances).sum()
    np.testing.assert_allclose(shrunken_rates(rates, variances), [mean] * 3)


def test_a_cohort_without_a_variance_becomes_the_mean_and_one_without_a_rate_stays_nan() -> None:
    rates = np.array([0.1, 0.2, 0.5, 0.9, np.nan])
    shrunken = shrunken_rates(rates, np.array([0.01, 0.01, 0.02, np.nan, np.nan]))
    np.testing.assert_allclose(shrunken[:3], shrunken_rates(rates[:3], np.array([0.01, 0.01, 0.02])))
    weights = np.array([1 / 0.03125, 1 / 0.03125, 1 / 0.04125])
    assert shrunken[3] == pytest.approx((weights @ rates[:3]) / weights.sum())
    assert np.isnan(shrunken[4])


def test_one_cohort_keeps_its_rate() -> None:
    np.testing.assert_array_equal(shrunken_rates(np.array([0.3]), np.array([0.01])), [0.3])


def test_cohorts_of_one_sure_rate_are_not_moved() -> None:
    rates = np.array([0.1, 0.2, 0.4])
    np.testing.assert_allclose(shrunken_rates(rates, np.full(3, 1e-12)), rates, rtol=1e-6)


@pytest.mark.rates
def test_shrunken_rates_err_less_than_raw_rates() -> None:
    """Thirty cohorts of 3 to 40 speakers whose true rates differ by a fifth; squared errors paired by world."""
    generator = np.random.default_rng(5)
    gains = []
    for seed in range(200):
        sizes = generator.integers(3, 41, 30)
        codes = np.repeat(np.arange(30), sizes)
        true = BASE_RATE * generator.lognormal(0, 0.2, 30)
        counts = null_world(int(sizes.sum()), seed=seed).counts
        assert counts is not None
        errors = generator.binomial(counts.numerators, (true / true.max())[codes])
        rates = pooled_rates(errors, counts.denominators, codes, 30)
        truth = BASE_RATE * true / true.max()
        raw, shrunken = (((r - truth) ** 2).mean() for r in (rates.rate, shrunken_rates(rates.rate, rates.variance)))
        gains.append(1 - shrunken / raw)
    interval = stats.t.interval(0.999, len(gains) - 1, loc=np.mean(gains), scale=stats.sem(gains))
    share_better = np.mean(np.array(gains) > 0)
    print(f"empirical Bayes: mean squared error lower by {np.mean(gains):.0%} on average, in {share_better:.0%} of worlds")
    assert interval[0] > 0
