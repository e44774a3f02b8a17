"""The places of the worlds are real ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairasr.testing.places import JITTER_DEG, SOUTH, draw_homes, draw_points, homes, places

STATES = 50
CAPITAL = 1


def test_every_state_and_the_capital_has_a_city() -> None:
    assert len(places()) >= 120
    assert places()["state"].nunique() == STATES + CAPITAL


def test_zip_codes_are_five_digits_kept_as_text_and_each_belongs_to_one_city() -> None:
    codes = homes()["zip_code"]
    assert codes.str.fullmatch(r"\d{5}").all()
    assert codes.is_unique
    assert "02108" in set(codes)
    assert codes.str.startswith("0").sum() >= 10


def test_every_city_is_inside_its_state() -> None:
    from fairasr.geography import area_of

    table = places()
    found = area_of(table["latitude_deg"].to_numpy(), table["longitude_deg"].to_numpy(), boundaries="us_states")
    assert len(found) == len(table) > 0
    one_state = pd.Series(found).groupby(table["state"].to_numpy()).nunique()
    one_letter_code = pd.Series(table["state"].to_numpy()).groupby(np.asarray(found)).nunique()
    assert (one_state == 1).all()
    assert (one_letter_code == 1).all()
    assert "" not in set(found)


def test_every_zip_code_is_a_real_one_near_its_city(shared_data: Path) -> None:
    areas = pd.read_parquet(shared_data / "us_census" / "zcta.parquet").set_index("zcta")
    joined = homes().join(areas[["lat", "lon"]], on="zip_code")
    assert len(joined) > 300
    assert joined["zip_code"].isin(areas.index).all()
    north_km = 111.2 * (joined["lat"] - joined["latitude_deg"])
    east_km = 111.2 * (joined["lon"] - joined["longitude_deg"]) * np.cos(np.radians(joined["latitude_deg"]))
    distance_km = np.hypot(north_km, east_km)
    assert distance_km.median() < 6
    # Rural codes reach far beyond their city; one in Alaska reaches 300 km.
    assert set(joined.loc[distance_km > 40, "city"]) <= {"Fairbanks"}


def test_every_zip_code_lies_in_the_state_of_its_city(shared_data: Path) -> None:
    counties = pd.read_parquet(shared_data / "us_census" / "zcta_county.parquet")
    features = json.loads((shared_data / "us_census" / "us_states.geojson").read_text(encoding="utf-8"))["features"]
    known = {feature["properties"]["name"].lower() for feature in features}
    states = counties.drop_duplicates("zcta").set_index("zcta")["state_name"].str.lower()
    joined = homes().join(states, on="zip_code")
    assert joined["state_name"].isin(known).all()
    assert (joined.groupby("state")["state_name"].nunique() == 1).all()


def test_the_south_is_where_a_map_puts_it() -> None:
    table = places().set_index(["city", "state"])
    inside = SOUTH.covers(latitude_deg=table["latitude_deg"].to_numpy(), longitude_deg=table["longitude_deg"].to_numpy())
    covered = dict(zip(table.index, inside, strict=True))
    assert all(covered[place] for place in [("Birmingham", "AL"), ("Nashville", "TN"), ("Charleston", "WV"), ("Atlanta", "GA")])
    assert not any(covered[place] for place in [("Boston", "MA"), ("Houston", "TX"), ("Miami", "FL"), ("Chicago", "IL")])


def test_a_box_includes_its_south_and_west_edges_only_and_no_missing_point() -> None:
    latitude = np.array([SOUTH.south, SOUTH.north, 35.0, 35.0, np.nan])
    longitude = np.array([-85.0, -85.0, SOUTH.west, SOUTH.east, -85.0])
    assert SOUTH.covers(latitude_deg=latitude, longitude_deg=longitude).tolist() == [True, False, True, False, False]


def test_speakers_live_where_they_are_allowed_to_and_close_to_their_city() -> None:
    generator = np.random.default_rng(1)
    allowed = (homes()["state"] == "MA").to_numpy()
    rows = draw_homes(generator, n_speakers=500, allowed=allowed)
    assert allowed[rows].all()
    latitude, longitude = draw_points(generator, rows)
    assert np.abs(latitude - homes()["latitude_deg"].to_numpy()[rows]).max() <= JITTER_DEG + 1e-4
    assert np.abs(longitude - homes()["longitude_deg"].to_numpy()[rows]).max() <= JITTER_DEG + 1e-4


def test_large_cities_have_speakers_in_proportion_to_their_weight() -> None:
    rows = draw_homes(np.random.default_rng(2), n_speakers=200_000)
    share = (homes()["city"].to_numpy()[rows] == "New York").mean()
    assert share == pytest.approx(44 / places()["weight"].sum(), rel=0.05)
