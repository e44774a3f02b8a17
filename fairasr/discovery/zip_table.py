"""The zip codes a rule knows, who of a manifest lives in them, and where they are on the map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from fairasr.core import UNKNOWN, Manifest
from fairasr.core.privacy import speakers_in_words
from fairasr.discovery.remembered import Remembered

FIRST_CODES = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class ZipTable:
    """The areas a rule knows.

    Attributes:
        name: of the census.
        sha256: of the census file; "" if it came from memory.
        zip_codes: sorted, str array (n_areas,).
        points: latitude, longitude of each area [degrees], float (n_areas, 2); None where not known.
        area_ids: id of the area of `boundaries` around each, "" where there is none, str array (n_areas,); None: not looked up.
        boundaries: name of the boundaries the ids belong to.
    """

    name: str
    sha256: str
    zip_codes: np.ndarray = field(repr=False)
    points: np.ndarray | None = field(default=None, repr=False)
    area_ids: np.ndarray | None = field(default=None, repr=False)
    boundaries: str = "us_states"

    @cached_property
    def index(self) -> pd.Index[str]:
        """`zip_codes`, for look-ups."""
        index: pd.Index[str] = pd.Index(self.zip_codes)
        return index

    @cached_property
    def homes(self) -> Remembered[ZipHomes]:
        """Where the speakers of a manifest live."""
        return Remembered(self._homes)

    def _homes(self, manifest: Manifest) -> ZipHomes:
        n_speakers = len(manifest.speaker_ids)
        if "zip_code" not in manifest.table:
            return ZipHomes(
                positions=np.full(n_speakers, -1),
                notes=(f"None of the {n_speakers:,} speakers has a zip code; all are in cohort '{UNKNOWN}'.",),
            )
        codes, disagreeing = manifest.values_by_speaker("zip_code")
        given = codes.notna().to_numpy()
        positions = np.where(given, self.index.get_indexer(pd.Index(codes.to_numpy(), dtype=object)), -1)
        lost = given & (positions < 0)
        lost_codes = sorted(set(codes[lost]))
        # Three digits tell which codes to look for in the census table, and not where one speaker lives.
        sectional = sorted({f"{code[:3]}xx" for code in lost_codes})
        shown = ", ".join(sectional[:FIRST_CODES]) + (", ..." if len(sectional) > FIRST_CODES else "")
        missing = n_speakers - int(given.sum()) - len(disagreeing)
        notes = (
            (
                len(disagreeing),
                f"{speakers_in_words(len(disagreeing))} of {n_speakers:,} speakers have several zip codes and "
                f"are in cohort '{UNKNOWN}'.",
            ),
            (missing, f"{speakers_in_words(missing)} of {n_speakers:,} speakers have no zip code and are in cohort '{UNKNOWN}'."),
            (
                len(lost_codes),
                f"{len(lost_codes):,} zip codes of {speakers_in_words(int(lost.sum()))} of {n_speakers:,} "
                "speakers are not in the census table "
                f"({shown}); they are in cohort '{UNKNOWN}'.",
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
        areas = (
            None
            if data["area_ids"] is None
            else np.array(["" if area == "-" else area for area in data["area_ids"].split()], dtype=str)
        )
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


@dataclass(frozen=True, kw_only=True, eq=False)
class ZipHomes:
    """Where speakers live: position of each one's zip code in a ZipTable, -1 where there is none, and notes on those."""

    positions: np.ndarray
    notes: tuple[str, ...]
