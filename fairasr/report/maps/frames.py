"""A frame: the land a map shows, and the way from degrees to SVG units."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

import numpy as np
import shapely
from shapely.affinity import translate

from fairasr.geography import boundaries
from fairasr.geography.projections import Projection, albers_usa, equal_earth, equirectangular
from fairasr.report.maps.extents import Extent, framed
from fairasr.report.maps.paths import path_of

WIDTH = 960.0
"""SVG units, which are CSS pixels on a page that wide."""

PADDING = 6.0
DENSE_DEG = 2.0
"""Straight edges in degrees are bent by a projection: they get a point every 2 degrees."""

EQUIRECTANGULAR_WIDEST_DEG = 140.0
EQUIRECTANGULAR_NORTHMOST_DEG = 75.0
US_STATES_WIDEST_DEG = 110.0
KEPT = 8
"""Frames kept for maps to come: the land does not change with the rates that are drawn on it."""

TERRITORIES = frozenset({"60", "66", "69", "72", "78"})


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """What a map shows and where.

    Attributes:
        areas: land, one geometry an area, in degrees within the frame's longitudes.
        fine: finer borders drawn thinly over it (US states), in degrees.
        window: the box of degrees that is shown; None shows all of `areas` wherever they are.
        projection: degrees to the plane.
        scale: SVG units per unit of the plane.
        left, top: of the plane, at the SVG's corner.
        height: of the map in SVG units; its width is `WIDTH`.
    """

    areas: np.ndarray
    fine: np.ndarray
    window: Extent | None
    projection: Projection
    scale: float
    left: float
    top: float
    height: float

    def clip(self, geometry: Any) -> Any:
        """The part of a geometry within -180..180 that the frame shows, moved by whole turns into its longitudes."""
        return geometry if self.window is None else _clip(geometry, self.window)

    def place(self, geometry: Any) -> Any:
        """Clipped polygons in degrees to polygons in SVG units."""
        if geometry.is_empty:
            return geometry
        return shapely.transform(shapely.segmentize(geometry, DENSE_DEG), self._to_units)

    def spot(self, latitude_deg: float, longitude_deg: float) -> tuple[float, float]:
        """A place in SVG units, moved by whole turns into the frame's longitudes."""
        if self.window is not None:
            longitude_deg = self.window.west + (longitude_deg - self.window.west) % 360
        x, y = self._to_units(np.array([[longitude_deg, latitude_deg]]))[0]
        return float(x), float(y)

    @cached_property
    def coast(self) -> str:
        """The `d` of an SVG path of the land and the borders between its areas."""
        return self._path(self.areas)

    @cached_property
    def fine_borders(self) -> str:
        """The `d` of the finer borders, "" for none."""
        return self._path(self.fine)

    def _path(self, geometries: np.ndarray) -> str:
        placed = np.array([self.place(geometry) for geometry in geometries], dtype=object)
        return path_of(shapely.multipolygons(shapely.get_parts(placed)))

    def _to_units(self, points: np.ndarray) -> np.ndarray:
        x, y = self.projection(points[:, 0].copy(), points[:, 1].copy())
        return np.column_stack([(x - self.left) * self.scale, (self.top - y) * self.scale])


def _clip(geometry: Any, window: Extent) -> Any:
    if geometry.is_empty:
        return geometry
    west, _, east, _ = geometry.bounds
    pieces = []
    for turn in (-360.0, 0.0, 360.0):
        if west + turn < window.east and east + turn > window.west:
            moved = translate(geometry, turn) if turn else geometry
            pieces.append(shapely.intersection(moved, shapely.box(window.west, window.south, window.east, window.north)))
    parts = shapely.get_parts(shapely.get_parts(np.array(pieces, dtype=object)))
    is_polygon = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)
    return shapely.multipolygons(parts[is_polygon])


def _fit(*, areas: np.ndarray, fine: np.ndarray, window: Extent | None, projection: Projection, outline: Any) -> Frame:
    """The frame whose width the projected `outline` fills."""
    points = shapely.get_coordinates(shapely.segmentize(outline, DENSE_DEG))
    x, y = projection(points[:, 0].copy(), points[:, 1].copy())
    scale = (WIDTH - 2 * PADDING) / (x.max() - x.min())
    return Frame(
        areas=areas,
        fine=fine,
        window=window,
        projection=projection,
        scale=scale,
        left=x.min() - PADDING / scale,
        top=y.max() + PADDING / scale,
        height=(y.max() - y.min()) * scale + 2 * PADDING,
    )


@lru_cache(maxsize=KEPT)
def world_frame(extent: Extent) -> Frame:
    """Countries within the extent: one country or continent true to scale at its middle, or the world by equal areas."""
    window = framed(extent)
    is_wide = window.width_deg > EQUIRECTANGULAR_WIDEST_DEG or max(abs(window.south), window.north) > EQUIRECTANGULAR_NORTHMOST_DEG
    projection = (
        equal_earth(central_longitude_deg=window.central_longitude_deg)
        if is_wide
        else equirectangular(
            central_longitude_deg=window.central_longitude_deg,
            standard_latitude_deg=float(np.clip(window.central_latitude_deg, -60, 60)),
        )
    )
    shows_states = window.width_deg <= US_STATES_WIDEST_DEG
    return _fit(
        areas=_within("countries", window),
        fine=_within("us_states", window) if shows_states else np.array([], dtype=object),
        window=window,
        projection=projection,
        outline=shapely.box(window.west, window.south, window.east, window.north),
    )


def _within(name: str, window: Extent) -> np.ndarray:
    clipped = np.array([_clip(geometry, window) for geometry in boundaries(name).geometries], dtype=object)
    return clipped[[not geometry.is_empty for geometry in clipped]]


@lru_cache(maxsize=KEPT)
def us_frame(*, territories: frozenset[str] = frozenset()) -> Frame:
    """The states of the US, Alaska and Hawaii as insets, with the territories asked for."""
    layer = boundaries("us_states")
    shown = np.array([i not in TERRITORIES or i in territories for i in layer.ids])
    areas = layer.geometries[shown]
    return _fit(
        areas=areas,
        fine=np.array([], dtype=object),
        window=None,
        projection=albers_usa(),
        outline=shapely.union_all(areas),
    )


@cache
def swiss_frame() -> Frame:
    """The cantons of Switzerland alone, true to scale in the middle."""
    areas = boundaries("swiss_cantons").geometries
    west, south, east, north = shapely.total_bounds(areas)
    return _fit(
        areas=areas,
        fine=np.array([], dtype=object),
        window=None,
        projection=equirectangular(central_longitude_deg=(west + east) / 2, standard_latitude_deg=(south + north) / 2),
        outline=shapely.union_all(areas),
    )
