"""Pooled rates and their linearised intervals: by hand, against scipy, and as coverage over many groups of speakers."""

from __future__ import annotations

import numpy as np
import pytest
from rates import require_rate
from scipy import stats

from fairasr.statistics import overall_rate, pooled_rates, rate_interval
from fairasr.testing import null_world
from fairasr.testing.count_worlds import BASE_RATE

ONE_COHORT = np.zeros(3, dtype=int)


def test_the_linearised_variance_of_three_speakers_is_that_of_the_hand_computation() -> None:
    """E = 1, 4, 4 and N = 10, 20, 15: w = 9/45 = 0.2, residuals -1, 0, 1, v = 3/2 * 2 / 45^2."""
    rates = pooled_rates(np.array([1, 4, 4]), np.array([10, 20, 15]), ONE_COHORT, 1)
    assert rates.rate[0] == pytest.approx(0.2)
    assert rates.variance[0] == pytest.approx(3 / 2025)
    assert (rates.n_speakers[0], rates.numerators[0], rates.denominators[0]) == (3, 9, 45)


def test_the_interval_uses_the_t_quantile_with_one_degree_less_than_speakers() -> None:
    """t(0.975, 2) = 4.302653, from printed tables; sqrt(3 / 2025) = 0.0384900."""
    interval = rate_interval(0.9, 3 / 2025, 3)
    assert interval.value == 0.9
    # 4.302653 * 0.0384900 / 0.9 = 0.184010 on the log scale
    assert interval.lo == pytest.approx(0.9 * np.exp(-0.184010), abs=1e-6)
    assert interval.hi == pytest.approx(0.9 * np.exp(0.184010), abs=1e-6)


def test_the_interval_stays_above_zero_and_may_pass_one() -> None:
    assert rate_interval(0.01, 0.0001, 5).lo > 0.0
    assert rate_interval(0.99, 0.01, 5).hi > 1.0


def test_a_rate_of_zero_has_no_spread() -> None:
    interval = rate_interval(0.0, 0.0, 5)
    assert (interval.value, interval.lo, interval.hi) == (0.0, 0.0, 0.0)


def test_with_equal_words_the_ends_of_the_interval_are_a_textbook_reach_away_in_logarithms() -> None:
    generator = np.random.default_rng(1)
    errors, words = generator.integers(0, 30, 12), np.full(12, 40)
    interval = overall_rate(errors, words)
    mean = (errors / 40).mean()
    lo, hi = stats.t.interval(0.95, 11, loc=np.log(mean), scale=stats.sem(errors / 40) / mean)
    assert (interval.lo, interval.hi) == pytest.approx((np.exp(lo), np.exp(hi)))


def test_speakers_outside_every_cohort_count_nowhere() -> None:
    rates = pooled_rates(np.array([1, 5, 9]), np.array([10, 10, 10]), np.array([0, -1, 1]), 2)
    np.testing.assert_allclose(rates.rate, [0.1, 0.9])
    np.testing.assert_array_equal(rates.n_speakers, [1, 1])


def test_a_rate_over_no_words_is_nan_and_no_errors_are_a_rate_of_zero() -> None:
    rates = pooled_rates(np.array([3, 0, 0]), np.array([0, 10, 30]), np.array([0, 1, 1]), 3)
    np.testing.assert_array_equal(rates.rate, [np.nan, 0.0, np.nan])
    assert rates.variance[1] == 0.0


def test_one_speaker_has_a_rate_and_no_interval() -> None:
    interval = overall_rate(np.array([2]), np.array([10]))
    assert interval.value == pytest.approx(0.2)
    assert np.isnan([interval.lo, interval.hi]).all()
    assert not interval.is_known


def test_nobody_has_no_rate() -> None:
    assert np.isnan(overall_rate(np.array([], dtype=int), np.array([], dtype=int)).value)


@pytest.mark.rates
@pytest.mark.parametrize(("n_speakers", "n_groups"), [(3, 5_000), (5, 5_000), (10, 5_000), (50, 1_000)])
def test_intervals_of_few_and_many_speakers_cover_the_rate_they_were_drawn_from(n_speakers: int, n_groups: int) -> None:
    """Speakers differ (coefficient of variation 0.5) and say unequal amounts; the truth is the rate of the population."""
    counts = null_world(n_groups * n_speakers, seed=n_speakers).counts
    assert counts is not None
    groups = np.repeat(np.arange(n_groups), n_speakers)
    rates = pooled_rates(counts.numerators, counts.denominators, groups, n_groups)
    intervals = [rate_interval(rates.rate[g], rates.variance[g], n_speakers) for g in range(n_groups)]
    require_rate(
        [interval.lo <= BASE_RATE <= interval.hi for interval in intervals], low=0.9, what=f"95 % interval of {n_speakers} speakers"
    )
