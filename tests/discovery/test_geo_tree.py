"""Regions: one place stays one place, every point is in exactly one, rules travel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairasr.core import UNKNOWN, Manifest
from fairasr.core.errors import DiscoveryError, RuleError
from fairasr.discovery.geo_tree import GeoRule, GeoTree
from fairasr.discovery.longitudes import longitude_origin, unroll


def manifest_at(points: np.ndarray, *, prefix: str = "s") -> Manifest:
    """One utterance per speaker; NaN where a speaker's place is not known."""
    table = pd.DataFrame(
        {
            "utterance_id": [f"{prefix}{i:05d}" for i in range(len(points))],
            "speaker_id": [f"{prefix}{i:05d}" for i in range(len(points))],
            "reference": "a",
            "latitude_deg": points[:, 0].astype(float),
            "longitude_deg": points[:, 1].astype(float),
        }
    )
    return Manifest(table=table)


def fitted(points: np.ndarray, rates: np.ndarray | None = None, *, seed: int = 0, **limits: int) -> GeoRule:
    """A tree on 100 words per speaker, errors drawn at `rates`, 0.2 everywhere by default."""
    errors = np.random.default_rng(seed).binomial(100, 0.2 if rates is None else rates, len(points))
    settings_of_tree = GeoTree(**{"min_speakers": 5, **limits})  # type: ignore[arg-type]
    return settings_of_tree.search(manifest_at(points), seed=0).fit(errors, np.full(len(points), 100))


def around(latitude: float, longitude: float, n: int, *, reach: float = 0.5, seed: int = 0) -> np.ndarray:
    """Points around a place; longitudes past 180 continue at -180."""
    jitter = np.random.default_rng(seed).uniform(-reach, reach, size=(n, 2))
    points = np.array([latitude, longitude]) + jitter
    return np.column_stack([points[:, 0], (points[:, 1] + 180) % 360 - 180])


def boxes_holding(rule: GeoRule, latitude: float, longitude: float) -> list[str]:
    """Labels of all regions a point is in, by the definition: half-open boxes, the north pole belongs to the topmost."""
    turned = (longitude - rule.longitude_origin_deg) % 360.0 + rule.longitude_origin_deg
    if turned >= rule.longitude_origin_deg + 360.0:
        turned = rule.longitude_origin_deg
    return [
        region.label
        for region in rule.regions
        if region.south_deg <= latitude
        and (latitude < region.north_deg or region.north_deg == 90.0)
        and region.west_deg <= turned < region.east_deg
    ]


def test_a_planted_region_is_cut_out() -> None:
    generator = np.random.default_rng(1)
    points = np.column_stack([generator.uniform(25, 48, 600), generator.uniform(-120, -70, 600)])
    inside = (points[:, 0] < 33) & (points[:, 1] > -95)
    rule = fitted(points, np.where(inside, 0.5, 0.15), max_leaves=3)
    labels = rule.assign(manifest_at(points)).labels.to_numpy()
    assert ((labels == "region 1") == inside).mean() > 0.98


def test_fiji_on_both_sides_of_the_antimeridian_stays_one_region() -> None:
    """Fijians at 177 and at -179 err often, New Zealanders and Hawaiians do not: one cut must not run through Fiji."""
    fiji_west, fiji_east = around(-17.7, 177.5, 30, seed=1), around(-17.0, -179.2, 30, seed=2)
    others = np.vstack([around(-37, 175, 60, seed=3), around(21, -157, 60, seed=4)])
    points = np.vstack([fiji_west, fiji_east, others])
    rates = np.r_[np.full(60, 0.5), np.full(120, 0.1)]
    rule = fitted(points, rates, max_leaves=3, min_speakers=10)
    labels = rule.assign(manifest_at(points)).labels.to_numpy()
    assert set(labels[:60]) == {"region 1"}
    assert "region 1" not in set(labels[60:])


def test_a_speaker_heard_on_both_sides_of_the_antimeridian_is_placed_between() -> None:
    table = pd.DataFrame(
        {
            "utterance_id": ["a", "b"],
            "speaker_id": ["s", "s"],
            "reference": "x",
            "latitude_deg": [-17.0, -17.0],
            "longitude_deg": [179.0, -179.0],
        }
    )
    (point,) = Manifest(table=table).speaker_points
    assert abs(point[1]) == pytest.approx(180.0)
    assert point[0] == pytest.approx(-17.0, abs=0.01)


EDGES = [(90.0, 0.0), (-90.0, 0.0), (90.0, 180.0), (-90.0, -180.0), (0.0, 180.0), (0.0, -180.0), (0.0, 0.0), (12.5, 179.999999)]


@pytest.mark.parametrize("centre", [-75.0, 0.0, 120.0, 179.0], ids=str)
def test_every_point_of_the_globe_is_in_exactly_one_region_and_assign_names_it(centre: float) -> None:
    generator = np.random.default_rng(5)
    rule = fitted(
        np.vstack([around(20, centre, 100, reach=15, seed=1), around(-30, centre + 40, 100, reach=15, seed=2)]), max_leaves=12
    )
    assert len(rule.regions) > 5
    cut_edges = [
        (latitude, (longitude + 180) % 360 - 180)
        for region in rule.regions
        for latitude in (region.south_deg, region.north_deg)
        for longitude in (region.west_deg, region.east_deg)
    ]
    anywhere = np.column_stack([generator.uniform(-90, 90, 300), generator.uniform(-180, 180, 300)])
    points = np.vstack([anywhere, EDGES, cut_edges])
    holders = [boxes_holding(rule, *point) for point in points.tolist()]
    assert all(len(labels) == 1 for labels in holders)
    assert rule.assign(manifest_at(points)).labels.tolist() == [labels[0] for labels in holders]


def test_180_degrees_east_and_west_are_one_meridian() -> None:
    rule = fitted(around(10, 170, 200, reach=30), max_leaves=10)
    labels = rule.assign(manifest_at(np.array([[10.0, 180.0], [10.0, -180.0]]))).labels
    assert labels.iloc[0] == labels.iloc[1]


@settings(deadline=None)
@given(
    longitudes=st.lists(st.floats(-180, 180), min_size=1, max_size=30),
    origin=st.floats(-360, 360),
)
def test_unrolled_longitudes_lie_in_one_turn_from_the_origin_and_mean_the_same_meridian(
    longitudes: list[float], origin: float
) -> None:
    given_deg = np.array(longitudes)
    turned = unroll(given_deg, origin)
    assert (turned >= origin).all()
    assert (turned <= origin + 360).all()
    difference = (turned - given_deg) / 360
    np.testing.assert_allclose(difference, np.round(difference), atol=1e-9)


def test_a_longitude_a_hair_west_of_the_origin_does_not_fall_off_the_far_edge() -> None:
    """The remainder of -1e-15 by 360 is 360 in floating point, and no half-open box ends beyond it."""
    assert unroll(np.array([-1e-15]), 0.0).tolist() == [0.0]


def test_the_map_is_cut_open_where_nobody_lives() -> None:
    assert longitude_origin(np.array([-120.0, -75.0, 10.0])) == -180.0
    assert longitude_origin(np.array([177.0, -179.0, 150.0])) == np.floor((-179 + 150) / 2)
    assert longitude_origin(np.array([12.0])) == -180.0


def test_speakers_without_coordinates_are_unknown_and_counted() -> None:
    points = around(40, -100, 60, reach=10)
    points[[3, 7, 20]] = np.nan
    partition = fitted(points).assign(manifest_at(points))
    assert (partition.labels == UNKNOWN).sum() == 3
    assert partition.notes == ("fewer than 10 of 60 speakers have no coordinates: cohort 'unknown'.",)
    points[20:40] = np.nan
    partition = fitted(points).assign(manifest_at(points))
    assert partition.notes == ("22 of 60 speakers have no coordinates: cohort 'unknown'.",)


def test_a_rule_places_the_speakers_of_another_corpus() -> None:
    points = around(40, -100, 120, reach=15)
    rule = fitted(points, max_leaves=5)
    elsewhere = manifest_at(np.array([[40.0, -100.0], [-33.9, 151.2], [np.nan, np.nan]]), prefix="other")
    partition = rule.assign(elsewhere)
    assert partition.labels.iloc[2] == UNKNOWN
    assert set(partition.labels.iloc[:2]) <= {region.label for region in rule.regions}
    without = Manifest(table=elsewhere.table.drop(columns=["latitude_deg", "longitude_deg"]))
    assert set(rule.assign(without).labels) == {UNKNOWN}


def test_speakers_all_in_one_place_are_one_region() -> None:
    points = np.tile([[6.5, 3.4]], (80, 1))
    rule = fitted(points)
    assert len(rule.regions) == 1
    assert set(rule.assign(manifest_at(points)).labels) == {"region 1"}
    assert GeoTree().obstacle(manifest_at(points)) is None


def test_regions_are_numbered_from_the_worst() -> None:
    points = around(45, 10, 300, reach=12)
    errors = np.random.default_rng(0).binomial(100, np.where(points[:, 0] > 45, 0.4, 0.1))
    rule = GeoTree(max_leaves=6).search(manifest_at(points), seed=0).fit(errors, np.full(300, 100))
    labels = rule.assign(manifest_at(points)).labels.to_numpy()
    rates = [errors[labels == region.label].mean() for region in rule.regions]
    assert rates == sorted(rates, reverse=True)


def test_no_border_of_a_rule_tells_more_of_a_speakers_place_than_a_kilometre() -> None:
    """Borders are midpoints of points rounded to 0.01 degrees, so two points within the same hundredth give the same rule."""
    points = around(40, -100, 120, reach=8).round(2)
    nearby = points + np.random.default_rng(3).uniform(-0.004, 0.004, points.shape)
    exact, moved = fitted(points, max_leaves=8), fitted(nearby, max_leaves=8)
    assert moved.to_json() == exact.to_json()
    assert moved.assign(manifest_at(nearby)).labels.tolist() == exact.assign(manifest_at(points)).labels.tolist()


@pytest.mark.parametrize("wrong", [{"max_leaves": 1}, {"min_speakers": 0}, {"min_words": -1}, {"gain": "luck"}], ids=str)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(DiscoveryError, match=f"{name} is"):
        GeoTree(**wrong)


def test_a_saved_rule_reads_back_as_itself_and_holds_no_speaker(tmp_path: Path) -> None:
    points = around(-17, 179, 120, reach=10)
    rule = fitted(points, max_leaves=7)
    text = json.dumps(rule.to_json(), allow_nan=False)
    assert "s00001" not in text
    again = GeoRule.from_json(json.loads(text))
    assert again.to_json() == rule.to_json()
    assert again.regions == rule.regions
    assert again.longitude_origin_deg == rule.longitude_origin_deg
    pd.testing.assert_series_equal(again.assign(manifest_at(points)).labels, rule.assign(manifest_at(points)).labels)


@pytest.mark.parametrize("key", ["settings", "regions", "extent", "longitude_origin_deg", "boundaries"])
def test_a_broken_rule_is_refused(key: str) -> None:
    data = fitted(around(40, -100, 60, reach=10)).to_json()
    with pytest.raises(RuleError, match="geo-tree rule is broken"):
        GeoRule.from_json({name: value for name, value in data.items() if name != key})


def test_obstacles_say_what_is_lacking() -> None:
    located = manifest_at(around(40, -100, 30))
    assert GeoTree(min_speakers=15).obstacle(located) is None
    assert "30 of 30 discovery speakers have coordinates; a first split needs 40" in str(GeoTree(min_speakers=20).obstacle(located))
    bare = Manifest(table=located.table.drop(columns="latitude_deg"))
    assert GeoTree().obstacle(bare) == "there is no column latitude_deg"


def test_the_drawn_boxes_stay_near_the_speakers_and_the_map_suits_them() -> None:
    american = fitted(np.vstack([around(40, -100, 40, reach=3), around(33, -85, 40, reach=1)]), max_leaves=4)
    layer = american.map_layer()
    assert layer["boundaries"] == "us_states"
    assert set(layer["boxes"]) == {region.label for region in american.regions}
    for south, west, north, east in layer["boxes"].values():
        assert 30 < south < north < 45
        assert -105 < west < east < -82
    assert fitted(around(9, 8, 60, reach=2)).map_layer()["boundaries"] == "countries"


def test_pruning_keeps_few_regions_where_nothing_is_to_be_found_and_the_planted_cut_where_something_is() -> None:
    generator = np.random.default_rng(8)
    points = np.column_stack([generator.uniform(25, 48, 400), generator.uniform(-120, -70, 400)])
    words = np.full(400, 100)
    alike = generator.poisson(20 * generator.gamma(4, 0.25, 400))
    planted = generator.binomial(100, np.where(points[:, 1] > -95, 0.4, 0.1))
    manifest = manifest_at(points)
    for errors, most in ((alike, 15), (planted, 15)):
        full = GeoTree(min_speakers=5).search(manifest, seed=0).fit(errors, words)
        pruned = GeoTree(min_speakers=5, prune=True).search(manifest, seed=0).fit(errors, words)
        assert 2 <= len(pruned.regions) <= most < len(full.regions)
    borders = [border for region in pruned.regions for border in (region.west_deg, region.east_deg)]
    assert min(abs(border + 95) for border in borders) < 1
