"""Regions of the embedding space: k-means of the embeddings of late, renewed every epoch, each region keeping its number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

ITERATIONS = 10
"""Of Lloyd's algorithm at each renewal; later ones begin where the last one ended, so few are needed."""


class Regions:
    """Which of k regions a vector lies in.

    The vectors that training made anyway are kept, and clustered after `period` batches. k-means starts from the last
    centroids, so that what an adversary learnt of region 3 still holds of region 3. Before the first clustering there are none.

    Args:
        dimension: of the vectors.
        n_clusters: k.
        n_kept: vectors of late that are clustered.
        period: batches from one clustering to the next: an epoch.
        seed: of the first centroids.
    """

    def __init__(self, dimension: int, *, n_clusters: int, n_kept: int, period: int, seed: int) -> None:
        self._period, self._seed = period, seed
        self._kept = torch.zeros((max(n_kept, n_clusters), dimension), dtype=torch.float32)
        self._centroids = torch.zeros((n_clusters, dimension), dtype=torch.float32)
        self._seen = torch.zeros((), dtype=torch.int64)
        self._batches = torch.zeros((), dtype=torch.int64)
        self._ready = torch.zeros((), dtype=torch.bool)

    @property
    def ready(self) -> bool:
        """Whether there are regions yet."""
        return bool(self._ready)

    @property
    def n_clusters(self) -> int:
        """How many regions there are."""
        return len(self._centroids)

    def of(self, vectors: torch.Tensor) -> torch.Tensor:
        """Region of each vector of length 1, int64 (n,); ties go to the first."""
        return (vectors @ self._centroids.T).argmax(dim=1)

    def keep(self, vectors: torch.Tensor) -> None:
        """Keep a batch's vectors, float32 (n, dimension) without gradient; cluster when the epoch is over."""
        places = (torch.arange(len(vectors)) + int(self._seen)) % len(self._kept)
        self._kept[places] = vectors
        self._seen, self._batches = self._seen + len(vectors), self._batches + 1
        n_known = min(int(self._seen), len(self._kept))
        if int(self._batches) % self._period == 0 and n_known >= self.n_clusters:
            known = self._kept[:n_known]
            centroids = self._centroids if self.ready else first_centroids(known, n_clusters=self.n_clusters, seed=self._seed)
            self._centroids = clustered(known, centroids)
            self._ready = torch.ones((), dtype=torch.bool)

    def state_dict(self) -> dict[str, torch.Tensor]:
        """All that changes."""
        return {name: getattr(self, f"_{name}").clone() for name in ("kept", "centroids", "seen", "batches", "ready")}

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Go on from there."""
        for name in ("kept", "centroids", "seen", "batches", "ready"):
            setattr(self, f"_{name}", state[name].detach().to("cpu", copy=True))


def first_centroids(vectors: torch.Tensor, *, n_clusters: int, seed: int) -> torch.Tensor:
    """Some of the vectors, each next drawn by its squared distance to those before (k-means++, Arthur & Vassilvitskii 2007)."""
    random = np.random.default_rng(seed)
    chosen = [int(random.integers(len(vectors)))]
    distances = (vectors - vectors[chosen[0]]).square().sum(dim=1).double().numpy()
    for _ in range(n_clusters - 1):
        sums = np.cumsum(distances)
        drawn = int(np.searchsorted(sums, random.random() * sums[-1], side="right"))
        chosen.append(min(drawn, len(vectors) - 1))
        further = (vectors - vectors[chosen[-1]]).square().sum(dim=1).double().numpy()
        distances = np.minimum(distances, further)
    return vectors[chosen].clone()


def clustered(vectors: torch.Tensor, centroids: torch.Tensor) -> torch.Tensor:
    """Centroids of length 1 after Lloyd's iterations on vectors of length 1 (Dhillon & Modha 2001), float32 (k, dimension).

    An empty region moves to a vector that fits its own worst; one whose vectors cancel out stays where it is.
    """
    for _ in range(ITERATIONS):
        cosines, labels = (vectors @ centroids.T).max(dim=1)
        sums = torch.zeros_like(centroids).index_add_(0, labels, vectors)
        empty = torch.bincount(labels, minlength=len(centroids)) == 0
        n_empty = int(empty.sum())
        if n_empty:
            sums[empty] = vectors[torch.argsort(cosines, stable=True)[:n_empty]]
        lengths = sums.norm(dim=1, keepdim=True)
        centroids = torch.where(lengths > 0, sums / lengths.clamp_min(1e-12), centroids)
    return centroids
