"""TopoJSON to polygons: shared arcs are thinned once, so that neighbours keep one common border.

world-atlas joins what Natural Earth had cut at the antimeridian, as maps on a globe like it: rings of Russia and Fiji cross it and
Antarctica's goes round the pole. Here they are cut again, as RFC 7946 (3.1.9) asks; uncut they would be bands around the Earth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, Polygon

MIN_RING_POINTS = 4
"""Points of the smallest closed ring, first and last equal (RFC 7946, 3.1.6)."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One area: `id`, `name`, and its polygons in degrees (longitude, latitude)."""

    id: str
    name: str
    geometry: MultiPolygon


def decode_arcs(topology: Mapping[str, Any]) -> list[np.ndarray]:
    """Arcs of a topology in degrees: float arrays (n_points, 2), longitude first (TopoJSON 1.0, 2.1.2 to 2.1.4)."""
    scale = np.asarray(topology["transform"]["scale"])
    translate = np.asarray(topology["transform"]["translate"])
    return [unwrapped(np.cumsum(np.asarray(arc), axis=0) * scale + translate) for arc in topology["arcs"]]


def unwrapped(points: np.ndarray) -> np.ndarray:
    """The points (n, 2) with longitudes that run on past 180 where the line crosses the antimeridian."""
    return np.column_stack([np.unwrap(points[:, 0], period=360), points[:, 1]])


def thin_arc(arc: np.ndarray, *, tolerance_deg: float) -> np.ndarray:
    """The arc without points nearer than `tolerance_deg` to the line that is left (Douglas and Peucker 1973); ends stay.

    A closed arc that would collapse (a small island) stays as it is.
    """
    thinned = shapely.get_coordinates(shapely.simplify(shapely.linestrings(arc), tolerance_deg, preserve_topology=False))
    is_closed = np.array_equal(arc[0], arc[-1])
    return arc if is_closed and len(thinned) < MIN_RING_POINTS else thinned


def ring_of(arc_numbers: Sequence[int], arcs: Sequence[np.ndarray]) -> np.ndarray:
    """Points of a ring made of arcs, each starting where the last ended; ~n is arc n backwards.

    Longitudes run on past 180. A ring around a pole is closed through the pole.
    """
    ring = np.empty((0, 2))
    for number in arc_numbers:
        piece = arcs[number] if number >= 0 else arcs[~number][::-1]
        turns = np.round((ring[-1, 0] - piece[0, 0]) / 360) if len(ring) else 0
        ring = np.vstack([ring[:-1], piece + np.array([360 * turns, 0])])
    if abs(ring[-1, 0] - ring[0, 0]) < 180:
        return ring
    pole = -90.0 if ring[:, 1].mean() < 0 else 90.0
    return np.vstack([ring, (ring[-1, 0], pole), (ring[0, 0], pole), ring[0]])


def cut_at_antimeridian(shape: Any) -> Any:
    """The shape, whose longitudes may run past 180, in pieces within -180..180."""
    pieces = []
    for turn in (-1, 0, 1):
        window = shapely.box(360 * turn - 180, -90, 360 * turn + 180, 90)
        pieces.append(translate(shapely.intersection(shape, window), -360 * turn))
    return shapely.union_all(pieces)


def read_features(topology: Mapping[str, Any], name: str, *, tolerance_deg: float, decimals: int) -> list[Feature]:
    """The areas of object `name`, thinned and rounded, sorted by id.

    Areas that share an id are joined under the name of the largest. Where the source gives none, the id is "x-" and the name.
    """
    arcs = [np.round(thin_arc(arc, tolerance_deg=tolerance_deg), decimals) for arc in decode_arcs(topology)]
    parts: dict[str, list[tuple[str, MultiPolygon]]] = {}
    for geometry in topology["objects"][name]["geometries"]:
        title = geometry["properties"]["name"]
        identifier = geometry.get("id") or "x-" + title.lower().replace(" ", "-").replace(".", "")
        parts.setdefault(identifier, []).append((title, _polygons(geometry, arcs)))
    features = []
    for identifier, named in sorted(parts.items()):
        title, _ = max(named, key=lambda item: item[1].area)
        features.append(
            Feature(id=identifier, name=title, geometry=_rounded(shapely.union_all([shape for _, shape in named]), decimals))
        )
    return features


def _polygons(geometry: Mapping[str, Any], arcs: Sequence[np.ndarray]) -> MultiPolygon:
    groups = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    polygons = []
    for group in groups:
        rings = [ring for ring in (ring_of(numbers, arcs) for numbers in group) if len(ring) >= MIN_RING_POINTS]
        if rings:
            holes = [ring + np.array([360 * np.round((rings[0][:, 0].mean() - ring[:, 0].mean()) / 360), 0]) for ring in rings[1:]]
            polygons.append(cut_at_antimeridian(shapely.make_valid(Polygon(rings[0], holes))))
    return _valid(shapely.union_all(polygons))


def _rounded(shape: Any, decimals: int) -> MultiPolygon:
    """Cutting and moving by whole turns leaves 179.98999999999998: round once more, without making the shape invalid."""
    snapped = _valid(shapely.set_precision(shape, 10.0**-decimals))
    return MultiPolygon(list(shapely.get_parts(shapely.transform(snapped, lambda points: np.round(points, decimals)))))


def _valid(shape: Any) -> MultiPolygon:
    """Polygons of `shape` alone, counter-clockwise outside and clockwise inside (RFC 7946, 3.1.6)."""
    parts = [part for part in shapely.get_parts(shapely.make_valid(shape)) if part.geom_type == "Polygon"]
    nested = [
        piece for part in shapely.get_parts(shapely.make_valid(shape)) if part.geom_type == "MultiPolygon" for piece in part.geoms
    ]
    return MultiPolygon(list(shapely.orient_polygons([*parts, *nested])))
