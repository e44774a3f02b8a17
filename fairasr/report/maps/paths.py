"""Geometry on the page: polygons in SVG units to the shortest path text that looks the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

TOLERANCE = 0.45
"""SVG units, about half a pixel: a bend smaller than this is not drawn."""

SMALLEST_AREA = 0.8
"""Square units: rings smaller than this are not drawn."""


def path_of(geometry: Any) -> str:
    """The `d` of an SVG path of polygons in SVG units, one decimal, relative steps; "" where nothing is large enough to see.

    Polygons may share borders: each is thinned by itself.
    """
    polygons = shapely.get_parts(shapely.simplify(shapely.get_parts(geometry), TOLERANCE, preserve_topology=False))
    rings = [ring for polygon in polygons if polygon.geom_type == "Polygon" for ring in (polygon.exterior, *polygon.interiors)]
    is_large = shapely.area(shapely.polygons(rings)) >= SMALLEST_AREA if rings else ()
    return "".join(_ring(ring) for ring, large in zip(rings, is_large, strict=True) if large)


def _ring(ring: Any) -> str:
    tenths = np.round(shapely.get_coordinates(ring)[:-1] * 10).astype(int)
    steps = np.diff(tenths, axis=0)
    steps = steps[steps.any(axis=1)]
    x, y = tenths[0].tolist()
    return f"M{_tenth(x)} {_tenth(y)}l" + _pairs(steps) + "z"


def _pairs(steps: np.ndarray) -> str:
    words = [_tenth(value) for value in steps.ravel().tolist()]
    return "".join(word if i == 0 or word.startswith("-") else " " + word for i, word in enumerate(words))


def _tenth(value: int) -> str:
    whole, rest = divmod(abs(value), 10)
    text = f"{whole or ''}.{rest}" if rest else str(whole)
    return "-" + text if value < 0 else text
