"""regions.geojson keeps RFC 7946 and gives away no suppressed number."""

from __future__ import annotations

import json
from typing import Any

import shapely
from map_reports import report_of, row

from fairasr.report.maps import regions_geojson

HIDDEN = {"rate": 0.777, "n_speakers": 73, "rate_lo": 0.7}


def features(rows: list[dict[str, Any]], layer: dict[str, Any] | None, **options: Any) -> dict[str, dict[str, Any]]:
    collection = regions_geojson([report_of(rows, layer, **options)])
    assert collection["type"] == "FeatureCollection"
    json.dumps(collection, allow_nan=False)
    return {feature["properties"]["cohort"]: feature for feature in collection["features"]}


def test_a_region_is_its_land_with_the_row_of_its_cohort() -> None:
    found = features([row("a", 0.4, n_speakers=60)], {"kind": "boxes", "boxes": {"a": [22, 20, 26, 26]}})
    assert shapely.from_geojson(json.dumps(found["a"]["geometry"])).equals(shapely.box(20, 22, 26, 26))
    properties = found["a"]["properties"]
    assert (properties["method"], properties["system"], properties["rate"], properties["n_speakers"]) == (
        "geo-tree",
        "planted",
        0.4,
        60,
    )


def test_numbers_of_a_suppressed_region_are_null_whatever_the_table_holds() -> None:
    hidden = row("a", 0.777) | HIDDEN | {"suppressed": "small"}
    properties = features([hidden], {"kind": "boxes", "boxes": {"a": [22, 20, 26, 26]}})["a"]["properties"]
    assert properties["suppressed"] == "small"
    assert [properties[name] for name in ("rate", "rate_lo", "n_speakers", "rate_shrunken")] == [None] * 4


def test_rings_follow_the_right_hand_rule_and_are_cut_at_the_antimeridian() -> None:
    """Fiji lies on both sides of it; coordinates are longitude, latitude."""
    geometry = features([row("fiji", 0.4)], {"kind": "boxes", "boxes": {"fiji": [-21, 176, -15, 183]}})["fiji"]["geometry"]
    shape = shapely.from_geojson(json.dumps(geometry))
    assert shape.is_valid
    assert geometry["type"] == "MultiPolygon"
    assert all(polygon.exterior.is_ccw for polygon in shape.geoms)
    longitudes = [x for polygon in geometry["coordinates"] for x, _ in polygon[0]]
    assert min(longitudes) < -178
    assert max(longitudes) > 177
    assert all(max(x for x, _ in ring) - min(x for x, _ in ring) < 10 for polygon in geometry["coordinates"] for ring in polygon)
    assert all(ring[0] == ring[-1] for polygon in geometry["coordinates"] for ring in polygon)


def test_a_region_without_land_is_its_whole_box() -> None:
    geometry = features([row("sea", 0.4)], {"kind": "boxes", "boxes": {"sea": [20, -50, 30, -40]}})["sea"]["geometry"]
    assert shapely.from_geojson(json.dumps(geometry)).equals(shapely.box(-50, 20, -40, 30))


def test_a_region_without_a_row_has_its_label_alone() -> None:
    properties = features([row("a", 0.4)], {"kind": "boxes", "boxes": {"b": [22, 20, 26, 26]}})["b"]["properties"]
    assert properties == {"method": "geo-tree", "system": "planted", "rate_name": "WER", "cohort": "b"}


def test_areas_carry_their_names_and_only_those_with_rows_are_there() -> None:
    found = features(
        [row("urban", 0.3)],
        {"kind": "areas", "boundaries": "us_states"},
        areas=[row("06", 0.4), row("11", float("nan"))],
    )
    assert {key: feature["properties"]["name"] for key, feature in found.items()} == {
        "06": "California",
        "11": "District of Columbia",
    }
    assert found["11"]["properties"]["rate"] is None
    california = shapely.from_geojson(json.dumps(found["06"]["geometry"]))
    assert california.contains(shapely.Point(-120, 37))


def test_reports_without_a_map_of_land_add_nothing() -> None:
    projection = report_of([row("a", 0.2)], {"kind": "projection", "points": {"a": [0, 0]}, "axes": ["x", "y"]})
    assert regions_geojson([report_of([row("a", 0.2)], None), projection]) == {"type": "FeatureCollection", "features": []}
