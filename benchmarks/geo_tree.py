"""The tree over latitude and longitude beside scikit-learn's regression tree, in one run: CPU seconds and quality.

Both grow best first to 126 leaves on the same speakers, weighted by words; quality is the between-leaf sum of squares of the
pooled rates over scikit-learn's. Speakers are what the tree sees: utterances are summed before. A log of a million
utterances of 50,000 speakers is timed from the utterances on: sums by speaker, then the tree, against scikit-learn on the rows.

    python -m benchmarks.geo_tree
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from fairasr.discovery.best_first import Growth, grow, orders, variance_gain

LEAVES, MIN_SPEAKERS, ROUNDS = 126, 20, 5
SPEAKERS = (2_500, 50_000)
ROWS, ROW_SPEAKERS = 1_000_000, 50_000


def drawn(n_speakers: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (n, 2), errors and words of speakers around 300 towns."""
    generator = np.random.default_rng(seed)
    towns = generator.uniform([25, -120], [48, -70], size=(300, 2))
    points = towns[generator.integers(300, size=n_speakers)] + generator.normal(0, 0.3, size=(n_speakers, 2))
    words = generator.integers(20, 400, size=n_speakers)
    errors = generator.binomial(words, np.clip(generator.gamma(4, 0.03, size=n_speakers), 0, 1))
    return np.round(points, 2), errors, words


def own_leaves(points: np.ndarray, errors: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Leaf of each point by fairasr's tree."""
    growth = Growth(max_leaves=LEAVES, min_points=MIN_SPEAKERS, min_words=1, min_gain=0.0, gain=variance_gain)
    leaves = grow(points, orders(points), errors, words, growth, low=(-90.0, -180.0), high=(90.0, 180.0)).leaves
    found = np.empty(len(points), dtype=int)
    for number, leaf in enumerate(leaves):
        found[leaf.order[0]] = number
    return found


def peer_leaves(points: np.ndarray, errors: np.ndarray, words: np.ndarray, min_rows: int = MIN_SPEAKERS) -> np.ndarray:
    """Leaf of each point by scikit-learn's tree."""
    tree = DecisionTreeRegressor(max_leaf_nodes=LEAVES, min_samples_leaf=min_rows)
    return np.unique(tree.fit(points, errors / words, sample_weight=words).apply(points), return_inverse=True)[1]


def between(leaves: np.ndarray, errors: np.ndarray, words: np.ndarray) -> float:
    """Word-weighted between-leaf sum of squares of pooled rates."""
    e, n = np.bincount(leaves, errors), np.bincount(leaves, words)
    return float((n * (e / n - errors.sum() / words.sum()) ** 2).sum())


def cpu_seconds(work: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """CPU seconds of one call and what it gave."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def main() -> None:
    """Print one row per size."""
    print(f"{'':34}{'scikit-learn':>13}{'fairasr':>10}{'ratio':>8}{'quality':>9}   CPU s")
    for n_speakers in SPEAKERS:
        points, errors, words = drawn(n_speakers, seed=0)
        report(
            f"{n_speakers:,} speakers",
            lambda p=points, e=errors, n=words: peer_leaves(p, e, n),
            lambda p=points, e=errors, n=words: own_leaves(p, e, n),
            errors,
            words,
        )
    points, _, _ = drawn(ROW_SPEAKERS, seed=1)
    generator = np.random.default_rng(2)
    speaker = np.sort(generator.integers(ROW_SPEAKERS, size=ROWS))
    words = generator.integers(1, 20, size=ROWS)
    errors = generator.binomial(words, np.clip(generator.gamma(4, 0.03, size=ROW_SPEAKERS), 0, 1)[speaker])
    present = np.unique(speaker)

    def from_rows() -> np.ndarray:
        e, n = np.bincount(speaker, errors, ROW_SPEAKERS).astype(int), np.bincount(speaker, words, ROW_SPEAKERS).astype(int)
        of_speaker = np.zeros(ROW_SPEAKERS, dtype=int)
        of_speaker[present] = own_leaves(points[present], e[present], n[present])
        return of_speaker[speaker]

    rows_per_speaker = ROWS // ROW_SPEAKERS
    report(
        f"{ROWS:,} utterances",
        lambda: peer_leaves(points[speaker], errors, words, MIN_SPEAKERS * rows_per_speaker),
        from_rows,
        errors,
        words,
        rounds=1,
    )


def report(
    title: str,
    peer: Callable[[], np.ndarray],
    own: Callable[[], np.ndarray],
    errors: np.ndarray,
    words: np.ndarray,
    rounds: int = ROUNDS,
) -> None:
    """Run both `rounds` times in turn and print medians, the median ratio and the quality."""
    times = []
    for _ in range(rounds):
        theirs, their_leaves = cpu_seconds(peer)
        ours, our_leaves = cpu_seconds(own)
        times.append((theirs, ours))
    ratio = median(theirs / ours for theirs, ours in times)
    theirs, ours = (median(column) for column in zip(*times, strict=True))
    quality = between(our_leaves, errors, words) / between(their_leaves, errors, words)
    print(f"{title:34}{theirs:13.3f}{ours:10.3f}{ratio:7.2f}x{quality:9.4f}")


if __name__ == "__main__":
    main()
