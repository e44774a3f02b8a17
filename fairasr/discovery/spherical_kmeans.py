"""k-means on the unit sphere (Dhillon & Modha 2001): vectors of length 1, centroids of length 1, nearest by cosine.

Squared distance between unit vectors is 2 - 2 cos, so this is k-means with its centroids kept on the sphere. k-means++ seeding
(Arthur & Vassilvitskii 2007) with greedy candidates, several starts of which the best is finished. When there are many more
vectors than centroids need, centroids are found on a sample and all vectors are then assigned in blocks, without a second copy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BLOCK_ROWS = 16_384
"""Vectors assigned at once: the similarities of a block stay in the processor's cache."""
SAMPLE_PER_CLUSTER = 256
"""Vectors per centroid beyond which more change a centroid little (the default of faiss, Douze et al. 2024, arXiv 2401.08281)."""
TRIAL_ITERATIONS = 6
"""Iterations each start gets before the best one is finished."""
FULL_ITERATIONS = 1
"""Updates over all vectors after the centroids were found on a sample."""


@dataclass(frozen=True, kw_only=True)
class Clustering:
    """Clusters of n vectors.

    Attributes:
        centroids: float32 (n_clusters, dim), rows of length 1.
        labels: cluster of each vector: int array (n,).
        inertia: sum of squared distances of the vectors to their centroids.
    """

    centroids: np.ndarray
    labels: np.ndarray
    inertia: float


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1, float32; rows of length 0 or with a value that is not finite become NaN."""
    vectors = np.asarray(vectors, dtype=np.float32)
    # In double precision: squares of large single-precision values overflow.
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    usable = np.isfinite(length) & (length > 0)
    scale = np.where(usable, length, np.nan)
    with np.errstate(invalid="ignore"):
        return np.asarray(vectors / scale[:, None], dtype=np.float32)


def nearest(vectors: np.ndarray, centroids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest centroid of each vector and the cosine to it: int (n,), float32 (n,). Ties go to the first centroid."""
    labels = np.empty(len(vectors), dtype=np.intp)
    cosines = np.empty(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), BLOCK_ROWS):
        similarity = vectors[start : start + BLOCK_ROWS] @ centroids.T
        best = similarity.argmax(axis=1)
        labels[start : start + BLOCK_ROWS] = best
        cosines[start : start + BLOCK_ROWS] = similarity[np.arange(len(best)), best]
    return labels, cosines


def spherical_kmeans(
    vectors: np.ndarray, *, n_clusters: int, seed: int, restarts: int = 8, max_iterations: int = 100, tolerance: float = 1e-5
) -> Clustering:
    """Cluster unit vectors, float32 (n, dim); same seed and rows, same result.

    Args:
        vectors: rows of length 1, all finite; see `unit_rows`.
        n_clusters: at most n.
        seed: of the starts.
        restarts: starts tried; the best after a few iterations is finished.
        max_iterations: of the finished start.
        tolerance: stop when an iteration improves the mean cosine by less.

    Returns:
        Exactly `n_clusters` centroids; a cluster is empty only where vectors repeat.
    """
    random = np.random.default_rng(seed)
    sample = vectors
    if len(vectors) > SAMPLE_PER_CLUSTER * n_clusters:
        chosen = random.choice(len(vectors), size=SAMPLE_PER_CLUSTER * n_clusters, replace=False)
        sample = vectors[np.sort(chosen)]
    starts = [_improved(sample, _seeded(sample, n_clusters, random), TRIAL_ITERATIONS, tolerance) for _ in range(restarts)]
    best = max(starts, key=lambda start: start[1])[0]
    centroids, _ = _improved(sample, best, max_iterations, tolerance)
    if sample is not vectors:
        for _ in range(FULL_ITERATIONS):
            centroids = _updated(vectors, *nearest(vectors, centroids), centroids)
    labels, cosines = nearest(vectors, centroids)
    return Clustering(centroids=centroids, labels=labels, inertia=float(2 * (1 - cosines.astype(np.float64)).sum()))


def _seeded(vectors: np.ndarray, n_clusters: int, random: np.random.Generator) -> np.ndarray:
    """Greedy k-means++: each next centroid is, of a few vectors drawn by squared distance, the one that lowers the inertia most."""
    n_trials = 2 + int(np.log(n_clusters))
    centroids = np.empty((n_clusters, vectors.shape[1]), dtype=np.float32)
    centroids[0] = vectors[random.integers(len(vectors))]
    distance = _distance(vectors, centroids[:1])[0]
    for position in range(1, n_clusters):
        cumulative = np.cumsum(distance, dtype=np.float64)
        drawn = np.searchsorted(cumulative, random.random(n_trials) * cumulative[-1], side="right")
        trials = vectors[np.minimum(drawn, len(vectors) - 1)]
        lowered = np.minimum(distance, _distance(vectors, trials))
        best = int(lowered.sum(axis=1, dtype=np.float64).argmin())
        centroids[position], distance = trials[best], lowered[best]
    return centroids


def _distance(vectors: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(0, 2 - 2 * (points @ vectors.T)))


def _improved(vectors: np.ndarray, centroids: np.ndarray, iterations: int, tolerance: float) -> tuple[np.ndarray, float]:
    """Lloyd iterations until the mean cosine stops rising; the centroids and the mean cosine before the last update."""
    before = -np.inf
    for _ in range(iterations):
        labels, cosines = nearest(vectors, centroids)
        mean = float(cosines.mean(dtype=np.float64))
        centroids = _updated(vectors, labels, cosines, centroids)
        if mean - before < tolerance:
            break
        before = mean
    return centroids, mean


def _updated(vectors: np.ndarray, labels: np.ndarray, cosines: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """Centroids as the directions of their vectors' sums; an empty cluster moves to the vectors that fit worst."""
    from scipy.sparse import csr_array

    n, n_clusters = len(vectors), len(centroids)
    sums = np.zeros(centroids.shape, dtype=np.float64)
    for start in range(0, n, BLOCK_ROWS):
        block = labels[start : start + BLOCK_ROWS]
        membership = csr_array(
            (np.ones(len(block), dtype=np.float32), block, np.arange(len(block) + 1)), shape=(len(block), n_clusters)
        )
        sums += membership.T @ vectors[start : start + BLOCK_ROWS]
    empty = np.flatnonzero(np.bincount(labels, minlength=n_clusters) == 0)
    if len(empty):
        sums[empty] = vectors[np.argsort(cosines, kind="stable")[: len(empty)]]
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    # Vectors that cancel out leave no direction: such a centroid stays where it was.
    return np.asarray(np.where(length > 0, sums / np.where(length > 0, length, 1), centroids), dtype=np.float32)
