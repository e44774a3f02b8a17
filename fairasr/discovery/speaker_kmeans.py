"""Clusters of voices: k-means of speaker embeddings (Dheram et al. 2022, arXiv 2207.11345; k = 50 there)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from fairasr.core import Manifest, Partition
from fairasr.core.agreement import adjusted_rand
from fairasr.core.errors import DiscoveryError, RuleError
from fairasr.discovery.base import RULE_FORMAT, RULE_VERSION
from fairasr.discovery.held_out_deviance import HeldOutDeviance
from fairasr.discovery.over_represented import over_represented
from fairasr.discovery.remembered import Remembered
from fairasr.discovery.speaker_vectors import SpeakerVectors, speaker_vectors
from fairasr.discovery.spherical_kmeans import nearest, spherical_kmeans
from fairasr.discovery.voice_clusters import AXES, VoiceClusters, joined


@dataclass(frozen=True, kw_only=True)
class SpeakerKMeans:
    """Group speakers by how they sound.

    Attributes:
        n_clusters: clusters; None: chosen among `candidates` by how well they foretell the errors of speakers left out.
        candidates: numbers of clusters to choose from; those that leave fewer than `min_speakers` a cluster are passed over.
        min_speakers: a cluster with fewer discovery speakers joins its nearest neighbour.
        restarts: starts of k-means, of which the best is kept; two runs by different seeds share them.
        folds: parts the discovery speakers are divided into to choose the number of clusters.
        encoder: name of the speaker encoder, for the record: vectors of two encoders are not comparable.
    """

    method: ClassVar[str] = "speaker-kmeans"
    n_clusters: int | None = None
    candidates: tuple[int, ...] = (5, 10, 20, 50)
    min_speakers: int = 10
    restarts: int = 8
    folds: int = 3
    encoder: str = ""

    def __post_init__(self) -> None:
        wrong = []
        if self.n_clusters is not None and self.n_clusters < 2:
            wrong.append(f"n_clusters is {self.n_clusters}, not at least 2")
        if self.n_clusters is None and (not self.candidates or min(self.candidates) < 2):
            wrong.append(f"candidates are {self.candidates}, not numbers of at least 2")
        wrong += [
            f"{name} is {value}, not at least {least}"
            for name, value, least in (
                ("min_speakers", self.min_speakers, 1),
                ("restarts", self.restarts, 1),
                ("folds", self.folds, 2),
            )
            if value < least
        ]
        if wrong:
            raise DiscoveryError(f"speaker-kmeans cannot run with these settings: {'; '.join(wrong)}.")

    @cached_property
    def _vectors(self) -> Remembered[SpeakerVectors]:
        return Remembered(speaker_vectors)

    def obstacle(self, manifest: Manifest) -> str | None:
        """Why the voices of this manifest cannot be clustered; None where they can."""
        if manifest.embeddings is None:
            return "there are no speaker embeddings"
        vectors = self._vectors(manifest)
        known = vectors.vectors[vectors.known]
        if len(known) < 2 * self.min_speakers:
            return (
                f"{len(known):,} of {len(vectors.known):,} discovery speakers have an embedding; "
                f"two clusters need {2 * self.min_speakers} (min_speakers in each)"
            )
        if self.n_clusters is not None and self.n_clusters > len(known):
            return f"n_clusters is {self.n_clusters:,}, and only {len(known):,} discovery speakers have an embedding"
        n_distinct = len(np.unique(known, axis=0))
        if n_distinct < (self.n_clusters or 2):
            return f"the {len(known):,} discovery speakers have only {n_distinct:,} different embeddings"
        return None

    def search(self, manifest: Manifest, *, seed: int) -> KMeansSearch:
        """Cluster the discovery speakers' voices.

        Raises:
            DiscoveryError: there are no, too few or too similar embeddings.
        """
        obstacle = self.obstacle(manifest)
        if obstacle is not None:
            raise DiscoveryError(
                f"speaker-kmeans cannot run: {obstacle}. "
                f"Give embeddings of more speakers (`fairasr embed` makes them), or ask for fewer clusters."
            )
        vectors = self._vectors(manifest)
        n_known = int(vectors.known.sum())
        candidates: tuple[int, ...] = (self.n_clusters,) if self.n_clusters is not None else ()
        if not candidates:
            n_distinct = len(np.unique(vectors.vectors[vectors.known], axis=0))
            most = min(n_known // self.min_speakers, n_distinct)
            candidates = tuple(sorted({k for k in self.candidates if k <= most})) or (max(2, min(most, min(self.candidates))),)
        search = KMeansSearch(
            settings=self,
            manifest=manifest,
            vectors=vectors.vectors[vectors.known],
            known=vectors.known,
            candidates=candidates,
            seed=seed,
        )
        search.prepare()
        return search


@dataclass(frozen=True, kw_only=True, eq=False)
class KMeansSearch:
    """Clusterings of the discovery speakers for each number of clusters; `fit` chooses one.

    Attributes:
        vectors: of the speakers that have one: float32 (n_known, dim).
        known: which speakers have one: bool array (n_speakers,).
        candidates: numbers of clusters to choose from.
    """

    settings: SpeakerKMeans
    manifest: Manifest = field(repr=False)
    vectors: np.ndarray = field(repr=False)
    known: np.ndarray = field(repr=False)
    candidates: tuple[int, ...]
    seed: int

    def prepare(self) -> None:
        """Do now what `fit` needs: the rules for every number of clusters, and the folds to choose by."""
        if len(self.candidates) > 1:
            _ = self._deviance
        _ = self._rules

    @cached_property
    def _deviance(self) -> HeldOutDeviance:
        """Deviance for each number of clusters, the clusters of each fold found without its speakers."""
        n, folds = len(self.vectors), self.settings.folds
        fold = np.random.default_rng(self.seed).permutation(n) % folds
        labels = np.empty((len(self.candidates), folds, n), dtype=np.intp)
        for at, n_clusters in enumerate(self.candidates):
            for left_out in range(folds):
                others = self.vectors[fold != left_out]
                found = spherical_kmeans(
                    others, n_clusters=min(n_clusters, len(others)), seed=self.seed, restarts=1, max_iterations=20
                )
                labels[at, left_out] = nearest(self.vectors, found.centroids)[0]
        return HeldOutDeviance(fold=fold, labels=labels)

    @cached_property
    def _rules(self) -> dict[int, KMeansRule]:
        return {n_clusters: self._rule(n_clusters) for n_clusters in self.candidates}

    def _rule(self, n_clusters: int) -> KMeansRule:
        # Two runs share the restarts: the better one is the result, the other tells how much hangs on the seed.
        restarts = -(-self.settings.restarts // 2)
        runs = [
            spherical_kmeans(self.vectors, n_clusters=n_clusters, seed=seed, restarts=restarts)
            for seed in (self.seed, self.seed + 1)
        ]
        found, again = sorted(runs, key=lambda run: run.inertia)
        sizes = np.bincount(found.labels, minlength=n_clusters)
        cohorts = joined(found.centroids, sizes, min_speakers=self.settings.min_speakers)
        groups = np.full(len(self.known), -1)
        groups[self.known] = cohorts[found.labels]
        n_cohorts = int(cohorts.max()) + 1
        notes = [
            f"{n_clusters} clusters of voices were found among {len(self.vectors):,} discovery speakers. "
            f"Another seed gives clusters that agree with these by an adjusted Rand index of "
            f"{adjusted_rand(found.labels, again.labels):.2f} (1: the same, 0: by chance)."
        ]
        if n_cohorts < n_clusters:
            notes.append(
                f"{n_clusters - n_cohorts} of {n_clusters} clusters had fewer than {self.settings.min_speakers} discovery speakers "
                f"and joined their nearest neighbour."
            )
        return KMeansRule(
            clusters=VoiceClusters(
                centroids=found.centroids,
                cohorts=cohorts,
                descriptions=tuple(_in_words(phrases) for phrases in over_represented(self.manifest, groups, n_cohorts)),
            ),
            notes=tuple(notes),
            encoder=self.settings.encoder,
        )

    def fit(self, numerators: np.ndarray, denominators: np.ndarray) -> KMeansRule:
        """The clusters; where their number was not given, those that foretell these counts best: int arrays (n_speakers,)."""
        rules = self._rules
        if self.settings.n_clusters is not None or len(self.candidates) == 1:
            return rules[self.candidates[0]]
        deviance = self._deviance(numerators[self.known], denominators[self.known])
        best = self.candidates[int(deviance.argmin())]
        per_speaker = ", ".join(f"{k}: {value:.2f}" for k, value in zip(self.candidates, deviance / len(self.vectors), strict=True))
        note = f"The number of clusters was chosen by the deviance of left-out speakers' errors, per speaker ({per_speaker})."
        return replace(rules[best], notes=(*rules[best].notes, note), used_scores=True, fitted_speakers=frozenset(self._speakers))

    @cached_property
    def _speakers(self) -> frozenset[str]:
        return frozenset(self.manifest.speaker_ids)


def _in_words(phrases: list[str]) -> str:
    return (
        f"voices that sound alike; more often: {'; '.join(phrases)}"
        if phrases
        else "voices that sound alike; no known attribute stands out"
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class KMeansRule:
    """Speakers belong to the cluster whose centroid is nearest to their voice.

    Attributes:
        clusters: the centroids and who is near them.
        notes: on how they were found.
        encoder: name of the speaker encoder; "" if not known.
        used_scores: whether errors chose the number of clusters.
        fitted_speakers: speakers whose errors were looked at; not saved (no speaker ids in shared files).
    """

    clusters: VoiceClusters
    notes: tuple[str, ...] = ()
    encoder: str = ""
    used_scores: bool = False
    fitted_speakers: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def method(self) -> str:
        """Name of the method that found it."""
        return SpeakerKMeans.method

    def assign(self, manifest: Manifest) -> Partition:
        """Cluster of every speaker; UNKNOWN for those without an embedding.

        Raises:
            DiscoveryError: the manifest has no embeddings, or of another length.
        """
        places = self.clusters.places(manifest)
        return Partition(
            method=self.method,
            labels=places.labels,
            descriptions=dict(zip(self.clusters.names, self.clusters.descriptions, strict=True)),
            used_scores=self.used_scores,
            fitted_speakers=self.fitted_speakers,
            notes=(*self.notes, *places.notes),
        )

    def map_layer(self) -> dict[str, Any]:
        """The clusters' centres on their first two principal directions."""
        return {"kind": "projection", "points": self.clusters.projection(), "axes": list(AXES)}

    def to_json(self) -> dict[str, Any]:
        """Plain data; speakers are not in it."""
        return {
            "format": RULE_FORMAT,
            "format_version": RULE_VERSION,
            "method": self.method,
            "encoder": self.encoder,
            "used_scores": self.used_scores,
            "notes": list(self.notes),
            **self.clusters.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> KMeansRule:
        """The rule that `to_json` wrote.

        Raises:
            RuleError: a field is missing or of the wrong kind.
        """
        try:
            return cls(
                clusters=VoiceClusters.from_json(data),
                notes=tuple(str(note) for note in data["notes"]),
                encoder=str(data["encoder"]),
                used_scores=bool(data["used_scores"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RuleError(f"this speaker-kmeans rule is broken: {error!r}. Discover the cohorts again.") from error
