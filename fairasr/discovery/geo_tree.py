"""Regions of high error: a decision tree over latitude and longitude (Trinh et al. 2022, arXiv 2207.07850)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from fairasr.core import UNKNOWN, Manifest, Partition
from fairasr.core.errors import DiscoveryError, RuleError
from fairasr.core.privacy import speakers_in_words
from fairasr.discovery.base import RULE_FORMAT, RULE_VERSION
from fairasr.discovery.best_first import GAINS, Growth, grow, orders
from fairasr.discovery.longitudes import longitude_origin, unroll
from fairasr.discovery.place_names import fitting_boundaries, place_names
from fairasr.discovery.pruning import cross_validated_leaves

CHUNK = 1 << 16
PRUNING_FOLDS = 5
DECIMALS = 2
"""Points are rounded to about a kilometre, so that no border of a saved rule tells where one speaker lives."""


@dataclass(frozen=True, kw_only=True)
class GeoTree:
    """Cut the map into boxes where the error rate differs most.

    Attributes:
        max_leaves: most regions there may be (126 in Trinh et al. 2022).
        min_speakers: fewest discovery speakers in a region. At 20, about as many confirm it, so that few are suppressed.
        min_words: fewest reference words of discovery speakers in a region.
        min_gain: a split must gain more than this, in the unit of `gain`.
        prune: keep only as many regions as predict other speakers best, by 5-fold cross-validation over the discovery speakers.
        gain: "variance" (word-weighted between-child sum of squares), "poisson" (deviance) or "difference" (the paper's words).
    """

    method: ClassVar[str] = "geo-tree"

    max_leaves: int = 126
    min_speakers: int = 20
    min_words: int = 1
    min_gain: float = 0.0
    prune: bool = False
    gain: Literal["variance", "poisson", "difference"] = "variance"

    def __post_init__(self) -> None:
        rules = {
            f"max_leaves is {self.max_leaves}, must be 2 or more": self.max_leaves >= 2,
            f"min_speakers is {self.min_speakers}, must be 1 or more": self.min_speakers >= 1,
            f"min_words is {self.min_words}, must be 0 or more": self.min_words >= 0,
            f"gain is {self.gain!r}, must be one of {', '.join(GAINS)}": self.gain in GAINS,
        }
        broken = [wording for wording, kept in rules.items() if not kept]
        if broken:
            raise DiscoveryError("geo-tree cannot work with these settings:\n" + "\n".join(f"  - {line}" for line in broken))

    def obstacle(self, manifest: Manifest) -> str | None:
        """Why no tree can be grown on this manifest; None where it can."""
        lacking = [c for c in ("latitude_deg", "longitude_deg") if c not in manifest.table]
        if lacking:
            return f"there is no column {' and no column '.join(lacking)}"
        located = np.isfinite(manifest.speaker_points).all(axis=1).sum()
        if located < 2 * self.min_speakers:
            return (
                f"{located:,} of {len(manifest.speaker_ids):,} discovery speakers have coordinates; "
                f"a first split needs {2 * self.min_speakers} (min_speakers on each side)"
            )
        return None

    def search(self, manifest: Manifest, *, seed: int) -> GeoSearch:
        """Sort the discovery speakers' points; `seed` deals the folds of pruning, the tree itself is deterministic."""
        points = np.round(manifest.speaker_points, DECIMALS)
        located = np.flatnonzero(np.isfinite(points).all(axis=1))
        origin = longitude_origin(points[located, 1])
        shifted = np.column_stack([points[located, 0], unroll(points[located, 1], origin)])
        return GeoSearch(
            settings=self,
            speakers=frozenset(manifest.speaker_ids),
            located=located,
            points=shifted,
            orders=orders(shifted),
            folds=np.random.default_rng(seed).permutation(len(located)) % PRUNING_FOLDS,
            origin=origin,
            places=place_names(points[located]),
            boundaries=fitting_boundaries(points[located]),
        )


@dataclass(frozen=True, kw_only=True)
class GeoSearch:
    """Points of the discovery speakers, sorted once; `fit` grows a tree on their counts."""

    settings: GeoTree
    speakers: frozenset[str]
    located: np.ndarray
    points: np.ndarray
    orders: tuple[np.ndarray, np.ndarray]
    folds: np.ndarray
    origin: float
    places: np.ndarray
    boundaries: str

    def fit(self, numerators: np.ndarray, denominators: np.ndarray) -> GeoRule:
        """The regions for these counts: int arrays (n_speakers,) of errors and words."""
        settings = self.settings
        numerators, denominators = numerators[self.located], denominators[self.located]
        growth = Growth(
            max_leaves=settings.max_leaves,
            min_points=settings.min_speakers,
            min_words=settings.min_words,
            min_gain=settings.min_gain,
            gain=GAINS[settings.gain],
        )
        if settings.prune:
            growth = replace(growth, max_leaves=cross_validated_leaves(self.points, numerators, denominators, growth, self.folds))
        low, high = (-90.0, self.origin), (90.0, self.origin + 360.0)
        leaves = grow(self.points, self.orders, numerators, denominators, growth, low=low, high=high).leaves
        sums = [(numerators[leaf.order[0]].sum(), denominators[leaf.order[0]].sum()) for leaf in leaves]
        worst_first = sorted(
            range(len(leaves)), key=lambda i: (-sums[i][0] / sums[i][1] if sums[i][1] else np.inf, leaves[i].low, leaves[i].high)
        )
        width = len(str(len(leaves)))
        return GeoRule(
            settings=settings,
            fitted_speakers=self.speakers,
            longitude_origin_deg=self.origin,
            boundaries=self.boundaries,
            extent=_rounded_outward(self.points),
            regions=tuple(
                Region(
                    label=f"region {rank:0{width}d}",
                    south_deg=leaves[i].low[0],
                    west_deg=leaves[i].low[1],
                    north_deg=leaves[i].high[0],
                    east_deg=leaves[i].high[1],
                    places=_commonest(self.places[leaves[i].order[0]]),
                )
                for rank, i in enumerate(worst_first, start=1)
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Region:
    """A half-open box [south, north) x [west, east) in degrees; longitudes count from the rule's origin and may pass 180."""

    label: str
    south_deg: float
    west_deg: float
    north_deg: float
    east_deg: float
    places: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GeoRule:
    """Boxes that divide the globe. Labels are numbered from the worst error rate on the discovery speakers.

    Attributes:
        settings: of the tree.
        regions: the boxes; together they cover every point once.
        longitude_origin_deg: meridian at which the map is cut open, in the widest stretch without speakers.
        extent: south, west, north, east of the discovery speakers, longitudes as in the regions [degrees].
        boundaries: borders to draw the regions on: "us_states" where all discovery speakers are American, else "countries".
        fitted_speakers: speakers whose errors were looked at; not saved (no speaker ids in shared files).
    """

    settings: GeoTree
    regions: tuple[Region, ...]
    longitude_origin_deg: float
    extent: tuple[float, float, float, float]
    boundaries: str
    fitted_speakers: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def method(self) -> str:
        """Name of the method that found it."""
        return GeoTree.method

    def assign(self, manifest: Manifest) -> Partition:
        """Region of every speaker; UNKNOWN for those without coordinates."""
        points = manifest.speaker_points
        located = np.isfinite(points).all(axis=1)
        labels = np.full(len(points), UNKNOWN, dtype=object)
        names = np.array([region.label for region in self.regions], dtype=object)
        labels[located] = names[self._locate(points[located])]
        unplaced = int((~located).sum())
        return Partition(
            method=self.method,
            labels=pd.Series(labels, index=manifest.speaker_ids),
            descriptions={region.label: self._describe(region) for region in self.regions},
            used_scores=True,
            fitted_speakers=self.fitted_speakers,
            notes=(f"{speakers_in_words(unplaced)} of {len(points):,} speakers have no coordinates: cohort '{UNKNOWN}'.",)
            if unplaced
            else (),
        )

    def _locate(self, points: np.ndarray) -> np.ndarray:
        box = np.array([(r.south_deg, r.west_deg, r.north_deg, r.east_deg) for r in self.regions])
        top = box[:, 2] >= 90.0
        found = np.empty(len(points), dtype=int)
        for start in range(0, len(points), CHUNK):
            latitude = points[start : start + CHUNK, :1]
            longitude = unroll(points[start : start + CHUNK, 1:], self.longitude_origin_deg)
            inside = (latitude >= box[:, 0]) & ((latitude < box[:, 2]) | top) & (longitude >= box[:, 1]) & (longitude < box[:, 3])
            found[start : start + CHUNK] = inside.argmax(axis=1)
        return found

    def _drawn(self, region: Region) -> list[float]:
        """The box within a margin of where discovery speakers are: south, west, north, east."""
        south, west, north, east = self.extent
        margin = max(0.5, 0.03 * max(north - south, east - west))
        return [
            round(max(region.south_deg, south - margin), 4),
            round(max(region.west_deg, west - margin), 4),
            round(min(region.north_deg, north + margin), 4),
            round(min(region.east_deg, east + margin), 4),
        ]

    def _describe(self, region: Region) -> str:
        south, west, north, east = self._drawn(region)
        box = (
            f"{_degrees(south, 'N', 'S')} to {_degrees(north, 'N', 'S')}, {_degrees(west, 'E', 'W')} to {_degrees(east, 'E', 'W')}"
        )
        return f"{', '.join(region.places)} ({box})" if region.places else box

    def map_layer(self) -> dict[str, Any]:
        """Boxes by label, trimmed to a margin around the discovery speakers."""
        return {
            "kind": "boxes",
            "boundaries": self.boundaries,
            "boxes": {region.label: self._drawn(region) for region in self.regions},
        }

    def to_json(self) -> dict[str, Any]:
        """Plain data; speakers are not in it."""
        return {
            "format": RULE_FORMAT,
            "format_version": RULE_VERSION,
            "method": self.method,
            "settings": asdict(self.settings),
            "longitude_origin_deg": self.longitude_origin_deg,
            "extent": list(self.extent),
            "boundaries": self.boundaries,
            "regions": [{**asdict(region), "places": list(region.places)} for region in self.regions],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> GeoRule:
        """The rule that `to_json` wrote.

        Raises:
            RuleError: a field is missing or of the wrong kind.
        """
        try:
            south, west, north, east = (float(value) for value in data["extent"])
            return cls(
                settings=GeoTree(**data["settings"]),
                longitude_origin_deg=float(data["longitude_origin_deg"]),
                extent=(south, west, north, east),
                boundaries=str(data["boundaries"]),
                regions=tuple(Region(**{**region, "places": tuple(region["places"])}) for region in data["regions"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RuleError(f"this geo-tree rule is broken: {error!r}. Discover the cohorts again.") from error


def _rounded_outward(points: np.ndarray) -> tuple[float, float, float, float]:
    """South, west, north, east of points (n, 2), to a tenth of a degree beyond them."""
    south, west = np.floor(points.min(axis=0) * 10) / 10
    north, east = np.ceil(points.max(axis=0) * 10) / 10
    return float(south), float(west), float(north), float(east)


def _commonest(places: np.ndarray) -> tuple[str, ...]:
    """At most three names, most discovery speakers first."""
    names, counts = np.unique(places[places != ""].astype(str), return_counts=True)
    return tuple(names[np.argsort(-counts, kind="stable")][:3].tolist())


def _degrees(value: float, positive: str, negative: str) -> str:
    if positive == "E":
        value = (value + 180.0) % 360.0 - 180.0
    return f"{abs(value):.1f}°{positive if value >= 0 else negative}"
