"""What a discovery method is: settings that find a rule, and a rule that assigns speakers to cohorts."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from fairasr.core import Counts, Manifest, Partition

RULE_FORMAT = "fairasr-rule"
RULE_VERSION = 1
DECLARED = "declared"
"""The method whose cohorts the corpus names: no errors made them."""


class CohortRule(Protocol):
    """Frozen plain data: which speaker belongs to which cohort, on this corpus or any other."""

    @property
    def method(self) -> str:
        """Name of the method that found it."""

    def assign(self, manifest: Manifest) -> Partition:
        """Cohort of every speaker of `manifest`; UNKNOWN where the rule cannot place one."""

    def to_json(self) -> dict[str, Any]:
        """Settings and shapes of the rule; `from_json` of its class reads them back."""

    def map_layer(self) -> dict[str, Any] | None:
        """What a map of it shows (see `DisparityReport.map`), or None."""


@runtime_checkable
class HasAreas(Protocol):
    """A rule whose map is of areas other than its cohorts (states for zip codes)."""

    def areas(self, manifest: Manifest) -> Partition:
        """Area of every speaker; labels are ids in the boundaries that `map_layer` names."""


def areas_of(rule: CohortRule, manifest: Manifest) -> Partition | None:
    """Area of every speaker of `manifest` where the rule's map is of areas other than its cohorts, else None."""
    layer = rule.map_layer()
    is_of_areas = layer is not None and layer["kind"] == "areas"
    return rule.areas(manifest) if is_of_areas and isinstance(rule, HasAreas) else None


@runtime_checkable
class HasPartitions(Protocol):
    """A rule that chose among several partitions and keeps them all."""

    def partitions(self, manifest: Manifest) -> dict[str, Partition]:
        """Name of each partition tried -> its cohorts; the labels are "bottom" and "rest" as on the discovery speakers."""


class Search(Protocol):
    """A discovery method prepared on one manifest: all work that does not depend on errors is done.

    Permutation tests fit the same search hundreds of times, so `fit` is the cheap part.
    """

    def fit(self, numerators: np.ndarray, denominators: np.ndarray) -> CohortRule:
        """The rule for these counts: int arrays (n_speakers,), ordered as `manifest.speaker_ids`."""


class Discoverer(Protocol):
    """Settings of one method: a frozen dataclass, one per file, one line in METHODS."""

    @property
    def method(self) -> str:
        """Name of the method, as on the command line and in reports."""

    def obstacle(self, manifest: Manifest) -> str | None:
        """Why the method cannot run on this manifest, as a sentence; None where it can."""

    def search(self, manifest: Manifest, *, seed: int) -> Search:
        """Prepare on the discovery speakers' manifest."""


def fit(discoverer: Discoverer, manifest: Manifest, counts: Counts, *, seed: int) -> CohortRule:
    """Find the cohorts of `manifest` under `counts` (rows of other speakers are ignored; speakers without counts have 0/0)."""
    per_speaker = counts.by_speaker()
    position = manifest.speaker_ids.get_indexer(pd.Index(per_speaker.table["speaker_id"]))
    numerators, denominators = (np.zeros(len(manifest.speaker_ids), dtype=np.int64) for _ in range(2))
    known = position >= 0
    numerators[position[known]] = per_speaker.numerators[known]
    denominators[position[known]] = per_speaker.denominators[known]
    return discoverer.search(manifest, seed=seed).fit(numerators, denominators)
