"""One division of zip codes, with the side of every area: who of a manifest lives on which side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from fairasr.core import UNKNOWN, Manifest, Partition
from fairasr.core.privacy import speakers_in_words
from fairasr.discovery.zip_sides import LETTERS, NOWHERE, is_inside, is_known, is_uncertain
from fairasr.discovery.zip_table import ZipTable

ECOLOGICAL = "An area's composition is not a person's attribute: these cohorts say where speakers live, not who they are."


@dataclass(frozen=True, kw_only=True, eq=False)
class ZipPartition:
    """Areas for which a condition holds, and the others.

    Attributes:
        name: the condition in short ("hispanic >= 50 %").
        other: the other side in short ("hispanic < 50 %").
        inside, outside: zip codes of each side, in words.
        bottom_is_inside: whether the error rate inside was the higher one on the discovery speakers.
        sides: side of each area, int8 array (n_areas,): see `zip_sides`.
        margin_confidence: level of the margins of error; None: there are none.
    """

    name: str
    other: str
    inside: str
    outside: str
    bottom_is_inside: bool
    sides: np.ndarray = field(repr=False)
    margin_confidence: float | None = None

    def of_speakers(self, table: ZipTable, manifest: Manifest) -> np.ndarray:
        """Side of each speaker: int8 array (n_speakers,), NOWHERE where it is not known."""
        positions = table.homes(manifest).positions
        return np.where(positions >= 0, self.sides[positions], NOWHERE).astype(np.int8)

    def assign(self, table: ZipTable, manifest: Manifest, *, method: str, fitted: frozenset[str], as_bottom: bool) -> Partition:
        """Cohorts of the two sides, named by condition, or with `as_bottom` "bottom" and "rest"."""
        sides = self.of_speakers(table, manifest)
        names = ("bottom", "rest") if as_bottom else (self.name, self.other)
        inside, outside = names if self.bottom_is_inside or not as_bottom else names[::-1]
        labels = np.array([UNKNOWN, outside, inside], dtype=object)[np.where(is_known(sides), 1 + is_inside(sides), 0)]
        return Partition(
            method=method,
            labels=pd.Series(labels, index=manifest.speaker_ids),
            descriptions={inside: self.inside, outside: self.outside},
            used_scores=True,
            fitted_speakers=fitted,
            notes=(ECOLOGICAL, *table.homes(manifest).notes, *self._notes(table, manifest, sides)),
        )

    def _notes(self, table: ZipTable, manifest: Manifest, sides: np.ndarray) -> list[str]:
        matched = table.homes(manifest).positions >= 0
        blank, uncertain = int((matched & ~is_known(sides)).sum()), int(is_uncertain(sides).sum())
        notes = []
        if blank:
            notes.append(
                f"{speakers_in_words(blank)} of {int(matched.sum()):,} speakers live where the census has no figure for this "
                f"and are in cohort '{UNKNOWN}'."
            )
        if uncertain:
            notes.append(
                f"{speakers_in_words(uncertain)} of {int(matched.sum()):,} speakers live in areas whose census "
                "figure is within its "
                f"{100 * (self.margin_confidence or 0):.3g} % margin of error of the threshold: their side is uncertain."
            )
        return notes

    def to_json(self) -> dict[str, Any]:
        """Plain data; `sides` as one letter per area."""
        plain = {key: getattr(self, key) for key in ("name", "other", "inside", "outside", "bottom_is_inside", "margin_confidence")}
        letters = np.array([LETTERS[code] for code in sorted(LETTERS)])
        return {**plain, "sides": "".join(letters[self.sides - NOWHERE])}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, n_areas: int) -> ZipPartition:
        """The partition that `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: a part is missing or does not fit.
        """
        codes = {letter: code for code, letter in LETTERS.items()}
        sides = np.array([codes[letter] for letter in data["sides"]], dtype=np.int8)
        if len(sides) != n_areas:
            raise ValueError(f"partition {data['name']!r} has {len(sides):,} sides for {n_areas:,} zip codes")
        rest = {key: data[key] for key in ("name", "other", "inside", "outside", "bottom_is_inside", "margin_confidence")}
        return cls(**rest, sides=sides)
