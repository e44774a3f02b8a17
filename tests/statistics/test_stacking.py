"""Seeds of one system stacked: the mean of their rates, with speakers as the units."""

from __future__ import annotations

import numpy as np
import pytest
from changed_worlds import changed_world, counts_of

from fairasr.core.errors import StatisticsError
from fairasr.statistics import compare, paired, repeated, stacked

WORDS = np.array([20, 30, 25, 40])
BASE = np.array([5, 9, 4, 8])
SEEDS = [np.array([4, 8, 3, 9]), np.array([3, 9, 2, 6]), np.array([5, 5, 4, 6])]


def test_a_stack_has_the_mean_rate_of_its_seeds() -> None:
    """24, 20 and 20 errors of 115 words: (24 + 20 + 20) / 345."""
    stack = stacked([counts_of(f"seed {i}", WORDS, errors) for i, errors in enumerate(SEEDS)], system="new")
    assert stack.system == "new"
    assert stack.table["errors"].tolist() == [12, 22, 9, 21]
    assert stack.rate == pytest.approx((24 + 20 + 20) / 3 / 115)


def test_the_change_of_a_stack_is_the_mean_change_and_its_speakers_are_counted_once() -> None:
    seeds = [counts_of("new", WORDS, errors) for errors in SEEDS]
    row = compare(*paired([counts_of("base", WORDS, BASE)], seeds, names=("base", "new")), seed=0).changes.iloc[0]
    assert row["n_speakers"] == 4
    assert row["change"] == pytest.approx(np.mean([errors.sum() - 26 for errors in SEEDS]) / 115)


def test_copies_of_one_seed_tell_no_more_than_one() -> None:
    before, after, partition = changed_world({"a": 30, "b": 30}, {"a": 0.8}, seed=1)
    once = compare(before, after, partition, seed=0).changes
    thrice = compare(*paired([before], [after] * 3, names=("before", "after")), partition, seed=0).changes
    numbers = [column for column in once if column not in ("cohort", "role", "suppressed")]
    np.testing.assert_allclose(thrice[numbers].astype(float), once[numbers].astype(float))


def test_systems_with_other_numbers_of_seeds_are_repeated_to_the_same_words() -> None:
    two, three = [[counts_of("x", WORDS, errors) for errors in SEEDS[:n]] for n in (2, 3)]
    first, second = paired(two, three, names=("two", "three"))
    assert first.denominators.tolist() == second.denominators.tolist() == (6 * WORDS).tolist()
    assert first.rate == pytest.approx(44 / 230)
    assert repeated(first, 5).rate == first.rate


def test_seeds_scored_on_other_words_or_none_at_all_are_refused() -> None:
    with pytest.raises(StatisticsError, match="seed 2 of 2 of 'new' was not scored on the same"):
        stacked([counts_of("new", WORDS, BASE), counts_of("new", WORDS + 1, BASE)], system="new")
    with pytest.raises(StatisticsError, match="no seed"):
        stacked([], system="new")
