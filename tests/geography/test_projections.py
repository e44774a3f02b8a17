"""Projections against published values and the properties their names promise."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from fairasr.geography import boundaries
from fairasr.geography.projections import INSETS, Projection, albers, albers_usa, equal_earth, equirectangular


def at(projection: Projection, longitude_deg: float, latitude_deg: float) -> tuple[float, float]:
    x, y = projection(np.array([longitude_deg]), np.array([latitude_deg]))
    return float(x[0]), float(y[0])


def test_albers_gives_the_numbers_worked_out_by_snyder() -> None:
    """Snyder 1987, page 291: parallels 29.5 and 45.5, origin 23 N 96 W, the point 35 N 75 W on the unit sphere."""
    projection = albers(central_longitude_deg=-96, origin_latitude_deg=23, parallels_deg=(29.5, 45.5))
    assert at(projection, -75, 35) == pytest.approx((0.2952720, 0.2416774), abs=1e-6)


def test_equal_earth_ends_where_its_authors_say() -> None:
    """Equator 2.70663 from the middle, pole 1.31736 above it (Savric et al. 2018; also in PROJ and D3)."""
    projection = equal_earth(central_longitude_deg=0)
    assert at(projection, 180, 0) == pytest.approx((2.7066300, 0), abs=1e-4)
    assert at(projection, 0, 90) == pytest.approx((0, 1.3173627), abs=1e-6)


@pytest.mark.parametrize(
    "projection",
    [
        equal_earth(central_longitude_deg=10),
        albers(central_longitude_deg=-96, origin_latitude_deg=37.5, parallels_deg=(29.5, 45.5)),
    ],
)
def test_equal_area_projections_keep_areas(projection: Projection) -> None:
    """A small square of degrees covers cos(latitude) of one at the equator, wherever it lies."""
    step = 1e-3
    for longitude, latitude in ((-120, 45), (-70, 20), (0, 1), (15, 60)):
        origin, east, north = (np.array(at(projection, longitude + a, latitude + b)) for a, b in ((0, 0), (step, 0), (0, step)))
        (a, b), (c, d) = east - origin, north - origin
        assert abs(a * d - b * c) == pytest.approx(np.radians(step) ** 2 * np.cos(np.radians(latitude)), rel=1e-3)


def test_equirectangular_is_true_to_scale_at_its_latitude() -> None:
    projection = equirectangular(central_longitude_deg=10, standard_latitude_deg=60)
    assert at(projection, 12, 60) == pytest.approx((np.radians(2) * 0.5, np.radians(60)))


def test_alaska_hawaii_and_territories_are_drawn_south_of_the_lower_48_and_do_not_overlap() -> None:
    projection = albers_usa()
    layer = boundaries("us_states")
    boxes = {}
    for identifier, shape in zip(layer.ids, layer.geometries, strict=True):
        points = np.concatenate([np.array(ring.coords) for polygon in shape.geoms for ring in [polygon.exterior]])
        x, y = projection(points[:, 0].copy(), points[:, 1].copy())
        boxes[identifier] = (x.min(), y.min(), x.max(), y.max())
    moved = {identifier: boxes.pop(identifier) for identifier in INSETS}
    lowest = min(box[1] for identifier, box in boxes.items() if identifier in {"06", "04", "35"})
    assert all(box[3] < lowest for box in moved.values())
    ordered = sorted(moved.values())
    assert all(left[2] <= right[0] for left, right in pairwise(ordered))
    assert all(box[2] - box[0] < 0.4 for box in moved.values())
