"""The schedule: evenly or by weights, one group a batch, the same for the same seed."""

import numpy as np
import pytest

from fairasr.core.errors import TrainingError
from fairasr.training.batches import batch_schedule, schedule_digest, share_of


def test_even_weights_see_every_row_equally_often() -> None:
    schedule = batch_schedule(weights=np.array([1.0, 0, 1, 1, 1, 1]), batch_size=2, n_steps=10, seed=3)
    drawn = np.bincount(np.concatenate(schedule), minlength=6)
    assert drawn.tolist() == [4, 0, 4, 4, 4, 4]
    firsts = np.concatenate(schedule)[:5]
    assert sorted(firsts) == [0, 2, 3, 4, 5], "no row twice before all were seen"


def test_weights_that_differ_in_the_last_bit_are_even() -> None:
    exact = np.array([0.3, 0.3, 0.3, 0.3])
    computed = np.array([0.1 + 0.2, 0.3, 0.3, 0.3])
    assert computed[0] != exact[0]
    assert schedule_digest(batch_schedule(weights=exact, batch_size=3, n_steps=5, seed=0)) == schedule_digest(
        batch_schedule(weights=computed, batch_size=3, n_steps=5, seed=0)
    )


def test_uneven_weights_are_chances() -> None:
    """3000 draws at 1 : 2 : 5; standard deviations below 28, so 120 is more than four of them."""
    schedule = batch_schedule(weights=np.array([1.0, 2, 0, 5]), batch_size=30, n_steps=100, seed=5)
    drawn = np.bincount(np.concatenate(schedule), minlength=4)
    assert drawn[2] == 0
    assert np.abs(drawn - 3000 * np.array([1, 2, 0, 5]) / 8).max() < 120


@pytest.mark.parametrize("weights", [np.ones(7), np.arange(7.0)], ids=["even", "uneven"])
@pytest.mark.parametrize("grouped", [False, True])
def test_the_seed_repeats_and_fewer_steps_are_the_beginning(weights: np.ndarray, *, grouped: bool) -> None:
    extra = {"groups": np.array(list("aabbbcc")), "durations_s": np.linspace(1, 4, 7)} if grouped else {}
    long = batch_schedule(weights=weights, batch_size=3, n_steps=40, seed=9, **extra)
    again = batch_schedule(weights=weights, batch_size=3, n_steps=40, seed=9, **extra)
    short = batch_schedule(weights=weights, batch_size=3, n_steps=11, seed=9, **extra)
    other = batch_schedule(weights=weights, batch_size=3, n_steps=40, seed=10, **extra)
    assert schedule_digest(long) == schedule_digest(again)
    assert schedule_digest(long[:11]) == schedule_digest(short)
    assert schedule_digest(long) != schedule_digest(other)


def test_the_digest_tells_where_batches_end() -> None:
    assert schedule_digest([np.array([1, 2]), np.array([3])]) != schedule_digest([np.array([1]), np.array([2, 3])])


def test_groups_take_turns_and_batches_are_of_matched_duration() -> None:
    generator = np.random.default_rng(0)
    durations_s = np.concatenate([generator.uniform(1, 2, 50), generator.uniform(5, 8, 30), generator.uniform(2, 3, 10)])
    groups = np.repeat(["short", "long", "rare"], [50, 30, 10])
    schedule = batch_schedule(weights=np.ones(90), batch_size=8, n_steps=60, seed=1, groups=groups, durations_s=durations_s)
    of = [set(groups[rows]) for rows in schedule]
    assert all(len(group) == 1 for group in of)
    names = [next(iter(group)) for group in of]
    assert all(set(names[i : i + 3]) == {"short", "long", "rare"} for i in range(0, 60, 3))
    wanted_s = 8 * durations_s.mean()
    for rows in schedule:
        assert abs(durations_s[rows].sum() - wanted_s) <= durations_s[rows].max() / 2 + 4, "half an utterance off at most"
    per_group = [np.bincount(np.concatenate([r for r, g in zip(schedule, names, strict=True) if g == name])) for name in set(names)]
    for drawn in per_group:
        seen = drawn[drawn > 0]
        assert seen.max() - seen.min() <= 1, "a row with no room in one batch opens the next"


def test_batches_are_as_near_the_wanted_duration_as_the_next_row_allows() -> None:
    """Rows of 2 s and 8 s wanted: four rows exactly; rows of 3 s: three (9 s), since two (6 s) are further off."""
    even = batch_schedule(
        weights=np.ones(6), batch_size=4, n_steps=3, seed=0, groups=np.array(["a"] * 6), durations_s=np.full(6, 2.0)
    )
    assert [len(rows) for rows in even] == [4, 4, 4]
    durations_s = np.array([3.0] * 4 + [1.0] * 4)
    mixed = batch_schedule(
        weights=np.ones(8), batch_size=4, n_steps=4, seed=0, groups=np.array(["a"] * 4 + ["b"] * 4), durations_s=durations_s
    )
    assert sorted(len(rows) for rows in mixed) == [3, 3, 8, 8], "8 s are wanted"


def test_a_batch_of_groups_has_rows_for_every_micro_batch() -> None:
    durations_s = np.array([100.0, 100, 100, 1, 1, 1])
    schedule = batch_schedule(
        weights=np.ones(6), batch_size=2, n_steps=4, seed=0, groups=np.array(list("aaabbb")), durations_s=durations_s, least=2
    )
    assert min(len(rows) for rows in schedule) >= 2


def test_groups_without_weight_are_left_out() -> None:
    schedule = batch_schedule(
        weights=np.array([1.0, 1, 0, 0]), batch_size=2, n_steps=6, seed=0, groups=np.array(list("aabb")), durations_s=np.ones(4)
    )
    assert set(np.concatenate(schedule)) == {0, 1}


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (np.zeros(3), "all 3 sampling weights are 0"),
        (np.array([1.0, -1, 2]), "1 of 3 sampling weights"),
        (np.array([1.0, np.nan, np.inf]), "2 of 3 sampling weights"),
    ],
)
def test_weights_that_are_no_chances_are_refused(weights: np.ndarray, words: str) -> None:
    with pytest.raises(TrainingError, match=words):
        batch_schedule(weights=weights, batch_size=2, n_steps=2, seed=0)


def test_groups_without_durations_are_refused() -> None:
    with pytest.raises(TrainingError, match="duration"):
        batch_schedule(weights=np.ones(3), batch_size=2, n_steps=2, seed=0, groups=np.array(list("aab")))


@pytest.mark.parametrize("n_rows", [4, 5, 7])
def test_shares_are_all_rows_once_and_nearly_alike(n_rows: int) -> None:
    parts = [share_of(np.arange(n_rows), part=i, n_parts=3) for i in range(3)]
    assert np.concatenate(parts).tolist() == list(range(n_rows))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
