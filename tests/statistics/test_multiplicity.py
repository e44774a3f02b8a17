"""Holm and Benjamini-Hochberg: hand tables, scipy, NaN."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from fairasr.statistics import benjamini_hochberg, holm

Adjustment = Callable[[np.ndarray], np.ndarray]
BOTH = [holm, benjamini_hochberg]


def test_holm_gives_the_hand_table() -> None:
    """Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1: 0.02, 0.03, 0.06, 0.04; the last may not be below the one before."""
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])


def test_benjamini_hochberg_gives_the_hand_table() -> None:
    """Sorted 0.005, 0.01, 0.03, 0.04 times 4/1, 4/2, 4/3, 4/4: 0.02, 0.02, 0.04, 0.04."""
    np.testing.assert_allclose(benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.005])), [0.02, 0.04, 0.04, 0.02])


@pytest.mark.parametrize("seed", range(10))
def test_benjamini_hochberg_is_that_of_scipy(seed: int) -> None:
    p_values = np.random.default_rng(seed).random(25) ** 3
    p_values[3] = p_values[7]
    np.testing.assert_allclose(benjamini_hochberg(p_values), stats.false_discovery_control(p_values))


@pytest.mark.parametrize("seed", range(10))
def test_holm_rejects_what_its_stepwise_definition_rejects(seed: int) -> None:
    """Holm 1979: reject the smallest p while it is at most level / (hypotheses left), then stop."""
    p_values = np.random.default_rng(seed).random(12) ** 3
    adjusted = holm(p_values)
    for level in (0.01, 0.05, 0.2):
        rejected = set()
        for step, position in enumerate(np.argsort(p_values)):
            if p_values[position] > level / (len(p_values) - step):
                break
            rejected.add(int(position))
        assert set(np.flatnonzero(adjusted <= level)) == rejected


@pytest.mark.parametrize("adjust", BOTH)
def test_untested_cohorts_stay_nan_and_do_not_count(adjust: Adjustment) -> None:
    known = np.array([0.01, 0.2, 0.04])
    adjusted = adjust(np.array([np.nan, 0.01, 0.2, np.nan, 0.04]))
    np.testing.assert_allclose(adjusted[[1, 2, 4]], adjust(known))
    assert np.isnan(adjusted[[0, 3]]).all()


@pytest.mark.parametrize("adjust", BOTH)
def test_no_adjusted_value_exceeds_one_and_none_is_below_its_own(adjust: Adjustment) -> None:
    p_values = np.array([0.9, 0.95, 0.6, 1.0])
    assert (adjust(p_values) <= 1).all()
    assert (adjust(p_values) >= p_values).all()
    assert len(adjust(np.array([]))) == 0
