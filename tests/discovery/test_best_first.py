"""The best-first tree against scikit-learn's, against an exhaustive search written the slow way, and its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.tree import DecisionTreeRegressor

from fairasr.discovery.best_first import GAINS, Growth, grow, orders

Leaves = set[frozenset[int]]
EVERYWHERE = (-math.inf, -math.inf), (math.inf, math.inf)


def drawn(seed: int, n: int, *, grid: int, low_words: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points on a grid of half degrees (many ties and duplicates where it is small), errors and words."""
    generator = np.random.default_rng(seed)
    points = generator.integers(0, grid, size=(n, 2)) / 2
    words = generator.integers(low_words, 300, n)
    return points, generator.binomial(words, generator.beta(2, 8, n)), words


def leaves_of(points: np.ndarray, errors: np.ndarray, words: np.ndarray, **limits: object) -> Leaves:
    """Which points share a leaf."""
    settings: dict[str, object] = {"max_leaves": 10**6, "min_points": 1, "min_words": 1, "min_gain": 0.0, "gain": "variance"}
    settings |= limits
    growth = Growth(**{**settings, "gain": GAINS[str(settings["gain"])]})  # type: ignore[arg-type]
    low, high = EVERYWHERE
    tree = grow(points, orders(points), errors, words, growth, low=low, high=high)
    return {frozenset(leaf.order[0].tolist()) for leaf in tree.leaves}


SIZES = [(30, 8, 5, 1), (200, 1_000, 126, 5), (200, 12, 20, 3), (500, 10_000, 40, 10), (60, 4, 126, 1), (400, 40, 7, 25)]


@pytest.mark.parametrize(("n", "grid", "max_leaves", "min_points"), SIZES)
@pytest.mark.parametrize("seed", range(4))
def test_the_variance_tree_is_that_of_scikit_learn(seed: int, n: int, grid: int, max_leaves: int, min_points: int) -> None:
    points, errors, words = drawn(seed, n, grid=grid)
    oracle = DecisionTreeRegressor(max_leaf_nodes=max_leaves, min_samples_leaf=min_points, random_state=0)
    of_oracle = oracle.fit(points, errors / words, sample_weight=words).apply(points)
    expected = {frozenset(np.flatnonzero(of_oracle == leaf).tolist()) for leaf in np.unique(of_oracle)}
    assert leaves_of(points, errors, words, max_leaves=max_leaves, min_points=min_points) == expected


@pytest.mark.parametrize("seed", range(4))
def test_the_fewest_words_are_kept_as_scikit_learn_keeps_a_fewest_weight(seed: int) -> None:
    points, errors, words = drawn(seed, 200, grid=300)
    oracle = DecisionTreeRegressor(max_leaf_nodes=30, min_weight_fraction_leaf=1_500 / words.sum() - 1e-9, random_state=0)
    of_oracle = oracle.fit(points, errors / words, sample_weight=words).apply(points)
    expected = {frozenset(np.flatnonzero(of_oracle == leaf).tolist()) for leaf in np.unique(of_oracle)}
    assert leaves_of(points, errors, words, max_leaves=30, min_words=1_500) == expected


def slow_gain(name: str, e_left: int, n_left: int, e_right: int, n_right: int) -> float:
    """The gains as the specification writes them (methods of the audit, 3.1), numbers one at a time."""
    left, right, both = e_left / n_left, e_right / n_right, (e_left + e_right) / (n_left + n_right)
    if name == "difference":
        return abs(left - right)
    if name == "variance":
        return n_left * n_right / (n_left + n_right) * (left - right) ** 2
    return 2 * sum(e * math.log(rate / both) for e, rate in ((e_left, left), (e_right, right)) if e)


def slow_split(
    name: str, rows: list[int], points: np.ndarray, errors: np.ndarray, words: np.ndarray, *, min_points: int
) -> tuple[float, list[int], list[int]] | None:
    """Best of all cuts between two different coordinates; None where there is none with enough points and a word on both sides."""
    best = None
    for axis in (0, 1):
        for cut in sorted({points[row, axis] for row in rows})[1:]:
            left = [row for row in rows if points[row, axis] < cut]
            right = [row for row in rows if points[row, axis] >= cut]
            sums = [int(counts[side].sum()) for side in (left, right) for counts in (errors, words)]
            if min(len(left), len(right)) < min_points or min(sums[1], sums[3]) < 1:
                continue
            gain = slow_gain(name, *sums)
            if best is None or gain > best[0] + 1e-12:
                best = (gain, left, right)
    return best


def slow_tree(
    name: str, points: np.ndarray, errors: np.ndarray, words: np.ndarray, *, max_leaves: int, min_points: int, min_gain: float
) -> Leaves:
    """Best-first growth, one leaf at a time, every split searched exhaustively."""
    leaves = [list(range(len(points)))]
    while len(leaves) < max_leaves:
        splits = [slow_split(name, leaf, points, errors, words, min_points=min_points) for leaf in leaves]
        gains = [-math.inf if split is None else split[0] for split in splits]
        chosen = int(np.argmax(gains))
        if gains[chosen] <= min_gain:
            break
        split = splits[chosen]
        assert split is not None
        leaves[chosen : chosen + 1] = [split[1], split[2]]
    return {frozenset(leaf) for leaf in leaves}


@pytest.mark.parametrize("gain", sorted(GAINS))
@pytest.mark.parametrize(("n", "grid", "max_leaves", "min_points"), [(40, 200, 6, 2), (40, 6, 8, 1), (60, 30, 100, 4)])
@pytest.mark.parametrize("seed", range(3))
def test_every_gain_grows_the_tree_of_an_exhaustive_search(
    gain: str, seed: int, n: int, grid: int, max_leaves: int, min_points: int
) -> None:
    points, errors, words = drawn(50 + seed, n, grid=grid)
    expected = slow_tree(gain, points, errors, words, max_leaves=max_leaves, min_points=min_points, min_gain=0.0)
    assert leaves_of(points, errors, words, gain=gain, max_leaves=max_leaves, min_points=min_points) == expected


@pytest.mark.parametrize("gain", sorted(GAINS))
def test_speakers_without_words_or_errors_grow_the_tree_of_an_exhaustive_search(gain: str) -> None:
    points, errors, words = drawn(7, 40, grid=60, low_words=0)
    errors[:12], words[:8], errors[:8] = 0, 0, 0
    expected = slow_tree(gain, points, errors, words, max_leaves=9, min_points=1, min_gain=0.0)
    assert leaves_of(points, errors, words, gain=gain, max_leaves=9) == expected


@pytest.mark.parametrize(("gain", "min_gain"), [("variance", 5.0), ("poisson", 8.0), ("difference", 0.15)])
def test_no_split_is_made_that_gains_too_little(gain: str, min_gain: float) -> None:
    points, errors, words = drawn(3, 50, grid=100)
    expected = slow_tree(gain, points, errors, words, max_leaves=50, min_points=2, min_gain=min_gain)
    unlimited = leaves_of(points, errors, words, gain=gain, min_points=2)
    assert leaves_of(points, errors, words, gain=gain, min_points=2, min_gain=min_gain) == expected
    assert len(expected) < len(unlimited)


@pytest.mark.parametrize("max_leaves", [1, 2, 5, 17])
@pytest.mark.parametrize("min_points", [1, 6])
def test_limits_on_leaves_points_and_words_are_kept(max_leaves: int, min_points: int) -> None:
    points, errors, words = drawn(9, 300, grid=50)
    leaves = leaves_of(points, errors, words, max_leaves=max_leaves, min_points=min_points, min_words=900)
    assert len(leaves) == max_leaves
    assert all(len(leaf) >= min_points and words[list(leaf)].sum() >= 900 for leaf in leaves)


def test_the_first_splits_are_the_tree_of_fewer_leaves() -> None:
    points, errors, words = drawn(4, 200, grid=500)
    growth = Growth(max_leaves=12, min_points=5, min_words=1, min_gain=0.0, gain=GAINS["variance"])
    low, high = EVERYWHERE
    gains = [node.gain for node in grow(points, orders(points), errors, words, growth, low=low, high=high).splits]
    for fewer in (2, 5, 9):
        smaller = Growth(max_leaves=fewer, min_points=5, min_words=1, min_gain=0.0, gain=GAINS["variance"])
        assert [node.gain for node in grow(points, orders(points), errors, words, smaller, low=low, high=high).splits] == gains[
            : fewer - 1
        ]


def test_points_all_in_one_place_stay_one_leaf() -> None:
    points = np.tile([[6.5, 3.4]], (50, 1))
    assert leaves_of(points, np.arange(50), np.full(50, 100)) == {frozenset(range(50))}


def test_speakers_who_all_err_alike_stay_one_leaf() -> None:
    points = drawn(1, 40, grid=100)[0]
    assert len(leaves_of(points, np.full(40, 3), np.full(40, 20), gain="difference")) == 1


def test_leaves_are_half_open_boxes_that_hold_their_points_and_touch_without_overlap() -> None:
    points, errors, words = drawn(2, 150, grid=30)
    growth = Growth(max_leaves=25, min_points=2, min_words=1, min_gain=0.0, gain=GAINS["variance"])
    leaves = grow(points, orders(points), errors, words, growth, low=(-1.0, -1.0), high=(16.0, 16.0)).leaves
    area = sum(math.prod(np.subtract(leaf.high, leaf.low)) for leaf in leaves)
    assert area == pytest.approx(17 * 17)
    for leaf in leaves:
        inside = ((points >= leaf.low) & (points < leaf.high)).all(axis=1)
        assert set(np.flatnonzero(inside)) == set(leaf.order[0])


def test_a_cut_between_neighbouring_floats_still_parts_them() -> None:
    below, above = 1.0, math.nextafter(1.0, 2.0)
    points = np.array([[below, 0.0], [above, 0.0]])
    assert leaves_of(points, np.array([1, 9]), np.array([10, 10])) == {frozenset({0}), frozenset({1})}
