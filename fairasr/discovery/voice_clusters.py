"""Clusters of voices: centroids on the sphere, small clusters joined to their nearest neighbour, who is in them in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from fairasr.core import UNKNOWN, Manifest
from fairasr.core.errors import DiscoveryError
from fairasr.discovery.remembered import Remembered
from fairasr.discovery.speaker_vectors import SpeakerVectors, speaker_vectors
from fairasr.discovery.spherical_kmeans import nearest, unit_rows

AXES = ("first principal direction of the clusters' centres", "second principal direction of the clusters' centres")


@dataclass(frozen=True, kw_only=True, eq=False)
class VoiceClusters:
    """Where each cluster is among voices.

    Attributes:
        centroids: float32 (n_centroids, dim), rows of length 1.
        cohorts: number of the cohort each centroid belongs to, from 0: int array (n_centroids,). Joined clusters share one.
        descriptions: of each cohort, in words.
    """

    centroids: np.ndarray = field(repr=False)
    cohorts: np.ndarray = field(repr=False)
    descriptions: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Label of each cohort: "voices 01"."""
        n_cohorts = len(self.descriptions)
        return tuple(f"voices {number:0{len(str(n_cohorts))}d}" for number in range(1, n_cohorts + 1))

    @cached_property
    def places(self) -> Remembered[Places]:
        """Cohort of the speakers of a manifest."""
        return Remembered(self._places)

    def _places(self, manifest: Manifest) -> Places:
        speakers = speaker_vectors(manifest)
        dimension = self.centroids.shape[1]
        if speakers.vectors.shape[1] != dimension:
            raise DiscoveryError(
                f"the embeddings of manifest '{manifest.source}' have {speakers.vectors.shape[1]} dimensions, "
                f"those of the clusters {dimension}. "
                f"Embed the manifest with the encoder the clusters were found with."
            )
        labels = np.full(len(speakers.known), UNKNOWN, dtype=object)
        labels[speakers.known] = np.array(self.names, dtype=object)[
            self.cohorts[nearest(speakers.vectors[speakers.known], self.centroids)[0]]
        ]
        return Places(labels=pd.Series(labels, index=manifest.speaker_ids), notes=speakers.notes)

    def projection(self) -> dict[str, list[float]]:
        """Label -> x, y: the cohorts' centres on their first two principal directions."""
        centres = np.zeros((len(self.descriptions), self.centroids.shape[1]))
        np.add.at(centres, self.cohorts, self.centroids)
        centres = unit_rows(centres).astype(float)
        centred = centres - centres.mean(axis=0)
        _, _, directions = np.linalg.svd(centred, full_matrices=False)
        directions = directions[:2]
        # A direction and its opposite are the same: the largest component is made positive, so that the picture does not flip.
        largest = np.abs(directions).argmax(axis=1)
        directions *= np.sign(directions[np.arange(len(directions)), largest])[:, None]
        points = np.zeros((len(centres), 2))
        points[:, : len(directions)] = centred @ directions.T
        return {name: [round(x, 6), round(y, 6)] for name, (x, y) in zip(self.names, points.tolist(), strict=True)}

    def to_json(self) -> dict[str, Any]:
        """Plain data: centroids in the shortest digits that read back as the same single-precision number."""
        return {
            "centroids": [[float(str(value)) for value in row] for row in self.centroids],
            "cohorts": self.cohorts.tolist(),
            "descriptions": list(self.descriptions),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> VoiceClusters:
        """The clusters that `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: a part is missing or does not fit.
        """
        centroids = np.array(data["centroids"], dtype=np.float32)
        cohorts = np.array(data["cohorts"], dtype=int)
        descriptions = tuple(str(text) for text in data["descriptions"])
        if centroids.ndim != 2 or not np.allclose(np.linalg.norm(centroids, axis=1), 1, atol=1e-3):
            raise ValueError(f"centroids have shape {centroids.shape}; they must be (n, dim) with rows of length 1")
        if cohorts.shape != (len(centroids),) or sorted(set(cohorts.tolist())) != list(range(len(descriptions))):
            raise ValueError(
                f"{len(cohorts)} cohorts for {len(centroids)} centroids and {len(descriptions)} descriptions do not fit"
            )
        return cls(centroids=centroids, cohorts=cohorts, descriptions=descriptions)


@dataclass(frozen=True, kw_only=True, eq=False)
class Places:
    """Cohort of each speaker of a manifest (str Series, index speaker_id) and notes on those without one."""

    labels: pd.Series
    notes: tuple[str, ...]


def joined(centroids: np.ndarray, sizes: np.ndarray, *, min_speakers: int) -> np.ndarray:
    """Cohort of each centroid, int array (n_centroids,), numbered from 0 by size, largest first.

    The smallest cohort with fewer than `min_speakers` speakers joins the one whose centre, weighted by speakers, is nearest;
    again until none is too small.

    Args:
        centroids: float32 (n_centroids, dim).
        sizes: speakers nearest to each: int array (n_centroids,).
        min_speakers: fewest speakers in a cohort.
    """
    groups = {position: [position] for position in range(len(centroids))}
    while len(groups) > 1:
        size = {key: int(sizes[members].sum()) for key, members in groups.items()}
        smallest = min(groups, key=lambda key: (size[key], key))
        if size[smallest] >= min_speakers:
            break
        centres = {
            key: (centroids[members] * np.maximum(sizes[members], 1)[:, None]).sum(axis=0) for key, members in groups.items()
        }
        own = centres.pop(smallest)
        closest = max(centres, key=lambda key: (float(own @ centres[key] / np.linalg.norm(centres[key])), -key))
        groups[closest] += groups.pop(smallest)
    ranked = sorted(groups, key=lambda key: (-int(sizes[groups[key]].sum()), key))
    cohorts = np.empty(len(centroids), dtype=int)
    for number, key in enumerate(ranked):
        cohorts[groups[key]] = number
    return cohorts


__all__ = ["AXES", "Places", "SpeakerVectors", "VoiceClusters", "joined"]
