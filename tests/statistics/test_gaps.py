"""Gaps: every convention by hand, Welch against scipy, the delta method against a bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fairasr.core import Gaps
from fairasr.statistics import BOTTOM, MIDDLE, TOP, band_gaps, band_statistic, pooled_rates
from fairasr.statistics.gaps import difference, log_ratio


def gaps_of(errors: np.ndarray, words: np.ndarray, bands: np.ndarray, *, min_speakers: int = 2, widening: float = 1.0) -> Gaps:
    return band_gaps(
        errors, words, bands, basis="confirmation", bottom=("b",), top=("t",), min_speakers=min_speakers, widening=widening
    )


ERRORS = np.array([4, 8, 6, 2, 1, 3, 5, 4])
WORDS = np.array([20, 20, 20, 20, 20, 20, 20, 20])
BANDS = np.array([BOTTOM, BOTTOM, BOTTOM, TOP, TOP, TOP, MIDDLE, -1])
"""Bottom 18/60 = 0.3, top 6/60 = 0.1, rest 15/100 = 0.15, all 33/160."""


def test_every_convention_is_that_of_the_hand_computation() -> None:
    gaps = gaps_of(ERRORS, WORDS, BANDS)
    assert gaps.bottom_rate.value == pytest.approx(0.3)
    assert gaps.top_rate.value == pytest.approx(0.1)
    assert gaps.overall_rate.value == pytest.approx(33 / 160)
    assert gaps.relative_to_top.value == pytest.approx(2.0)
    assert gaps.relative_to_bottom.value == pytest.approx(2 / 3)
    assert gaps.relative_to_overall.value == pytest.approx(0.3 / (33 / 160) - 1)
    assert gaps.difference_to_overall.value == pytest.approx(0.3 - 33 / 160)
    assert gaps.difference_to_rest.value == pytest.approx(0.15)
    assert (gaps.bottom_n_speakers, gaps.top_n_speakers, gaps.n_speakers) == (3, 3, 8)
    assert gaps.bottom_share_speakers == pytest.approx(3 / 8)
    assert gaps.bottom_share_words == pytest.approx(60 / 160)


def test_the_gap_to_overall_is_the_rate_over_the_overall_rate_also_where_speech_is_unequal() -> None:
    generator = np.random.default_rng(2)
    words = generator.integers(5, 400, 60)
    errors, bands = generator.binomial(words, 0.2), generator.integers(-1, 3, 60)
    gaps = gaps_of(errors, words, bands)
    overall, bottom = errors.sum() / words.sum(), errors[bands == BOTTOM].sum() / words[bands == BOTTOM].sum()
    assert gaps.relative_to_overall.value == pytest.approx(bottom / overall - 1)
    assert gaps.difference_to_overall.value == pytest.approx(bottom - overall)


def test_both_relative_conventions_are_one_interval_read_from_either_side() -> None:
    gaps = gaps_of(ERRORS, WORDS, BANDS)
    for end in ("lo", "value", "hi"):
        ratio = 1 + getattr(gaps.relative_to_top, end)
        assert getattr(gaps.relative_to_bottom, end) == pytest.approx(1 - 1 / ratio)


def test_the_log_ratio_and_its_error_are_those_of_the_hand_computation() -> None:
    """Variances over speakers: bottom 3/2 * (4 + 4 + 0) / 60^2, top 3/2 * (0 + 1 + 1) / 60^2; relative: over 0.09 and 0.01."""
    contrast = log_ratio(pooled_rates(ERRORS, WORDS, BANDS, 3), BOTTOM, TOP)
    bottom, top = 12 / 3600 / 0.09, 3 / 3600 / 0.01
    assert contrast.value == pytest.approx(np.log(3))
    assert contrast.error == pytest.approx(np.sqrt(bottom + top))
    assert contrast.freedom == pytest.approx((bottom + top) ** 2 / (bottom**2 / 2 + top**2 / 2))


@pytest.mark.parametrize("seed", range(5))
def test_the_difference_is_welchs_where_all_speakers_say_equally_much(seed: int) -> None:
    generator = np.random.default_rng(seed)
    errors, words = generator.binomial(50, 0.2, 30), np.full(30, 50)
    bands = np.repeat([0, 1], [9, 21])
    contrast = difference(pooled_rates(errors, words, bands, 2), 0, 1)
    welch = stats.ttest_ind(errors[:9] / 50, errors[9:] / 50, equal_var=False)
    interval, expected = contrast.interval(), welch.confidence_interval(0.95)
    assert contrast.value / contrast.error == pytest.approx(welch.statistic)
    assert contrast.freedom == pytest.approx(welch.df)
    assert (interval.lo, interval.hi) == pytest.approx((expected.low, expected.high))


def test_the_delta_method_agrees_with_a_bootstrap_of_speakers() -> None:
    generator = np.random.default_rng(3)
    words = generator.integers(20, 300, 240)
    errors = generator.poisson(words * 0.15 * generator.gamma(4, 0.25, 240))
    bands = np.repeat([BOTTOM, TOP], [100, 140])
    contrast = log_ratio(pooled_rates(errors, words, bands, 2), BOTTOM, TOP)
    resampled = []
    for _ in range(4_000):
        bottom, top = generator.integers(0, 100, 100), generator.integers(100, 240, 140)
        ratio = errors[bottom].sum() / words[bottom].sum() / (errors[top].sum() / words[top].sum())
        resampled.append(np.log(ratio))
    assert contrast.error == pytest.approx(np.std(resampled), rel=0.05)


def test_widening_multiplies_the_reach_of_the_interval_on_the_log_scale() -> None:
    narrow, wide = (gaps_of(ERRORS, WORDS, BANDS, widening=w).relative_to_top for w in (1.0, 1.5))
    assert narrow.value == wide.value
    for end in ("lo", "hi"):
        reaches = [np.log1p(getattr(gap, end)) - np.log1p(gap.value) for gap in (narrow, wide)]
        assert reaches[1] == pytest.approx(1.5 * reaches[0])


def test_widening_widens_the_rates_of_the_bands_by_as_much() -> None:
    for band in ("bottom_rate", "top_rate"):
        narrow, wide = (getattr(gaps_of(ERRORS, WORDS, BANDS, widening=w), band) for w in (1.0, 1.5))
        assert np.log(wide.hi / wide.value) == pytest.approx(1.5 * np.log(narrow.hi / narrow.value))


def test_the_statistic_of_permutation_tests_is_the_studentised_difference() -> None:
    expected = 0.2 / np.sqrt(12 / 3600 + 3 / 3600)
    assert band_statistic(ERRORS, WORDS, BANDS) == pytest.approx(expected)


def test_a_side_without_errors_has_no_ratio_and_a_difference_all_the_same() -> None:
    errors = np.where(BANDS == TOP, 0, ERRORS)
    gaps = gaps_of(errors, WORDS, BANDS)
    assert np.isnan([gaps.relative_to_top.value, gaps.relative_to_bottom.value]).all()
    assert gaps.top_rate.value == 0.0
    assert gaps.difference_to_rest.is_known
    assert band_statistic(errors, WORDS, BANDS) == pytest.approx(0.3 / np.sqrt(12 / 3600))


def test_a_side_without_words_has_no_gap() -> None:
    gaps = gaps_of(np.where(BANDS == TOP, 0, ERRORS), np.where(BANDS == TOP, 0, WORDS), BANDS)
    assert np.isnan([gaps.top_rate.value, gaps.relative_to_top.value]).all()


@pytest.mark.parametrize("band", [BOTTOM, TOP])
def test_a_side_of_too_few_speakers_has_no_estimate_and_no_size_that_would_give_it_away(band: int) -> None:
    bands = BANDS.copy()
    bands[np.flatnonzero(bands == band)[0]] = MIDDLE
    gaps = gaps_of(ERRORS, WORDS, bands, min_speakers=3)
    assert np.isnan([gaps.relative_to_top.value, gaps.relative_to_top.lo, gaps.relative_to_bottom.hi]).all()
    assert np.isnan((gaps.bottom_rate if band == BOTTOM else gaps.top_rate).value)
    assert np.isnan([gaps.bottom_n_speakers, gaps.top_n_speakers, gaps.bottom_share_speakers, gaps.bottom_share_words]).all()
    assert np.isnan(gaps.difference_to_rest.value)
    assert np.isnan(gaps.relative_to_overall.value), "its interval would give the share of words away"
    assert gaps.difference_to_overall.is_known == (band == TOP)


def test_a_band_with_a_suppressed_cohort_keeps_its_rates_and_withholds_sizes_shares_and_the_difference_to_the_rest() -> None:
    told, withheld = (
        band_gaps(ERRORS, WORDS, BANDS, basis="", bottom=(), top=(), min_speakers=2, is_withholding=is_withholding)
        for is_withholding in (False, True)
    )
    assert withheld.relative_to_top == told.relative_to_top
    assert withheld.bottom_rate == told.bottom_rate
    assert told.difference_to_rest.is_known
    assert np.isnan([withheld.bottom_n_speakers, withheld.top_n_speakers, withheld.bottom_share_words]).all()
    assert np.isnan([withheld.bottom_share_speakers, withheld.difference_to_rest.value]).all()


def test_one_speaker_on_a_side_has_a_gap_and_no_interval() -> None:
    bands = np.array([BOTTOM, TOP, TOP, TOP, MIDDLE, MIDDLE, MIDDLE, MIDDLE])
    gaps = gaps_of(ERRORS, WORDS, bands, min_speakers=1)
    assert gaps.relative_to_top.value == pytest.approx(4 / (16 / 3) - 1)
    assert np.isnan([gaps.relative_to_top.lo, gaps.relative_to_top.hi]).all()
