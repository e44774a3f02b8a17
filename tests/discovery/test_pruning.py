"""Pruning: as many leaves as predict speakers the tree has not seen."""

from __future__ import annotations

import numpy as np
import pytest

from fairasr.discovery.best_first import Growth, grow, orders, poisson_gain, variance_gain
from fairasr.discovery.pruning import EVERYWHERE, cross_validated_leaves


def growth(gain=variance_gain, max_leaves: int = 12) -> Growth:
    return Growth(max_leaves=max_leaves, min_points=10, min_words=1, min_gain=0.0, gain=gain)


def drawn(seed: int, *, step: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    points = random.uniform(-10, 10, size=(400, 2))
    words = random.integers(50, 300, size=400)
    errors = random.poisson(words * np.where(points[:, 1] > 0, 0.1 + step, 0.1))
    return points, errors, words, random.permutation(400) % 5


def refitted_likelihoods(points, errors, words, folds, limits: Growth) -> np.ndarray:
    """Held-out likelihood of trees of 1, 2, ... leaves, each grown anew and applied by walking its boxes."""
    total = np.zeros(limits.max_leaves)
    low, high = EVERYWHERE
    for fold in range(5):
        seen = folds != fold
        e, n = errors[seen], words[seen]
        for leaves in range(1, limits.max_leaves + 1):
            limited = Growth(max_leaves=leaves, min_points=10, min_words=1, min_gain=0.0, gain=limits.gain)
            train = points[seen]
            for leaf in grow(train, orders(train), e, n, limited, low=low, high=high).leaves:
                rate = (e[leaf.order[0]].sum() + 0.5) / (n[leaf.order[0]].sum() + 1.0)
                held = ~seen & ((points >= leaf.low) & (points < leaf.high)).all(axis=1)
                total[leaves - 1] += errors[held].sum() * np.log(rate) - words[held].sum() * rate
    return total


@pytest.mark.parametrize("gain", [variance_gain, poisson_gain])
@pytest.mark.parametrize("seed", range(4))
def test_the_number_of_leaves_is_that_of_trees_grown_anew_for_every_size(gain, seed):
    points, errors, words, folds = drawn(seed, step=0.02)
    likelihoods = refitted_likelihoods(points, errors, words, folds, growth(gain))
    best = max(2, int(np.argmax(likelihoods)) + 1)
    assert cross_validated_leaves(points, errors, words, growth(gain), folds) == best


def test_one_clean_border_is_pruned_to_its_two_sides_in_most_worlds():
    kept = [cross_validated_leaves(*drawn(seed, step=0.1)[:3], growth(), drawn(seed, step=0.1)[3]) for seed in range(20)]
    assert np.median(kept) == 2
    points, errors, words, _ = drawn(0, step=0.1)
    low, high = EVERYWHERE
    assert len(grow(points, orders(points), errors, words, growth(), low=low, high=high).leaves) == 12
