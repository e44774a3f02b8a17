"""Best-first growth of a binary tree over two coordinates, on counts.

All nodes whose split is wanted are searched together, so that a tree costs a few dozen array operations however many
leaves it has; permutation tests grow hundreds of them.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

Gain = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Numerators and denominators left, numerators and denominators right (all float arrays) -> gain of the split."""


def variance_gain(e_left: np.ndarray, n_left: np.ndarray, e_right: np.ndarray, n_right: np.ndarray) -> np.ndarray:
    """Word-weighted between-child sum of squares, N_L N_R / (N_L + N_R) * (WER_L - WER_R)^2."""
    gain: np.ndarray = n_left * n_right / (n_left + n_right) * (e_left / n_left - e_right / n_right) ** 2
    return gain


def poisson_gain(e_left: np.ndarray, n_left: np.ndarray, e_right: np.ndarray, n_right: np.ndarray) -> np.ndarray:
    """Poisson deviance the split saves, 2 [E_L ln(WER_L / WER_A) + E_R ln(WER_R / WER_A)]."""
    pooled = (e_left + e_right) / (n_left + n_right)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(e_left > 0, e_left * np.log(e_left / n_left / pooled), 0.0)
        right = np.where(e_right > 0, e_right * np.log(e_right / n_right / pooled), 0.0)
    gain: np.ndarray = 2 * (left + right)
    return gain


def difference_gain(e_left: np.ndarray, n_left: np.ndarray, e_right: np.ndarray, n_right: np.ndarray) -> np.ndarray:
    """|WER_L - WER_R|: "maximizes the WER differences" (Trinh et al. 2022, section 2)."""
    gain: np.ndarray = np.abs(e_left / n_left - e_right / n_right)
    return gain


GAINS: dict[str, Gain] = {"variance": variance_gain, "poisson": poisson_gain, "difference": difference_gain}


@dataclass(eq=False)
class Node:
    """One node: its points in the order of each axis, its half-open box, its best split."""

    order: tuple[np.ndarray, np.ndarray]
    low: tuple[float, float]
    high: tuple[float, float]
    gain: float = -np.inf
    axis: int = 0
    cut: float = np.nan
    is_searched: bool = False
    children: tuple[Node, Node] | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A grown tree: the nodes split, in the order of splitting, and the leaves. The first k splits are the tree of k + 1 leaves."""

    splits: list[Node]
    leaves: list[Node]


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Limits of growth: both children of every split have at least `min_points` points and `min_words` words."""

    max_leaves: int
    min_points: int
    min_words: int
    min_gain: float
    gain: Gain


def orders(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 2) in the order of each coordinate: two int arrays (n,)."""
    return np.argsort(points[:, 0], kind="stable"), np.argsort(points[:, 1], kind="stable")


def grow(
    points: np.ndarray,
    sorted_orders: tuple[np.ndarray, np.ndarray],
    numerators: np.ndarray,
    denominators: np.ndarray,
    growth: Growth,
    *,
    low: tuple[float, float],
    high: tuple[float, float],
) -> Tree:
    """The best-first tree of at most `growth.max_leaves` leaves.

    The split with the largest gain among all leaves is made next, exactly as if one leaf were searched at a time: splits
    are searched in rounds, a round being all leaves that best-first growth on what is known so far would reach.

    Args:
        points: float array (n, 2).
        sorted_orders: from `orders(points)`; depends on no count, so it is reused over permutations.
        numerators: int array (n,), errors.
        denominators: int array (n,), words.
        growth: the limits.
        low: lower corner of the root's box.
        high: upper corner of the root's box.
    """
    root = Node(order=sorted_orders, low=low, high=high)
    _search([root], points, numerators, denominators, growth)
    while True:
        tree, unsearched = _best_first(root, growth, points)
        if not unsearched:
            return tree
        _search(unsearched, points, numerators, denominators, growth)


def _best_first(root: Node, growth: Growth, points: np.ndarray) -> tuple[Tree, list[Node]]:
    """The tree after best-first splitting on the splits known so far, and the children that still need a search."""
    heap: list[tuple[float, int, Node]] = []
    leaves: list[Node] = []
    splits: list[Node] = []
    unsearched: list[Node] = []
    serial = 0

    def offer(node: Node) -> None:
        nonlocal serial
        serial += 1
        if node.gain > growth.min_gain:
            heapq.heappush(heap, (-node.gain, serial, node))
        else:
            leaves.append(node)
        if not node.is_searched:
            unsearched.append(node)

    offer(root)
    n_leaves = 1
    while heap and n_leaves < growth.max_leaves:
        node = heapq.heappop(heap)[2]
        splits.append(node)
        n_leaves += 1
        if node.children is None:
            node.children = _split(node, points)
        for child in node.children:
            offer(child)
    return Tree(splits=splits, leaves=leaves + [node for _, _, node in heap]), unsearched


def _split(node: Node, points: np.ndarray) -> tuple[Node, Node]:
    below = [points[order, node.axis] < node.cut for order in node.order]
    high = list(node.high)
    low = list(node.low)
    high[node.axis] = low[node.axis] = node.cut
    left = (node.order[0][below[0]], node.order[1][below[1]])
    right = (node.order[0][~below[0]], node.order[1][~below[1]])
    return (
        Node(order=left, low=node.low, high=(high[0], high[1])),
        Node(order=right, low=(low[0], low[1]), high=node.high),
    )


def _search(nodes: list[Node], points: np.ndarray, numerators: np.ndarray, denominators: np.ndarray, growth: Growth) -> None:
    """Set the best split of every node of `nodes`, both axes, in one sweep over all their points."""
    for node in nodes:
        node.is_searched = True
    nodes = [node for node in nodes if len(node.order[0]) >= 2 * growth.min_points]
    if not nodes:
        return
    sizes = np.array([len(node.order[0]) for node in nodes])
    ends = np.cumsum(sizes)
    starts = ends - sizes
    node_of = np.repeat(np.arange(len(nodes)), sizes)
    rank = np.arange(ends[-1]) - starts[node_of] + 1
    for axis in (0, 1):
        order = np.concatenate([node.order[axis] for node in nodes])
        x = points[order, axis]
        e, n = np.cumsum(numerators[order]), np.cumsum(denominators[order])
        e_before, n_before = e[starts] - numerators[order[starts]], n[starts] - denominators[order[starts]]
        e_all, n_all = (e[ends - 1] - e_before)[node_of], (n[ends - 1] - n_before)[node_of]
        e_left, n_left = e - e_before[node_of], n - n_before[node_of]
        legal = (rank >= growth.min_points) & (sizes[node_of] - rank >= growth.min_points)
        legal[:-1] &= x[:-1] < x[1:]
        legal &= (n_left >= max(growth.min_words, 1)) & (n_all - n_left >= max(growth.min_words, 1))
        cuts = np.flatnonzero(legal)
        if not len(cuts):
            continue
        gains = growth.gain(
            e_left[cuts].astype(float),
            n_left[cuts].astype(float),
            (e_all - e_left)[cuts].astype(float),
            (n_all - n_left)[cuts].astype(float),
        )
        owner = node_of[cuts]
        is_first = _starts(owner)
        best = np.maximum.reduceat(gains, np.flatnonzero(is_first))
        winners = np.flatnonzero(gains == best[np.cumsum(is_first) - 1])
        for winner in winners[_starts(owner[winners])]:
            node, position = nodes[owner[winner]], cuts[winner]
            if gains[winner] > node.gain:
                node.gain, node.axis, node.cut = float(gains[winner]), axis, _midpoint(x[position], x[position + 1])


def _starts(groups: np.ndarray) -> np.ndarray:
    """Where each run of equal values starts: bool array like `groups`."""
    starts = np.ones(len(groups), dtype=bool)
    np.not_equal(groups[1:], groups[:-1], out=starts[1:])
    return starts


def _midpoint(below: float, above: float) -> float:
    """A cut with below < cut <= above, also where the two are neighbouring floats."""
    middle = float(below + (above - below) / 2)
    return middle if below < middle else float(above)
