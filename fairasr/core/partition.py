"""Partition: speaker -> cohort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

UNKNOWN = "unknown"
"""Cohort of speakers a rule cannot place (no coordinates, unmatched zip code, no embedding). Counted, never dropped."""


@dataclass(frozen=True, kw_only=True)
class Partition:
    """Which speaker is in which cohort.

    Attributes:
        method: the discovery method ("geo-tree", "declared:accent", ...).
        labels: cohort of each speaker: str Series, index speaker_id (sorted, unique). UNKNOWN where the rule cannot place one.
        descriptions: label -> who they are, in words.
        used_scores: whether finding the cohorts looked at error counts.
        fitted_speakers: the speakers it looked at; estimates on them need `allow_double_dipping`.
        components: for crossed columns, label -> its value in each column.
        notes: what could not be placed and why, in sentences for the report.
    """

    method: str
    labels: pd.Series
    descriptions: Mapping[str, str]
    used_scores: bool
    fitted_speakers: frozenset[str] = frozenset()
    components: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = field(default=())

    @cached_property
    def coded(self) -> tuple[np.ndarray, list[str]]:
        """Cohort of each speaker as a position in the sorted labels, int array (n_speakers,), -1 for UNKNOWN; and the labels."""
        codes, names = pd.factorize(self.labels.to_numpy(dtype=object), sort=True)
        labels = [name for name in names if name != UNKNOWN]
        position = {name: i for i, name in enumerate(labels)}
        return np.array([position.get(name, -1) for name in names], dtype=int)[codes], labels

    @property
    def cohorts(self) -> list[str]:
        """Labels in use, sorted, UNKNOWN last."""
        return sorted(set(self.labels), key=lambda label: (label == UNKNOWN, label))
