"""Bubbles over land: where groups are, how many speakers they have, and none hidden under another."""

from __future__ import annotations

import json
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
import shapely
from map_reports import report_of, row

from fairasr.report.maps import map_svg, regions_geojson

SVG = "{http://www.w3.org/2000/svg}"


def circles(points: dict[str, list[float]], speakers: dict[str, int], **layer: object) -> dict[str, tuple[np.ndarray, float]]:
    """Group -> centre and radius of its bubble."""
    rows = [row(label, 0.2, n_speakers=n) for label, n in speakers.items()]
    svg = map_svg(report_of(rows, {"kind": "points", "points": points} | layer), title="Accents")
    assert svg is not None
    found = {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        if group.get("class") == "shape":
            path = str(group[1].get("d")).removeprefix("M").removesuffix("z")
            start, steps = path.split("l")
            numbers = [float(word) for word in steps.replace("-", " -").split()]
            corners = np.cumsum(np.vstack([[float(x) for x in start.split()], np.reshape(numbers, (-1, 2))]), axis=0)
            low, high = corners.min(axis=0), corners.max(axis=0)
            found[str(group.findtext(f"{SVG}title")).split(":")[0]] = ((low + high) / 2, float((high - low).mean()) / 2)
    return found


def test_areas_of_bubbles_are_as_numbers_of_speakers() -> None:
    drawn = circles({"many": [7, 4], "few": [-30, 25]}, {"many": 400, "few": 100})
    assert drawn["many"][1] / drawn["few"][1] == pytest.approx(2, rel=0.05)


def test_bubbles_lie_north_and_east_as_their_places_do() -> None:
    drawn = circles(
        {"north-west": [10, 0], "south-east": [-30, 30], "middle": [-10, 15]},
        dict.fromkeys(["north-west", "south-east", "middle"], 50),
    )
    (x0, y0), (x1, y1), (x2, y2) = (drawn[label][0] for label in ("north-west", "middle", "south-east"))
    assert x0 < x1 < x2
    assert y0 < y1 < y2
    assert (x1 - x0, y1 - y0) == (pytest.approx(x2 - x1, abs=3), pytest.approx(y2 - y1, abs=3))


def test_groups_on_both_sides_of_the_antimeridian_are_neighbours() -> None:
    drawn = circles(
        {"fijian": [-18, 178], "samoan": [-14, -172], "tongan": [-21, -175]}, {"fijian": 30, "samoan": 20, "tongan": 20}
    )
    xs = [drawn[label][0][0] for label in ("fijian", "tongan", "samoan")]
    assert xs == sorted(xs)
    assert 200 < xs[-1] - xs[0] < 960


def test_bubbles_at_one_place_are_moved_apart_until_each_can_be_seen() -> None:
    points = {f"accent {i}": [7.0, 4.0] for i in range(8)} | {"far": [-30.0, 25.0]}
    drawn = circles(points, dict.fromkeys(points, 60))
    assert len(drawn) == 9
    for (one, r), (other, s) in combinations(drawn.values(), 2):
        assert np.hypot(*(one - other)) > 0.85 * (r + s)


def test_american_groups_are_drawn_over_states_with_hawaii_as_an_inset() -> None:
    drawn = circles({"hawaii": [20, -156], "new york": [41, -74]}, {"hawaii": 20, "new york": 90}, boundaries="us_states")
    assert drawn["hawaii"][0][0] < drawn["new york"][0][0]
    assert drawn["hawaii"][0][1] > 450, "below the other states"


def test_groups_without_a_place_are_told_and_suppressed_ones_are_all_of_one_size() -> None:
    rows = [row("a", 0.3, n_speakers=500), row("b", 0, suppressed="small") | {"n_speakers": 9}, row("elsewhere", 0.2)]
    layer = {"kind": "points", "points": {"a": [7, 4], "b": [-30, 25]}}
    svg = map_svg(report_of(rows, layer), title="Accents", min_speakers=10)
    assert svg is not None
    root = ElementTree.fromstring(svg)
    assert "1 of 3 groups have no place on the map." in str(root.get("aria-label"))
    visible = {text.text for text in root.iter(f"{SVG}text")}
    assert "Larger bubbles: more speakers" in visible
    assert "no speakers" not in visible, "land without a bubble says nothing of speakers"
    assert "fewer than 10 speakers" in visible


def test_there_is_no_map_of_no_points() -> None:
    assert map_svg(report_of([row("a", 0.3)], {"kind": "points", "points": {}}), title="Accents") is None


def test_places_are_points_in_geojson_and_named_areas_their_polygons() -> None:
    rows = [row("a", 0.3), row("b", 0.777, suppressed="small") | {"rate": 0.777}]
    layer = {"kind": "points", "points": {"a": [7.0, 4.0], "b": [-30.0, 25.0]}}
    first, second = regions_geojson([report_of(rows, layer)])["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [4.0, 7.0]}
    assert (first["properties"]["cohort"], first["properties"]["rate"], second["properties"]["rate"]) == ("a", 0.3, None)
    named = report_of([row("Zürich", 0.3), row("BE", 0.2)], {"kind": "areas", "boundaries": "swiss_cantons", "areas": "cohorts"})
    features = {feature["properties"]["cohort"]: feature for feature in regions_geojson([named])["features"]}
    assert features["BE"]["properties"]["name"] == "Bern"
    zurich = shapely.from_geojson(json.dumps(features["Zürich"]["geometry"]))
    assert zurich.contains(shapely.Point(8.54, 47.41))


def test_cohorts_that_name_areas_are_drawn_as_them_with_suppressed_and_absent_ones_apart() -> None:
    rows = [row("TX", 0.4, role="bottom"), row("NY", 0.1), row("CA", 0, suppressed="small"), row("abroad", 0.2)]
    report = report_of(rows, {"kind": "areas", "boundaries": "us_states", "areas": "cohorts"}, bottom=("TX",))
    svg = map_svg(report, title="States", min_speakers=10)
    assert svg is not None
    root = ElementTree.fromstring(svg)
    titles = [str(group.findtext(f"{SVG}title")) for group in root.iter(f"{SVG}g") if group.get("class") == "shape"]
    assert sorted(title.split(":")[0] for title in titles) == ["CA", "NY", "TX"]
    assert any(title == "CA: not shown, fewer than 10 speakers." for title in titles)
    assert "1 of 4 groups have no place on the map." in str(root.get("aria-label"))
    assert "worst cohort" in {text.text for text in root.iter(f"{SVG}text")}
