"""Bands of ranks, splits of speakers, stability: by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import adjusted_rand_score

from fairasr.core.agreement import adjusted_rand
from fairasr.statistics import BOTTOM, MIDDLE, TOP, rank_bands, rank_correlation, split_speakers


def bands_of(rates: list[float], sizes: list[int], *, share: float = 0.1, min_speakers: int = 1) -> list[int]:
    """Bands of cohorts in which every speaker says 100 words at the cohort's rate."""
    codes = np.repeat(np.arange(len(rates)), sizes)
    errors = np.round(100 * np.array(rates))[codes].astype(int)
    bands: list[int] = rank_bands(
        errors, np.full(len(codes), 100), codes, len(rates), share=share, min_speakers=min_speakers
    ).tolist()
    return bands


def test_the_worst_cohorts_are_pooled_until_they_hold_the_share_and_the_best_likewise() -> None:
    """100 speakers, a tenth is 10: worst 4 + 6 hold it, best 7 + 3 hold it."""
    bands = bands_of([0.5, 0.1, 0.4, 0.3, 0.12, 0.2], [4, 7, 6, 40, 3, 40], share=0.1)
    assert bands == [BOTTOM, TOP, BOTTOM, MIDDLE, TOP, MIDDLE]


def test_a_band_that_holds_exactly_the_share_takes_no_further_cohort() -> None:
    assert bands_of([0.5, 0.4, 0.3, 0.2], [10, 40, 40, 10]) == [BOTTOM, MIDDLE, MIDDLE, TOP]


def test_two_cohorts_are_one_bottom_and_one_top_however_large() -> None:
    assert bands_of([0.1, 0.2], [99, 1], share=0.4) == [TOP, BOTTOM]


def test_no_cohort_is_bottom_and_top_at_once() -> None:
    assert bands_of([0.3, 0.2, 0.1], [1, 1, 98], share=0.45) == [BOTTOM, BOTTOM, TOP]


def test_cohorts_of_few_speakers_are_not_ranked_and_do_not_count_for_the_share() -> None:
    assert bands_of([0.9, 0.5, 0.3, 0.1], [4, 10, 80, 10], min_speakers=5) == [-1, BOTTOM, MIDDLE, TOP]


def test_fewer_than_two_cohorts_that_can_be_ranked_make_no_bands() -> None:
    assert bands_of([0.5, 0.1], [3, 50], min_speakers=5) == [-1, -1]


def test_a_cohort_without_words_is_not_ranked() -> None:
    bands = rank_bands(np.array([0, 5, 1]), np.array([0, 10, 10]), np.array([0, 1, 2]), 3, share=0.1, min_speakers=1)
    assert bands.tolist() == [-1, BOTTOM, TOP]


def test_equal_rates_are_ranked_by_the_order_of_the_cohorts() -> None:
    assert bands_of([0.2, 0.2, 0.2], [10, 10, 10]) == [BOTTOM, MIDDLE, TOP]


@pytest.mark.parametrize(("n_speakers", "n_parts"), [(100, 2), (101, 2), (97, 5), (3, 5), (1, 2), (0, 2)])
def test_parts_differ_by_at_most_one_speaker(n_speakers: int, n_parts: int) -> None:
    words = np.random.default_rng(0).integers(1, 500, n_speakers)
    parts = split_speakers(words, n_parts=n_parts, seed=1)
    sizes = np.bincount(parts, minlength=n_parts)
    assert len(parts) == n_speakers
    assert sizes.sum() == n_speakers
    assert sizes.max() - sizes.min() <= 1


def test_parts_have_nearly_the_same_number_of_words() -> None:
    """Each run of neighbours gives one to every part, so the sums differ by at most the largest amount."""
    words = np.random.default_rng(2).lognormal(4, 1.5, 400).astype(int)
    for seed in range(20):
        sums = np.bincount(split_speakers(words, n_parts=2, seed=seed), weights=words)
        assert abs(sums[0] - sums[1]) <= words.max()


def test_a_seed_gives_one_split_and_another_seed_another() -> None:
    words = np.arange(50)
    first = split_speakers(words, n_parts=2, seed=1)
    np.testing.assert_array_equal(first, split_speakers(words, n_parts=2, seed=1))
    assert (first != split_speakers(words, n_parts=2, seed=2)).any()


def test_every_speaker_is_as_likely_in_either_part() -> None:
    shares = np.mean([split_speakers(np.arange(20), n_parts=2, seed=seed) for seed in range(2_000)], axis=0)
    assert stats.binom.sf(np.abs(shares - 0.5).max() * 2_000 + 1_000 - 1, 2_000, 0.5) > 1e-5


@pytest.mark.parametrize("seed", range(20))
def test_the_adjusted_rand_index_is_that_of_scikit_learn(seed: int) -> None:
    generator = np.random.default_rng(seed)
    first = generator.integers(0, generator.integers(1, 8), 60)
    second = np.where(generator.random(60) < 0.6, first, generator.integers(0, 5, 60))
    names = np.array(list("abcdefgh"), dtype=object)
    assert adjusted_rand(names[first], second) == pytest.approx(adjusted_rand_score(first, second))


def test_labelings_of_one_cluster_or_of_one_speaker_each_agree_fully_with_themselves() -> None:
    for labels in (np.zeros(5, dtype=int), np.arange(5), np.array([0])):
        assert adjusted_rand(labels, labels) == 1.0


def test_the_rank_correlation_is_spearmans_over_cohorts_known_on_both_halves() -> None:
    first = np.array([0.1, np.nan, 0.3, 0.2, 0.5, 0.4])
    second = np.array([0.2, 0.9, 0.2, 0.1, 0.6, np.nan])
    expected = stats.spearmanr([0.1, 0.3, 0.2, 0.5], [0.2, 0.2, 0.1, 0.6]).statistic
    assert rank_correlation(first, second) == pytest.approx(expected)


def test_the_rank_correlation_of_two_cohorts_or_of_equal_rates_is_not_defined() -> None:
    assert np.isnan(rank_correlation(np.array([0.1, 0.2]), np.array([0.1, 0.2])))
    assert np.isnan(rank_correlation(np.array([0.1, 0.1, 0.1]), np.array([0.1, 0.2, 0.3])))
