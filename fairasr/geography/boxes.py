"""Boxes of latitude and longitude: cut at the antimeridian and clipped to land."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import shapely

from fairasr.geography.layers import boundaries

WHOLE_TURN_DEG = 360.0


def finite_box(
    south: float | None, west: float | None, north: float | None, east: float | None
) -> tuple[float, float, float, float] | None:
    """The box with open ends (None or infinite) closed at the poles and after one turn; None where it is empty or an end is NaN."""
    low = -90.0 if south is None else max(float(south), -90.0)
    high = 90.0 if north is None else min(float(north), 90.0)
    left = -math.inf if west is None else float(west)
    right = math.inf if east is None else float(east)
    if math.isinf(left) and math.isinf(right):
        left, right = -180.0, 180.0
    elif math.isinf(left):
        left = right - WHOLE_TURN_DEG if right > 180 else -180.0
    elif math.isinf(right):
        right = left + WHOLE_TURN_DEG if left < -180 else 180.0
    right = min(right, left + WHOLE_TURN_DEG)
    return (low, left, high, right) if low < high and left < right else None


def split_box(south: float | None, west: float | None, north: float | None, east: float | None) -> Any:
    """The box within -180..180, cut at the antimeridian (RFC 7946, 3.1.9): a shapely MultiPolygon, empty for an empty box.

    Longitudes may run past 180 or below -180, as in a tree whose longitudes are cut at the widest empty meridian.
    """
    box = finite_box(south, west, north, east)
    if box is None:
        return shapely.MultiPolygon()
    low, left, high, right = box
    pieces = []
    for turn in range(math.floor((left + 180) / WHOLE_TURN_DEG), math.ceil((right + 180) / WHOLE_TURN_DEG)):
        start, end = max(left - turn * WHOLE_TURN_DEG, -180.0), min(right - turn * WHOLE_TURN_DEG, 180.0)
        if start < end:
            pieces.append(shapely.box(start, low, end, high))
    return shapely.MultiPolygon(pieces)


@cache
def land() -> tuple[np.ndarray, shapely.STRtree]:
    """Land without inner borders, polygons (n_parts,), and a tree of them."""
    parts = shapely.get_parts(shapely.union_all(boundaries("countries").geometries))
    shapely.prepare(parts)
    return parts, shapely.STRtree(parts)


def clip_to(shape: Any, parts: np.ndarray, tree: shapely.STRtree) -> Any:
    """What `shape` has in common with `parts`: a MultiPolygon, outer rings counter-clockwise; empty where nothing."""
    near = tree.query(shape, predicate="intersects")
    common = shapely.get_parts(shapely.intersection(parts[near], shape))
    pieces = shapely.get_parts(common)
    polygons = pieces[(shapely.get_type_id(pieces) == shapely.GeometryType.POLYGON) & (shapely.area(pieces) > 0)]
    return shapely.multipolygons(shapely.orient_polygons(polygons)) if len(polygons) else shapely.MultiPolygon()


def clip_to_land(south: float | None, west: float | None, north: float | None, east: float | None) -> Any:
    """The land of a box of degrees: shapely MultiPolygon valid by RFC 7946, within -180..180, empty where the box holds no land.

    Args:
        south, west, north, east: edges in degrees; east may exceed 180 and west fall below -180; None or infinite is open.
    """
    shape = split_box(south, west, north, east)
    return shape if shape.is_empty else clip_to(shape, *land())
