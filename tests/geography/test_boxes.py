"""Boxes of degrees clipped to land, also where they cross the antimeridian."""

from __future__ import annotations

import math

import pytest
import shapely

from fairasr.geography import boundaries, clip_to_land, split_box


def test_a_box_within_one_turn_stays_one_box() -> None:
    assert split_box(0, 10, 5, 20).equals(shapely.box(10, 0, 20, 5))


@pytest.mark.parametrize(("west", "east"), [(170, 190), (-190, -170), (530, 550)])
def test_a_box_across_the_antimeridian_is_cut_in_two(west: float, east: float) -> None:
    assert split_box(-20, west, 10, east).equals(shapely.union(shapely.box(170, -20, 180, 10), shapely.box(-180, -20, -170, 10)))


@pytest.mark.parametrize("box", [(-90, -180, 90, 180), (-math.inf, -math.inf, math.inf, math.inf), (None, None, None, None)])
def test_open_ends_reach_the_whole_world(box: tuple[float | None, ...]) -> None:
    assert split_box(*box).area == 360 * 180


def test_a_box_is_at_most_one_turn_wide() -> None:
    assert split_box(0, -300, 1, 300).area == pytest.approx(360)


@pytest.mark.parametrize("box", [(5, 0, 5, 10), (5, 10, 6, 10), (6, 0, 5, 10), (math.nan, 0, 1, 1), (0, math.nan, 1, 1)])
def test_an_empty_box_has_no_shape_and_no_land(box: tuple[float, float, float, float]) -> None:
    assert split_box(*box).is_empty
    assert clip_to_land(*box).is_empty


def test_a_box_inland_is_all_land() -> None:
    assert clip_to_land(22, 20, 26, 26).equals(shapely.box(20, 22, 26, 26))


def test_a_box_at_sea_holds_no_land() -> None:
    assert clip_to_land(20, -50, 30, -40).is_empty


def test_land_of_a_box_is_the_countries_within_it() -> None:
    found = clip_to_land(-2, 30, 12, 52)
    expected = shapely.intersection(shapely.union_all(boundaries("countries").geometries), shapely.box(30, -2, 52, 12))
    assert found.symmetric_difference(expected).area < 1e-6
    assert found.area < shapely.box(30, -2, 52, 12).area - 10


def test_land_across_the_antimeridian_is_valid_counter_clockwise_and_within_one_turn() -> None:
    fiji = clip_to_land(-21, 176, -15, 183)
    assert fiji.is_valid
    assert all(polygon.exterior.is_ccw for polygon in fiji.geoms)
    assert fiji.bounds[0] >= -180
    assert fiji.bounds[2] <= 180
    assert {polygon.bounds[0] < 0 for polygon in fiji.geoms} == {True, False}
