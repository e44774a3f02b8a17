"""How many leaves a tree should have: as many as predict speakers it has not seen."""

from __future__ import annotations

import numpy as np

from fairasr.discovery.best_first import Growth, Node, grow, orders

EVERYWHERE = (-np.inf, -np.inf), (np.inf, np.inf)


def cross_validated_leaves(
    points: np.ndarray, numerators: np.ndarray, denominators: np.ndarray, growth: Growth, folds: np.ndarray
) -> int:
    """Number of leaves with the highest held-out Poisson likelihood, summed over the folds; at least 2.

    A tree of the same limits is grown without each fold, and each of its splits, in best-first order, is judged by what it
    adds to the likelihood of the fold's speakers.

    Args:
        points: float array (n, 2).
        numerators: int array (n,), errors.
        denominators: int array (n,), words.
        growth: limits of the tree to be pruned.
        folds: int array (n,), fold of each speaker.
    """
    gains = np.zeros(growth.max_leaves - 1)
    low, high = EVERYWHERE
    for fold in np.unique(folds):
        seen = folds != fold
        train = points[seen]
        e, n = numerators[seen], denominators[seen]
        tree = grow(train, orders(train), e, n, growth, low=low, high=high)
        inside = {id(tree.splits[0]): np.flatnonzero(~seen)} if tree.splits else {}
        for step, node in enumerate(tree.splits):
            rows = inside.pop(id(node))
            below = points[rows, node.axis] < node.cut
            assert node.children is not None
            parts = list(zip(node.children, (rows[below], rows[~below]), strict=True))
            inside.update((id(child), held) for child, held in parts)
            gains[step] += sum(
                _log_likelihood(child, e, n, numerators[held].sum(), denominators[held].sum())
                - _log_likelihood(node, e, n, numerators[held].sum(), denominators[held].sum())
                for child, held in parts
            )
    return max(2, int(np.argmax(np.r_[0.0, np.cumsum(gains)])) + 1)


def _log_likelihood(node: Node, numerators: np.ndarray, denominators: np.ndarray, errors: float, words: float) -> float:
    """Poisson log-likelihood, constants dropped, of held-out counts at the node's rate; half an error keeps the rate above 0."""
    seen = node.order[0]
    rate = (numerators[seen].sum() + 0.5) / (denominators[seen].sum() + 1.0)
    return float(errors * np.log(rate) - words * rate)
