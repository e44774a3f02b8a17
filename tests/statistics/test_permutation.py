"""Permutation tests against full enumeration, and what a procedure's test says of its interval."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from fairasr.statistics import cohort_p, procedure_test

ERRORS = np.array([9, 7, 8, 2, 3, 1])
WORDS = np.array([30, 20, 25, 20, 40, 15])


def studentised(errors: np.ndarray, words: np.ndarray, inside: np.ndarray) -> float:
    """(rate inside - rate outside) / standard error, both variances n / (n - 1) * sum (E - w N)^2 / (sum N)^2."""
    rates, variances = [], []
    for side in (inside, ~inside):
        e, n = errors[side].astype(float), words[side].astype(float)
        rate = e.sum() / n.sum()
        rates.append(rate)
        variances.append(len(e) / (len(e) - 1) * ((e - rate * n) ** 2).sum() / n.sum() ** 2)
    return float((rates[0] - rates[1]) / np.sqrt(sum(variances)))


@pytest.mark.parametrize("codes", [[0, 0, 0, 1, 1, 1], [0, 1, 0, 1, 0, 1], [1, 1, 0, 0, 0, 0], [0, 0, -1, 1, 1, -1]], ids=str)
def test_the_p_of_a_cohort_is_that_of_all_720_orders_of_six_speakers(codes: list[int]) -> None:
    cohorts = np.array(codes)
    n_permutations = 20_000
    p_values = cohort_p(ERRORS, WORDS, cohorts, 2, n_permutations=n_permutations, seed=1)
    for cohort in (0, 1):
        observed = abs(studentised(ERRORS, WORDS, cohorts == cohort))
        every = [abs(studentised(ERRORS[list(order)], WORDS[list(order)], cohorts == cohort)) for order in permutations(range(6))]
        exact = np.mean(np.array(every) >= observed - 1e-9)
        assert p_values[cohort] == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / n_permutations) + 1 / n_permutations)


def test_the_smallest_p_is_one_over_permutations_and_one() -> None:
    errors, words = np.r_[np.full(30, 50), np.full(30, 1)] + np.arange(60) % 3, np.full(60, 100)
    p_values = cohort_p(errors, words, np.repeat([0, 1], 30), 2, n_permutations=199, seed=0)
    np.testing.assert_allclose(p_values, 1 / 200)


def test_a_cohort_that_is_empty_or_has_one_speaker_has_no_p() -> None:
    p_values = cohort_p(ERRORS, WORDS, np.array([0, 0, 0, 2, 3, 3]), 4, n_permutations=99, seed=0)
    assert np.isnan(p_values[[1, 2]]).all()
    assert np.isfinite(p_values[[0, 3]]).all()


def test_where_nobody_errs_no_cohort_has_a_p() -> None:
    assert np.isnan(cohort_p(np.zeros(8, dtype=int), np.full(8, 10), np.repeat([0, 1], 4), 2, n_permutations=19, seed=0)).all()


@pytest.mark.parametrize(("errors", "words"), [(2, 10), (7, 30), (1, 3)])
def test_speakers_alike_in_everything_have_no_p_because_nothing_varies(errors: int, words: int) -> None:
    codes = np.repeat([0, 1, 2], [4, 11, 15])
    assert np.isnan(cohort_p(np.full(30, errors), np.full(30, words), codes, 3, n_permutations=19, seed=0)).all()


def test_the_p_of_cohorts_does_not_depend_on_how_many_are_tested_at_once() -> None:
    """Two cohorts of the same speakers get the same p, whether or not the others are told apart."""
    codes = np.array([0, 0, 0, 1, 1, 2])
    p_three = cohort_p(ERRORS, WORDS, codes, 3, n_permutations=20_000, seed=3)[0]
    p_two = cohort_p(ERRORS, WORDS, np.minimum(codes, 1), 2, n_permutations=20_000, seed=4)[0]
    assert p_three == pytest.approx(p_two, abs=0.02)


def test_the_p_of_a_procedure_counts_the_permutations_that_reach_the_observed_gap() -> None:
    """Six speakers, statistic the errors of the first three: exactly enumerable."""
    observed = ERRORS[:3].sum()
    exact = np.mean([ERRORS[list(order)][:3].sum() >= observed for order in permutations(range(6))])
    test = procedure_test(lambda e, n: float(e[:3].sum()), ERRORS, WORDS, n_permutations=5_000, seed=0)
    assert test.p_value == pytest.approx(exact, abs=0.015)


def test_a_procedure_that_finds_nothing_has_no_p_and_no_widening() -> None:
    test = procedure_test(lambda e, n: float("nan"), ERRORS, WORDS, n_permutations=19, seed=0)
    assert np.isnan(test.p_value)
    assert test.widening == 1.0


def test_permutations_in_which_the_procedure_finds_nothing_count_against_the_gap() -> None:
    answers = iter([3.0, *[float("nan")] * 19])
    test = procedure_test(lambda e, n: next(answers), ERRORS, WORDS, n_permutations=19, seed=0)
    assert test.p_value == 1.0


@pytest.mark.parametrize(("spread", "expected"), [(2.0, 2.0), (1.0, 1.0), (0.5, 1.0)])
def test_the_widening_is_how_much_further_than_normal_the_permuted_statistics_stray(spread: float, expected: float) -> None:
    generator = np.random.default_rng(6)
    test = procedure_test(lambda e, n: float(generator.normal(0, spread)), ERRORS, WORDS, n_permutations=20_000, seed=0)
    assert test.widening == pytest.approx(expected, rel=0.03)


def test_speakers_are_dealt_out_whole() -> None:
    """Errors and words of a speaker stay together in every permutation."""
    pairs = set(zip(ERRORS.tolist(), WORDS.tolist(), strict=True))
    seen = []

    def statistic(errors: np.ndarray, words: np.ndarray) -> float:
        seen.append(set(zip(errors.tolist(), words.tolist(), strict=True)))
        return 0.0

    procedure_test(statistic, ERRORS, WORDS, n_permutations=10, seed=0)
    assert len(seen) == 11
    assert all(dealt == pairs for dealt in seen)
