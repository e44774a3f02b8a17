"""Zip codes on two sides: which areas a condition holds for, and where they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from fairasr.core import UNKNOWN, Manifest, Partition
from fairasr.discovery.remembered import Remembered

NOWHERE = -1
OUTSIDE, INSIDE = 0, 1
UNCERTAIN = 2
"""Added to a side where the census number is within its margin of error of a threshold."""

LETTERS = {NOWHERE: "?", OUTSIDE: "-", INSIDE: "+", OUTSIDE + UNCERTAIN: "m", INSIDE + UNCERTAIN: "p"}
"""How a side is written in JSON: not known, outside, inside, and minus / plus within the margin of error."""

ECOLOGICAL = "An area's composition is not a person's attribute: these cohorts say where speakers live, not who they are."
FIRST_CODES = 5


@dataclass(frozen=True, kw_only=True)
class ZipTable:
    """The areas a rule knows.

    Attributes:
        name: of the census.
        sha256: of the census file; "" if it came from memory.
        zip_codes: sorted, str array (n_areas,).
        points: latitude, longitude of each area [degrees], float (n_areas, 2); None where not known.
        area_ids: id of each area's surroundings in `boundaries`, "" where there is none, str array (n_areas,); None: not looked up yet.
        boundaries: name of the boundaries the ids belong to.
    """

    name: str
    sha256: str
    zip_codes: np.ndarray = field(repr=False)
    points: np.ndarray | None = field(default=None, repr=False)
    area_ids: np.ndarray | None = field(default=None, repr=False)
    boundaries: str = "us_states"

    @cached_property
    def index(self) -> pd.Index:
        """`zip_codes`, for look-ups."""
        return pd.Index(self.zip_codes)

    @cached_property
    def homes(self) -> Remembered[ZipHomes]:
        """Where the speakers of a manifest live."""
        return Remembered(self._homes)

    def _homes(self, manifest: Manifest) -> ZipHomes:
        n_speakers = len(manifest.speaker_ids)
        if "zip_code" not in manifest.table:
            return ZipHomes(
                positions=np.full(n_speakers, -1), notes=(f"None of the {n_speakers:,} speakers has a zip code; all are in cohort '{UNKNOWN}'.",)
            )
        codes, disagreeing = manifest.values_by_speaker("zip_code")
        given = codes.notna().to_numpy()
        positions = np.where(given, self.index.get_indexer(pd.Index(codes.to_numpy(), dtype=object)), -1)
        lost = given & (positions < 0)
        lost_codes = sorted(set(codes[lost]))
        shown = ", ".join(lost_codes[:FIRST_CODES]) + (", ..." if len(lost_codes) > FIRST_CODES else "")
        missing = n_speakers - int(given.sum()) - len(disagreeing)
        notes = (
            (len(disagreeing), f"{len(disagreeing):,} of {n_speakers:,} speakers have several zip codes and are in cohort '{UNKNOWN}'."),
            (missing, f"{missing:,} of {n_speakers:,} speakers have no zip code and are in cohort '{UNKNOWN}'."),
            (
                len(lost_codes),
                f"{len(lost_codes):,} zip codes of {int(lost.sum()):,} of {n_speakers:,} speakers are not in the census table ({shown}); "
                f"they are in cohort '{UNKNOWN}'.",
            ),
        )
        return ZipHomes(positions=positions, notes=tuple(text for count, text in notes if count))

    def areas_at(self, positions: np.ndarray) -> np.ndarray:
        """Area id of each position in the table, "" for -1 and where there is none: str array (n,)."""
        found = np.full(len(positions), "", dtype=object)
        known = positions >= 0
        if self.area_ids is not None:
            found[known] = self.area_ids[positions[known]]
        elif self.points is not None:
            from fairasr.geography import area_of

            latitude_deg, longitude_deg = self.points[positions[known]].T
            placed = np.isfinite(latitude_deg) & np.isfinite(longitude_deg)
            ids = np.full(len(placed), "", dtype=object)
            ids[placed] = area_of(latitude_deg[placed], longitude_deg[placed], boundaries=self.boundaries)
            found[known] = ids
        return found.astype(str)

    def to_json(self) -> dict[str, Any]:
        """Plain data; points are reduced to area ids."""
        has_areas = self.points is not None or self.area_ids is not None
        ids = self.areas_at(np.arange(len(self.zip_codes))) if has_areas else None
        return {
            "census": self.name,
            "census_sha256": self.sha256,
            "boundaries": self.boundaries if has_areas else None,
            "zip_codes": " ".join(self.zip_codes),
            "area_ids": None if ids is None else " ".join(area or "-" for area in ids),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ZipTable:
        """The table that `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: a part is missing or does not fit.
        """
        zip_codes = np.array(data["zip_codes"].split(), dtype=str)
        areas = None if data["area_ids"] is None else np.array(["" if area == "-" else area for area in data["area_ids"].split()], dtype=str)
        if areas is not None and len(areas) != len(zip_codes):
            raise ValueError(f"there are {len(areas):,} area_ids for {len(zip_codes):,} zip_codes")
        if pd.Index(zip_codes).has_duplicates:
            raise ValueError("zip_codes repeat")
        return cls(
            name=str(data["census"]),
            sha256=str(data["census_sha256"]),
            zip_codes=zip_codes,
            area_ids=areas,
            boundaries=str(data["boundaries"] or "us_states"),
        )


@dataclass(frozen=True, kw_only=True)
class ZipHomes:
    """Where speakers live: position of each one's zip code in a ZipTable, -1 where there is none, and notes on those."""

    positions: np.ndarray
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ZipPartition:
    """Areas for which a condition holds, and the others.

    Attributes:
        name: the condition in short ("hispanic >= 50 %").
        other: the other side in short ("hispanic < 50 %").
        inside, outside: zip codes of each side, in words.
        bottom_is_inside: whether the error rate inside was the higher one on the discovery speakers.
        inside_rate, outside_rate: error rates on the discovery speakers: apparent, for the record.
        sides: side of each area, int8 array (n_areas,): see `LETTERS`.
        margin_confidence: level of the margins of error; None: there are none.
    """

    name: str
    other: str
    inside: str
    outside: str
    bottom_is_inside: bool
    inside_rate: float
    outside_rate: float
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
        labels = np.array([UNKNOWN, outside, inside], dtype=object)[np.where(sides < 0, 0, 1 + sides % UNCERTAIN)]
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
        blank, uncertain = int((matched & (sides < 0)).sum()), int((sides >= UNCERTAIN).sum())
        notes = []
        if blank:
            notes.append(
                f"{blank:,} of {int(matched.sum()):,} speakers live in areas without a census figure for this and are in cohort '{UNKNOWN}'."
            )
        if uncertain:
            notes.append(
                f"{uncertain:,} of {int(matched.sum()):,} speakers live in areas whose census figure is within its "
                f"{100 * (self.margin_confidence or 0):.3g} % margin of error of the threshold: their side is uncertain."
            )
        return notes

    def to_json(self) -> dict[str, Any]:
        """Plain data; `sides` as one letter per area."""
        plain = {key: getattr(self, key) for key in ("name", "other", "inside", "outside", "bottom_is_inside", "margin_confidence")}
        letters = np.array([LETTERS[code] for code in sorted(LETTERS)])
        return {**plain, "inside_rate": self.inside_rate, "outside_rate": self.outside_rate, "sides": "".join(letters[self.sides - NOWHERE])}

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
        return cls(**rest, inside_rate=float(data["inside_rate"]), outside_rate=float(data["outside_rate"]), sides=sides)
