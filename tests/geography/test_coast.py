"""Distance to land and the area a point lies in, against known places and slower second ways."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from fairasr.geography import area_of, boundaries, distance_to_land_km


def haversine_km(latitude: float, longitude: float, latitudes: np.ndarray, longitudes: np.ndarray) -> np.ndarray:
    phi, other = np.radians(latitude), np.radians(latitudes)
    turn = np.radians(longitudes - longitude)
    half = np.sin((other - phi) / 2) ** 2 + np.cos(phi) * np.cos(other) * np.sin(turn / 2) ** 2
    return np.asarray(2 * 6371.0088 * np.arcsin(np.sqrt(half)))


@pytest.mark.parametrize(
    ("place", "latitude", "longitude"),
    [
        ("Kano", 12.0, 8.52),
        ("Denver", 39.74, -104.99),
        ("South Pole", -90, 0),
        ("Chukotka", 68.0, 180.0),
        ("Viti Levu", -17.8, 178.0),
    ],
)
def test_distance_is_zero_on_land(place: str, latitude: float, longitude: float) -> None:
    assert distance_to_land_km(np.array([latitude]), np.array([longitude])) == [0.0], place


@pytest.mark.parametrize(
    ("place", "latitude", "longitude", "distance_km", "tolerance_km"),
    [
        ("Point Nemo, Lukatela 1992", -48.8767, -123.3933, 2688, 60),
        ("0 0, to the coast of Ghana", 0.0, 0.0, 570, 10),
        ("on the parallel of Fiji, far to its east", -16.5, -120.0, 1220, 60),
        ("half-way over the Strait of Dover, which is 33 km wide", 51.03, 1.45, 15, 5),
    ],
)
def test_distance_at_sea_is_the_published_one(
    place: str, latitude: float, longitude: float, distance_km: float, tolerance_km: float
) -> None:
    found = distance_to_land_km(np.array([latitude]), np.array([longitude]))[0]
    assert abs(found - distance_km) <= tolerance_km, place


def test_distance_agrees_with_brute_force_over_every_coast() -> None:
    random = np.random.default_rng(0)
    latitude, longitude = random.uniform(-75, 80, 60).round(2), random.uniform(-180, 180, 60).round(2)
    coast = shapely.get_coordinates(shapely.segmentize(boundaries("countries").geometries, 0.03))
    land = shapely.union_all(boundaries("countries").geometries)
    expected = [
        0.0 if shapely.intersects_xy(land, east, north) else haversine_km(north, east, coast[:, 1], coast[:, 0]).min()
        for north, east in zip(latitude, longitude, strict=True)
    ]
    assert sum(value > 0 for value in expected) > 25
    assert distance_to_land_km(latitude, longitude) == pytest.approx(expected, abs=3.0)


def test_distance_does_not_jump_at_the_antimeridian() -> None:
    found = distance_to_land_km(np.array([-30.0, -30.0, -30.0]), np.array([179.99, -179.99, 180.01]))
    assert found[0] == pytest.approx(found[1], abs=3)
    assert found[1] == found[2]


def test_a_missing_coordinate_has_no_distance_and_no_area() -> None:
    latitude, longitude = np.array([np.nan, 9.0, 9.0]), np.array([8.0, np.nan, 8.0])
    assert np.isnan(distance_to_land_km(latitude, longitude)).tolist() == [True, True, False]
    assert area_of(latitude, longitude, boundaries="countries").tolist() == ["", "", "566"]


def test_no_points_have_no_distances_and_no_areas() -> None:
    nothing = np.array([], dtype=float)
    assert distance_to_land_km(nothing, nothing).shape == (0,)
    assert area_of(nothing, nothing, boundaries="us_states").shape == (0,)


def test_a_hundred_thousand_points_take_a_moment() -> None:
    random = np.random.default_rng(0)
    latitude, longitude = random.uniform(-60, 75, 100_000), random.uniform(-180, 180, 100_000)
    distance_to_land_km(latitude[:1], longitude[:1])
    start = time.process_time()
    distance_to_land_km(latitude, longitude)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("place", "latitude", "longitude", "state"),
    [
        ("San Francisco", 37.77, -122.42, "06"),
        ("Miami Beach", 25.79, -80.13, "12"),
        ("Honolulu", 21.31, -157.86, "15"),
        ("Adak, beyond 176 west", 51.88, -176.65, "02"),
        ("Attu, beyond the antimeridian", 52.9, 172.9, "02"),
        ("San Juan", 18.4, -66.06, "72"),
        ("Washington", 38.9, -77.04, "11"),
        ("Tijuana, 2 km from California", 32.52, -117.02, ""),
        ("Windsor in Canada, 1 km from Detroit", 42.30, -83.02, ""),
        ("Lagos", 6.52, 3.38, ""),
        ("in the Atlantic", 35.0, -60.0, ""),
    ],
)
def test_a_place_is_in_its_state(place: str, latitude: float, longitude: float, state: str) -> None:
    assert area_of(np.array([latitude]), np.array([longitude]), boundaries="us_states")[0] == state, place


@pytest.mark.parametrize(
    ("place", "latitude", "longitude", "country"),
    [("Nairobi", -1.29, 36.82, "404"), ("Maseru, inside South Africa", -29.4, 27.9, "426"), ("Suva", -18.14, 178.44, "242")],
)
def test_a_place_is_in_its_country(place: str, latitude: float, longitude: float, country: str) -> None:
    assert area_of(np.array([latitude]), np.array([longitude]), boundaries="countries")[0] == country, place


def test_the_area_of_a_point_does_not_depend_on_the_others() -> None:
    random = np.random.default_rng(1)
    latitude, longitude = random.uniform(24, 50, 300), random.uniform(-125, -66, 300)
    together = area_of(latitude, longitude, boundaries="us_states")
    alone = [area_of(latitude[i : i + 1], longitude[i : i + 1], boundaries="us_states")[0] for i in range(0, 300, 10)]
    assert together[::10].tolist() == alone
    assert area_of(latitude[::-1], longitude[::-1], boundaries="us_states")[::-1].tolist() == together.tolist()


def test_zip_code_areas_lie_in_a_state_that_fits_their_first_digit(shared_data: Path) -> None:
    """First digits go to states by the postal service: 9 is Alaska, California, Hawaii, Oregon, Washington and the Pacific."""
    codes = pd.read_parquet(shared_data / "us_census" / "zcta.parquet", columns=["zcta", "lat", "lon"]).dropna()
    states = area_of(codes["lat"].to_numpy(), codes["lon"].to_numpy(), boundaries="us_states")
    assert (states != "").mean() > 0.9999
    nine = codes["zcta"].str.startswith("9").to_numpy()
    assert np.isin(states[nine].astype(str), ["02", "06", "15", "41", "53", "60", "66", "69"]).mean() > 0.999
    seven = codes["zcta"].str.startswith("7").to_numpy()
    assert np.isin(states[seven].astype(str), ["05", "22", "40", "48"]).mean() > 0.998


def test_birthplaces_of_real_speakers_are_on_land_and_in_their_country(shared_data: Path) -> None:
    speakers = pd.read_csv(shared_data / "speech_accent_archive" / "speakers.csv", keep_default_na=False, na_values=[""])
    speakers = speakers.dropna(subset=["lat", "lon"])
    distance = distance_to_land_km(speakers["lat"].to_numpy(), speakers["lon"].to_numpy())
    assert (distance < 50).mean() > 0.995
    born_in_us = (speakers["country_iso2"] == "US").to_numpy()
    countries = area_of(speakers["lat"].to_numpy(), speakers["lon"].to_numpy(), boundaries="countries")
    assert (countries[born_in_us] == "840").mean() > 0.98
