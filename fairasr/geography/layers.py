"""The bundled boundaries: countries of the world, states of the US and cantons of Switzerland."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import shapely

FOLDER = Path(__file__).parent / "boundaries"
GEOMETRY = ',"geometry":'
NAMES = ("countries", "us_states", "swiss_cantons")


@dataclass(frozen=True, kw_only=True)
class Boundaries:
    """Areas that do not overlap, in degrees on WGS 84, longitude first, cut at the antimeridian.

    Attributes:
        name: "countries", "us_states" or "swiss_cantons".
        ids: identifier of each area, as text: ISO 3166-1 numeric code, FIPS code of a state, two letters of a canton.
        names: of each area, in English (of cantons, as the source spells them).
        geometries: shapely MultiPolygons, object array (n_areas,).
    """

    name: str
    ids: tuple[str, ...]
    names: tuple[str, ...]
    geometries: np.ndarray

    @cached_property
    def name_of(self) -> dict[str, str]:
        """Identifier -> name."""
        return dict(zip(self.ids, self.names, strict=True))

    @cached_property
    def parts(self) -> tuple[np.ndarray, np.ndarray]:
        """Single polygons, object array (n_parts,), and the position of the area each belongs to, int array (n_parts,)."""
        polygons, positions = shapely.get_parts(self.geometries, return_index=True)
        return polygons, positions

    def select(self, ids: set[str]) -> np.ndarray:
        """Geometries of the areas in `ids`, in the order of `self.ids`: object array (n_found,)."""
        found: np.ndarray = self.geometries[[identifier in ids for identifier in self.ids]]
        return found


@cache
def boundaries(name: str) -> Boundaries:
    """The bundled layer `name`, one of `NAMES`; read once.

    Raises:
        ValueError: no layer of that name is bundled.
    """
    if name not in NAMES:
        raise ValueError(f"no boundaries {name!r} are bundled. Choose one of {', '.join(NAMES)}.")
    text = (FOLDER / f"{name}.geojson").read_text(encoding="utf-8")
    # One feature a line, its geometry last: coordinates are parsed once, by the library that makes shapes of them.
    lines = [line.rstrip(",").split(GEOMETRY) for line in text.splitlines() if GEOMETRY in line]
    features = [json.loads(head + "}") for head, _ in lines]
    return Boundaries(
        name=name,
        ids=tuple(feature["id"] for feature in features),
        names=tuple(feature["properties"]["name"] for feature in features),
        geometries=shapely.from_geojson([geometry.removesuffix("}") for _, geometry in lines]),
    )
