"""k-means of speaker embeddings beside scikit-learn's, in one run: CPU seconds and inertia.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/kmeans.py

Inertia of both is the sum of squared distances to the clusters' means, per vector. Synthetic voices: overlapping clouds of
different width on the unit sphere. CPU seconds are of all threads; set the variables above, or spinning threads count too.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from sklearn.cluster import KMeans

from fairasr.discovery.spherical_kmeans import spherical_kmeans, unit_rows

SIZES = ((2_500, 20), (60_000, 50))
DIMENSION = 256


def voices(n: int, k: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = unit_rows(random.normal(size=(k, DIMENSION)))
    width = random.uniform(0.05, 0.15, k)
    belongs = random.integers(k, size=n)
    noise = random.standard_normal((n, DIMENSION), dtype=np.float32)
    return unit_rows(centres[belongs] + width[belongs, None].astype(np.float32) * noise)


def inertia_per_vector(vectors: np.ndarray, labels: np.ndarray) -> float:
    sizes = np.bincount(labels)
    sums = np.zeros((len(sizes), vectors.shape[1]))
    np.add.at(sums, labels, vectors)
    # Vectors have length 1: the squared distances to a mean sum to n_k - |sum|^2 / n_k.
    return float(1 - (np.einsum("kd,kd->k", sums, sums) / np.maximum(sizes, 1)).sum() / len(vectors))


def timed(cluster: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    start = time.process_time()
    labels = cluster()
    return time.process_time() - start, labels


def main() -> None:
    print(f"{'vectors':>8} {'k':>3}  {'method':34} {'CPU s':>8} {'ratio':>7} {'inertia':>9}")
    for n, k in SIZES:
        vectors = voices(n, k, seed=0)
        contenders = {
            "scikit-learn Lloyd, 1 start": lambda v=vectors, k=k: KMeans(k, n_init=1, max_iter=100, random_state=0).fit(v).labels_,
            "scikit-learn Lloyd, 5 starts": lambda v=vectors, k=k: KMeans(k, n_init=5, max_iter=100, random_state=0).fit(v).labels_,
            "fairasr spherical, 8 starts": lambda v=vectors, k=k: spherical_kmeans(v, n_clusters=k, seed=0).labels,
        }
        spherical_kmeans(vectors[:1000], n_clusters=5, seed=0)
        first = 0.0
        for name, cluster in contenders.items():
            seconds, labels = timed(cluster)
            first = first or seconds
            print(f"{n:8,} {k:3}  {name:34} {seconds:8.2f} {first / seconds:6.1f}x {inertia_per_vector(vectors, labels):9.5f}")


if __name__ == "__main__":
    main()
