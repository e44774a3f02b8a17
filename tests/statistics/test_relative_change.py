"""The relative change: against another way to compute it, at its edges, and its coverage over many worlds."""

from __future__ import annotations

import numpy as np
import pytest
from changed_worlds import errors_after
from rates import require_rate
from scipy import optimize, stats

from fairasr.statistics.relative_change import relative_change

BEFORE = np.array([5, 9, 4, 8, 5, 7, 3, 6])
AFTER = np.array([4, 5, 5, 6, 2, 7, 2, 1])


def test_its_ends_are_where_the_paired_t_test_of_the_scaled_errors_turns() -> None:
    """The ratio t at which the t statistic of A - t B is 2.365, the 97.5 % quantile with 7 degrees of freedom; 1.895 one-sided."""

    def excess(ratio: float, level: float) -> float:
        return abs(float(stats.ttest_1samp(AFTER - ratio * BEFORE, 0).statistic)) - float(stats.t.ppf(level, 7))

    found = relative_change(BEFORE, AFTER, margin=0.01)
    point = AFTER.sum() / BEFORE.sum()
    assert found.value == pytest.approx(32 / 47 - 1)
    for level, low, high in ((0.975, found.lo, found.hi), (0.95, found.least, found.most)):
        assert low == pytest.approx(optimize.brentq(excess, 0.01, point, args=(level,)) - 1)
        assert high == pytest.approx(optimize.brentq(excess, point, 3, args=(level,)) - 1)


def test_the_p_of_harm_is_that_of_a_one_sided_t_test_beyond_the_margin() -> None:
    values = BEFORE - 1.05 * AFTER
    expected = stats.ttest_1samp(values, 0, alternative="greater").pvalue
    assert relative_change(AFTER, BEFORE, margin=0.05).p_harm == pytest.approx(expected)


def test_where_nothing_differs_up_to_three_changed_errors_may_be_expected() -> None:
    """exp(-3.0) = 0.05, so with 300 errors before a change of 1 % is just compatible with seeing none."""
    found = relative_change(np.full(10, 30), np.full(10, 30), margin=0.01)
    assert (found.value, found.p_harm) == (0.0, 1.0)
    assert found.most == pytest.approx(-np.log(0.05) / 300)
    assert found.most == pytest.approx(0.01, abs=2e-5)
    assert found.least == -found.most
    assert found.hi == pytest.approx(-np.log(0.025) / 300)
    assert relative_change(np.zeros(5, dtype=int), np.zeros(5, dtype=int), margin=0.01).most == np.inf


def test_one_error_among_ten_speakers_is_too_few_to_divide_by() -> None:
    found = relative_change(np.array([1] + [0] * 9), np.zeros(10, dtype=int), margin=0.01)
    assert (found.value, found.hi, found.most) == (-1.0, np.inf, np.inf)
    assert np.isnan(found.lo)
    assert np.isnan(relative_change(np.zeros(10, dtype=int), np.array([1] + [0] * 9), margin=0.01).value)


def test_a_speaker_alone_has_a_value_and_no_interval() -> None:
    found = relative_change(np.array([4]), np.array([5]), margin=0.01)
    assert (found.value, found.hi, found.p_harm) == (0.25, np.inf, 1.0)


@pytest.mark.rates
@pytest.mark.parametrize(("n_speakers", "ratio"), [(10, 1.1), (40, 0.8)])
def test_its_bounds_fail_as_often_as_they_promise(n_speakers: int, ratio: float) -> None:
    outside, below, above = [], [], []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        words = rng.integers(40, 160, n_speakers)
        rates = np.minimum(0.15 * np.exp(0.5 * rng.standard_normal(n_speakers)), 0.8)
        before = rng.binomial(words, rates)
        found = relative_change(before, errors_after(before, rates * words, ratio, rng), margin=0.01)
        outside.append(not found.lo <= ratio - 1 <= found.hi)
        below.append(not found.least <= ratio - 1)
        above.append(not ratio - 1 <= found.most)
    require_rate(outside, low=0.03, high=0.06, what="two-sided interval misses")
    require_rate(below, low=0.03, high=0.06, what="lower bound misses")
    require_rate(above, low=0.03, high=0.06, what="upper bound misses")
