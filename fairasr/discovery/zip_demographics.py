"""Zip codes by who lives there: which share or value of the census divides high from low error (Dheram et al. 2022, 2207.11345)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from fairasr.core import UNKNOWN, Manifest, Partition
from fairasr.core.errors import DiscoveryError, RuleError
from fairasr.discovery.base import RULE_FORMAT, RULE_VERSION
from fairasr.discovery.census import CensusTable, read_census
from fairasr.discovery.remembered import Remembered
from fairasr.discovery.zip_candidates import Candidate, candidates
from fairasr.discovery.zip_partition import ZipPartition
from fairasr.discovery.zip_sides import NOWHERE, is_inside, is_outside
from fairasr.discovery.zip_table import ZipTable


@dataclass(frozen=True, kw_only=True)
class ZipDemographics:
    """Divide zip codes by one census attribute (or two), where the error rate differs most.

    For each share: areas where it is at least one half against the rest. For each share and value: the best of a few
    thresholds, quantiles over the discovery speakers. The best division makes the cohorts; the others stay on record.

    Attributes:
        census: census card (TOML), or a table already read.
        table: census table (CSV, Parquet), where it is not the one the card names.
        min_speakers: fewest discovery speakers on each side.
        quantiles: of the discovery speakers, where thresholds are tried; in 0..1.
        depth: 2 also tries "both" of two attributes, each divided at one half or at its median.
        criterion: what the best division has most of: "variance", the word-weighted sum of squares between the sides,
            N_L N_R / (N_L + N_R) (WER_L - WER_R)^2, which does not favour tiny sides; or "difference", |WER_L - WER_R|.
        boundaries: the map's areas.
    """

    method: ClassVar[str] = "zip-demographics"
    census: str | Path | CensusTable
    table: str | Path | None = None
    min_speakers: int = 20
    quantiles: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    depth: Literal[1, 2] = 1
    criterion: Literal["variance", "difference"] = "variance"
    boundaries: str = "us_states"

    def __post_init__(self) -> None:
        wrong = []
        if self.min_speakers < 1:
            wrong.append(f"min_speakers is {self.min_speakers}, not at least 1")
        if not all(0 < quantile < 1 for quantile in self.quantiles):
            wrong.append(f"quantiles are {self.quantiles}, not all between 0 and 1")
        if self.depth not in (1, 2):
            wrong.append(f"depth is {self.depth}, not 1 or 2")
        if self.criterion not in ("variance", "difference"):
            wrong.append(f"criterion is {self.criterion!r}, not 'variance' or 'difference'")
        if wrong:
            raise DiscoveryError(f"zip-demographics cannot run with these settings: {'; '.join(wrong)}.")

    @cached_property
    def census_table(self) -> CensusTable:
        """The census, read once.

        Raises:
            IngestError, SchemaError: it cannot be read.
        """
        return self.census if isinstance(self.census, CensusTable) else read_census(self.census, self.table)

    def obstacle(self, manifest: Manifest) -> str | None:
        """Why no zip codes can be divided on this manifest; None where they can."""
        if "zip_code" not in manifest.table:
            return "there is no column zip_code"
        codes, _ = manifest.values_by_speaker("zip_code")
        matched = int(codes.isin(self.census_table.zip_codes).sum())
        if matched < 2 * self.min_speakers:
            return (
                f"{matched:,} of {len(codes):,} discovery speakers have a zip code of the census table; "
                f"two sides need {2 * self.min_speakers} (min_speakers on each)"
            )
        if not self._candidates(manifest):
            return f"no census attribute divides the speakers into two sides of at least {self.min_speakers}"
        return None

    def search(self, manifest: Manifest, *, seed: int) -> ZipSearch:
        """Every division of the discovery speakers that is large enough; `seed` is not used, nothing is random.

        Raises:
            DiscoveryError: there is no such division.
        """
        obstacle = self.obstacle(manifest)
        if obstacle is not None:
            raise DiscoveryError(
                f"zip-demographics cannot run: {obstacle}. Give zip codes and a census table that fit, or lower min_speakers."
            )
        divisions = self._candidates(manifest)
        positions = self._homes.homes(manifest).positions
        lived_in, homes = np.unique(positions, return_inverse=True)
        sides = np.stack([division.sides for division in divisions])[:, lived_in]
        sides[:, lived_in < 0] = NOWHERE
        return ZipSearch(
            settings=self,
            table=self._homes,
            candidates=tuple(divisions),
            speakers=frozenset(manifest.speaker_ids),
            homes=homes,
            inside=is_inside(sides).astype(float),
            outside=is_outside(sides).astype(float),
        )

    @cached_property
    def _homes(self) -> ZipTable:
        census = self.census_table
        return ZipTable(
            name=census.name, sha256=census.sha256, zip_codes=census.zip_codes, points=census.points, boundaries=self.boundaries
        )

    @cached_property
    def _candidates(self) -> Remembered[list[Candidate]]:
        return Remembered(self._legal)

    def _legal(self, manifest: Manifest) -> list[Candidate]:
        """Divisions with enough discovery speakers on each side; of those that divide the speakers alike, the first."""
        positions = self._homes.homes(manifest).positions
        positions = positions[positions >= 0]
        legal: dict[tuple[str, bytes], Candidate] = {}
        for candidate in candidates(
            self.census_table.attributes,
            positions,
            quantiles=self.quantiles,
            min_speakers=self.min_speakers,
            with_pairs=self.depth == 2,
        ):
            sides = candidate.sides[positions]
            if min(is_inside(sides).sum(), is_outside(sides).sum()) >= self.min_speakers:
                legal.setdefault((candidate.family, sides.tobytes()), candidate)
        return list(legal.values())


@dataclass(frozen=True, kw_only=True, eq=False)
class ZipSearch:
    """Divisions of the discovery speakers' zip codes; `fit` weighs them all with one product of matrices.

    Attributes:
        homes: position of each speaker's zip code among those lived in: int array (n_speakers,).
        inside, outside: 1 where a zip code is on that side: float arrays (n_candidates, n_lived_in).
    """

    settings: ZipDemographics
    table: ZipTable
    candidates: tuple[Candidate, ...]
    speakers: frozenset[str]
    homes: np.ndarray
    inside: np.ndarray
    outside: np.ndarray

    def fit(self, numerators: np.ndarray, denominators: np.ndarray) -> ZipRule:
        """The divisions for these counts, best first: int arrays (n_speakers,) of errors and words.

        Raises:
            DiscoveryError: no division has words on both sides.
        """
        n_homes = self.inside.shape[1]
        counts = np.column_stack(
            [np.bincount(self.homes, weights=column, minlength=n_homes) for column in (numerators, denominators)]
        )
        errors_in, words_in = (self.inside @ counts).T
        errors_out, words_out = (self.outside @ counts).T
        legal = np.flatnonzero((words_in > 0) & (words_out > 0))
        if not len(legal):
            raise DiscoveryError(
                f"zip-demographics cannot run: none of {len(self.candidates):,} divisions has reference words on both sides. "
                f"Score references with words in them."
            )
        rate_in = np.divide(errors_in, words_in, where=words_in > 0, out=np.zeros_like(words_in))
        rate_out = np.divide(errors_out, words_out, where=words_out > 0, out=np.zeros_like(words_out))
        gain = np.abs(rate_in - rate_out)
        if self.settings.criterion == "variance":
            gain = gain**2 * words_in * words_out / np.maximum(words_in + words_out, 1)
        # Stable: of equals the first, so that the order of the card decides and nothing else.
        best_first = legal[np.argsort(-gain[legal], kind="stable")]
        kept = {self.candidates[i].family: int(i) for i in best_first[::-1]}
        chosen = [int(i) for i in best_first if kept[self.candidates[i].family] == i]
        names: set[str] = set()
        partitions = []
        for i in chosen:
            candidate = self.candidates[i]
            # A best threshold of one half is the majority again.
            if candidate.name in names:
                continue
            names.add(candidate.name)
            partitions.append(
                ZipPartition(
                    name=candidate.name,
                    other=candidate.other,
                    inside=candidate.inside,
                    outside=candidate.outside,
                    bottom_is_inside=bool(rate_in[i] >= rate_out[i]),
                    sides=candidate.sides,
                    margin_confidence=self.settings.census_table.margin_confidence,
                )
            )
        return ZipRule(table=self.table, tried=tuple(partitions), fitted_speakers=self.speakers)


@dataclass(frozen=True, kw_only=True, eq=False)
class ZipRule:
    """Divisions of zip codes, best first; the first makes the cohorts. It holds its zip codes and needs no census table.

    Attributes:
        table: the zip codes.
        tried: the divisions.
        fitted_speakers: speakers whose errors were looked at; not saved (no speaker ids in shared files).
    """

    table: ZipTable
    tried: tuple[ZipPartition, ...]
    fitted_speakers: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def method(self) -> str:
        """Name of the method that found it."""
        return ZipDemographics.method

    def assign(self, manifest: Manifest) -> Partition:
        """Side of every speaker in the best division; UNKNOWN without a zip code the census knows."""
        return self.tried[0].assign(self.table, manifest, method=self.method, fitted=self.fitted_speakers, as_bottom=False)

    def partitions(self, manifest: Manifest) -> dict[str, Partition]:
        """Every division by name, best first; "bottom" is the side with the higher error rate on the discovery speakers."""
        return {
            tried.name: tried.assign(self.table, manifest, method=self.method, fitted=self.fitted_speakers, as_bottom=True)
            for tried in self.tried
        }

    def areas(self, manifest: Manifest) -> Partition:
        """The state (see `boundaries`) each speaker's zip code is in; UNKNOWN where there is none.

        Raises:
            DiscoveryError: the census had no points, so areas are not known.
        """
        if self.map_layer() is None:
            raise DiscoveryError(
                "this zip-demographics rule knows no areas: its census has no points. "
                "Name latitude_deg and longitude_deg on the card."
            )
        homes = self.table.homes(manifest)
        ids = self.table.areas_at(homes.positions)
        return Partition(
            method=self.method,
            labels=pd.Series(np.where(ids == "", UNKNOWN, ids).astype(object), index=manifest.speaker_ids),
            descriptions={str(area): f"area {area} of {self.table.boundaries}" for area in sorted(set(ids)) if area},
            used_scores=False,
            notes=homes.notes,
        )

    def map_layer(self) -> dict[str, Any] | None:
        """The areas to draw, or None where the census has no points."""
        if self.table.points is None and self.table.area_ids is None:
            return None
        return {"kind": "areas", "boundaries": self.table.boundaries}

    def to_json(self) -> dict[str, Any]:
        """Plain data; speakers are not in it."""
        return {
            "format": RULE_FORMAT,
            "format_version": RULE_VERSION,
            "method": self.method,
            **self.table.to_json(),
            "sides": "one letter per zip code: + inside, - outside, p and m the same within the margin of error, ? not known",
            "partitions": [tried.to_json() for tried in self.tried],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ZipRule:
        """The rule that `to_json` wrote.

        Raises:
            RuleError: a field is missing or of the wrong kind.
        """
        try:
            table = ZipTable.from_json(data)
            tried = tuple(ZipPartition.from_json(item, n_areas=len(table.zip_codes)) for item in data["partitions"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RuleError(f"this zip-demographics rule is broken: {error!r}. Discover the cohorts again.") from error
        if not tried:
            raise RuleError("this zip-demographics rule is broken: it holds no partition. Discover the cohorts again.")
        return cls(table=table, tried=tried)
