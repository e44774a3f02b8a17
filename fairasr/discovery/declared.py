"""Declared groups: a column of the manifest is a partition too (gender, accent, country), or two columns crossed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from fairasr.core import UNKNOWN, Manifest, Partition
from fairasr.core.errors import RuleError
from fairasr.core.privacy import speakers_in_words
from fairasr.discovery.base import RULE_FORMAT, RULE_VERSION
from fairasr.discovery.place_names import layer_of_labels
from fairasr.discovery.remembered import Remembered

CROSS = " × "


@dataclass(frozen=True, kw_only=True)
class Declared:
    """Cohorts by what the manifest declares of its speakers.

    Attributes:
        columns: one column, or two to be crossed.
    """

    columns: tuple[str, ...]

    @property
    def method(self) -> str:
        """ "declared:accent", or "declared:accent*gender" for two crossed."""
        return "declared:" + "*".join(self.columns)

    def obstacle(self, manifest: Manifest) -> str | None:
        """Why these columns make no cohorts on this manifest; None where they do."""
        lacking = [column for column in self.columns if column not in manifest.table]
        if lacking:
            return f"there is no column '{lacking[0]}'; there are {', '.join(manifest.attributes) or 'no attributes'}"
        labels = self._rule().assign(manifest).labels
        groups = labels[labels != UNKNOWN]
        if groups.nunique() < 2:
            return f"column {' and '.join(self.columns)} has {groups.nunique()} value(s) that speakers keep; a gap needs two"
        if groups.nunique() > 0.5 * len(groups):
            return (
                f"column {' and '.join(self.columns)} has {groups.nunique():,} values for the {len(groups):,} speakers looked at: "
                f"it names them, it groups none"
            )
        return None

    def search(self, manifest: Manifest, *, seed: int) -> DeclaredSearch:
        """Nothing to prepare but the map: the groups are given. `seed` is not used."""
        rule = self._rule()
        if len(self.columns) > 1:
            return DeclaredSearch(rule=rule)
        layer = layer_of_labels(rule.assign(manifest).labels, manifest.speaker_points, column=self.columns[0])
        return DeclaredSearch(rule=replace(rule, layer=layer))

    def _rule(self) -> DeclaredRule:
        return DeclaredRule(columns=self.columns)


@dataclass(frozen=True, kw_only=True)
class DeclaredSearch:
    """The groups are given, whatever the counts."""

    rule: DeclaredRule

    def fit(self, numerators: np.ndarray, denominators: np.ndarray) -> DeclaredRule:
        """The same rule for any counts."""
        return self.rule


@dataclass(frozen=True, kw_only=True)
class DeclaredRule:
    """Cohort = the value of the columns. Speakers with no value, or with several, are UNKNOWN.

    Attributes:
        columns: one, or two that are crossed.
        layer: what a map shows (see `DisparityReport.map`), from the manifest the rule was made on; crossed columns have none.
            Rules that differ in it alone are equal: they make the same cohorts.
    """

    columns: tuple[str, ...]
    layer: Mapping[str, Any] | None = field(default=None, compare=False)
    _remembered: Remembered[Partition] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_remembered", Remembered(self._assigned))

    @property
    def method(self) -> str:
        """Name of the method that found it."""
        return Declared(columns=self.columns).method

    def assign(self, manifest: Manifest) -> Partition:
        """Group of every speaker; UNKNOWN where a value is missing or a speaker's utterances disagree."""
        return self._remembered(manifest)

    def _assigned(self, manifest: Manifest) -> Partition:
        notes: list[str] = []
        parts: list[pd.Series] = []
        n_speakers = len(manifest.speaker_ids)
        for column in self.columns:
            if column not in manifest.table:
                notes.append(f"There is no column '{column}'; all {n_speakers:,} speakers are in cohort '{UNKNOWN}'.")
                parts.append(pd.Series(None, index=manifest.speaker_ids, dtype=object))
                continue
            values, disagreeing = manifest.values_by_speaker(column)
            text = pd.Series([_declared(value) for value in values], index=values.index, dtype=object)
            missing = int(text.isna().sum()) - len(disagreeing)
            if len(disagreeing):
                notes.append(
                    f"{speakers_in_words(len(disagreeing))} of {n_speakers:,} speakers carry more than one {column}; they are in "
                    f"cohort '{UNKNOWN}', and a gap by {column} is suspect."
                )
            if missing:
                notes.append(
                    f"{speakers_in_words(missing)} of {n_speakers:,} speakers have no {column}; they are in cohort '{UNKNOWN}'."
                )
            parts.append(text)
        known = ~pd.concat(parts, axis=1).isna().any(axis=1).to_numpy()
        joined = parts[0].where(known)
        for part in parts[1:]:
            joined = joined + CROSS + part
        labels = pd.Series(np.where(known, joined, UNKNOWN).astype(object), index=manifest.speaker_ids)
        descriptions = {label: f"{' and '.join(self.columns)}: {label}" for label in sorted(set(labels)) if label != UNKNOWN}
        crossed = {label: tuple(label.split(CROSS)) for label in descriptions} if len(self.columns) > 1 else {}
        return Partition(
            method=self.method,
            labels=labels,
            descriptions=descriptions,
            used_scores=False,
            components=crossed,
            notes=tuple(notes),
        )

    def map_layer(self) -> dict[str, Any] | None:
        """Areas that the labels name, or bubbles where the groups' speakers are; None where neither is known."""
        return None if self.layer is None else dict(self.layer)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        plain = {"format": RULE_FORMAT, "format_version": RULE_VERSION, "method": "declared", "columns": list(self.columns)}
        return plain if self.layer is None else {**plain, "map": dict(self.layer)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DeclaredRule:
        """The rule that `to_json` wrote.

        Raises:
            RuleError: the columns are missing, or the map is none.
        """
        columns = data.get("columns")
        if not isinstance(columns, list) or not columns or not all(isinstance(column, str) for column in columns):
            raise RuleError(f"this declared rule is broken: 'columns' is {columns!r}, not a list of column names.")
        layer = data.get("map")
        if layer is not None and not (isinstance(layer, Mapping) and layer.get("kind") in ("areas", "points")):
            raise RuleError(f"this declared rule is broken: 'map' is {layer!r}, not a map of areas or points. Leave it out.")
        return cls(columns=tuple(columns), layer=layer)


def _declared(value: Any) -> str | None:
    """A value as text, None where nothing is declared."""
    return None if pd.isna(value) else str(value).strip() or None
