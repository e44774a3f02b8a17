"""Nothing of a few speakers is shown, nor can be had by subtracting what is shown from what is shown."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd

from fairasr.core import UNKNOWN, Partition
from fairasr.verifying.withholding import ListedTrials, Withheld, withheld_of


def trials_of(pairs: list[tuple[int, int]]) -> ListedTrials:
    first, second = np.array(pairs).T
    return ListedTrials(first=first, second=second, is_target=first == second)


def everyone_with_everyone(n_speakers: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(n_speakers) for j in range(i, n_speakers)]


def found(trials: ListedTrials, **groups: list[str]) -> dict[str, Withheld]:
    n_speakers = len(next(iter(groups.values())))
    ids = pd.Index([f"s{n:03d}" for n in range(n_speakers)])
    partitions = {
        method: Partition(labels=pd.Series(labels, index=ids), method=method, descriptions={}, used_scores=False)
        for method, labels in groups.items()
    }
    return withheld_of(partitions, trials, speaker_ids=ids, min_speakers=5)


def reasons(view: Withheld) -> dict[str, str]:
    return dict(zip(view.names, view.reasons, strict=True))


def test_a_group_whose_strangers_are_one_pair_is_hidden() -> None:
    groups = ["a"] * 10 + ["b"] * 10 + ["c"] * 12
    own = [(i, i) for i in range(32)]
    strangers = [(0, 1), *combinations(range(10, 20), 2), *combinations(range(20, 32), 2), *product(range(20), range(20, 32))]
    view = found(trials_of([*own, *strangers]), x=groups)["x"]
    assert reasons(view) == {"a": "small", "b": "complementary", "c": ""}


def test_a_group_without_strangers_within_is_shown_for_the_speakers_rejected() -> None:
    own = [(i, i) for i in range(30)]
    strangers = [*combinations(range(10, 20), 2), *combinations(range(20, 30), 2), *product(range(20), range(20, 30))]
    view = found(trials_of([*own, *strangers]), x=["a"] * 10 + ["b"] * 10 + ["c"] * 10)["x"]
    assert set(reasons(view).values()) == {""}


def test_each_kind_of_trial_hides_two_groups_or_none() -> None:
    # Two speakers of a have a target trial: hidden, and c with it, which has the fewest of the others.
    groups = ["a"] * 20 + ["b"] * 20 + ["c"] * 6 + ["d"] * 20
    own = [(i, i) for i in (0, 1, *range(20, 66))]
    view = found(trials_of([*own, *combinations(range(66), 2)]), x=groups)["x"]
    assert reasons(view) == {"a": "small", "b": "", "c": "complementary", "d": ""}


def test_a_group_of_one_speaker_without_a_trial_within_hides_another() -> None:
    pairs = [(i, j) for i, j in everyone_with_everyone(31) if (i, j) != (30, 30)]
    view = found(trials_of(pairs), x=["a"] * 12 + ["b"] * 18 + ["lone"])["x"]
    assert reasons(view) == {"a": "complementary", "b": "", "lone": "small"}


def test_rates_between_groups_are_withheld_together_where_one_of_few_speakers_would_be_left() -> None:
    groups = ["a"] * 10 + ["b"] * 10 + ["c"] * 10
    within = [pair for start in (0, 10, 20) for pair in combinations(range(start, start + 10), 2)]
    own = [(i, i) for i in range(30)]
    across = [*product(range(10), range(10, 20)), *product(range(10, 20), range(20, 30))]
    assert found(trials_of([*own, *within, *across]), x=groups)["x"].has_crossed
    view = found(trials_of([*own, *within, *across, (0, 20)]), x=groups)["x"]
    assert not view.has_crossed
    assert set(reasons(view).values()) == {""}


def test_of_two_groups_with_a_single_pair_across_one_is_hidden() -> None:
    own = [(i, i) for i in range(20)]
    within = [*combinations(range(8), 2), *combinations(range(8, 20), 2)]
    view = found(trials_of([*own, *within, (0, 8)]), x=["a"] * 8 + ["b"] * 12)["x"]
    assert reasons(view) == {"a": "complementary", "b": ""}


def test_a_region_that_is_shown_cities_and_a_hidden_one_is_hidden() -> None:
    city = ["u"] * 12 + ["v"] * 14 + ["y"] * 16 + ["w"] * 3
    region = ["R1"] * 26 + ["R2"] * 19
    pairs = trials_of(everyone_with_everyone(45))
    assert reasons(found(pairs, region=region)["region"]) == {"R1": "", "R2": ""}
    both = found(pairs, city=city, region=region)
    assert reasons(both["city"]) == {"u": "complementary", "v": "", "w": "small", "y": ""}
    # R2 less y is w; R1 alone would give R2, as everyone less R1.
    assert reasons(both["region"]) == {"R1": "complementary", "R2": "complementary"}


def test_speakers_of_no_known_group_are_counted_as_a_group() -> None:
    view = found(trials_of(everyone_with_everyone(32)), x=["a"] * 12 + ["b"] * 18 + [UNKNOWN] * 2)["x"]
    assert reasons(view) == {"a": "complementary", "b": "", UNKNOWN: "small"}
