"""A rule found elsewhere, used as it is: cohorts of an earlier audit measured on another corpus or a later model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from fairasr.core import UNKNOWN, Manifest
from fairasr.discovery.base import DECLARED, CohortRule


@dataclass(frozen=True, kw_only=True)
class FrozenRule:
    """A discoverer that discovers nothing: it hands out `rule`.

    Attributes:
        rule: as read by `read_rule`.
        found_on: SHA-256 of the files it was found on, where its own file says so.
    """

    rule: CohortRule = field(repr=False)
    found_on: tuple[str, ...] = ()

    @property
    def method(self) -> str:
        """Name of the method that found the rule."""
        return self.rule.method

    def n_found_on(self, files: Iterable[str]) -> int:
        """How many of these files the rule was found on, so that its cohorts would look worse in them than they are.

        Args:
            files: their SHA-256.

        Returns:
            0 for declared groups, whatever the files: no errors made them.
        """
        return 0 if self.method.partition(":")[0] == DECLARED else len(set(self.found_on) & set(files))

    def obstacle(self, manifest: Manifest) -> str | None:
        """Why the rule divides nobody here; None where it does."""
        labels = self.rule.assign(manifest).labels
        n_cohorts = labels[labels != UNKNOWN].nunique()
        if n_cohorts < 2:
            return f"the rule puts the {len(labels):,} discovery speakers into {n_cohorts} cohort(s); a gap needs two"
        return None

    def search(self, manifest: Manifest, *, seed: int) -> FrozenRule:
        """Itself; `seed` is not used."""
        return self

    def fit(self, numerators: np.ndarray, denominators: np.ndarray) -> CohortRule:
        """The rule, whatever the counts."""
        return self.rule
