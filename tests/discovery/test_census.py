"""Census cards and tables: what they say, and every way they can be wrong, reported together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairasr.core.errors import IngestError, SchemaError
from fairasr.discovery.census import census_from, read_census
from fairasr.discovery.census_card import card_from, read_card

CARD = """
[census]
name = "made up"
table = "census.csv"
zcta = "zip"
latitude_deg = "lat"
longitude_deg = "lon"
margin_confidence = 0.9

[shares.hispanic]
column = "pct_hispanic"
scale = 100
margin = "pct_hispanic_moe"
wording = "residents are Hispanic"

[shares.urban]
numerator = "urban"
denominator = "people"
wording = "residents live in urban areas"

[values.income]
column = "income"
wording = "income per head"
unit = "US dollars"
"""

TABLE = """zip,pct_hispanic,pct_hispanic_moe,urban,people,income,lat,lon
00501,60,5,50,100,20000,40.8,-73.0
90210,10,2.5,0,0,,34.1,-118.4
10001,,,300,200,35000,,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "card.toml").write_text(CARD)
    (tmp_path / "census.csv").write_text(TABLE)
    return tmp_path


def test_a_card_and_its_table_give_shares_in_0_to_1_and_values_in_their_unit(folder: Path) -> None:
    census = read_census(folder / "card.toml")
    assert census.zip_codes.tolist() == ["00501", "10001", "90210"]
    hispanic, urban, income = census.attributes
    np.testing.assert_array_equal(hispanic.numbers, [0.6, np.nan, 0.1])
    np.testing.assert_array_equal(hispanic.margins, [0.05, np.nan, 0.025])
    # No share where nobody lives, nor where the part exceeds the whole.
    np.testing.assert_array_equal(urban.numbers, [0.5, np.nan, np.nan])
    np.testing.assert_array_equal(income.numbers, [20_000, 35_000, np.nan])
    np.testing.assert_array_equal(census.points, [[40.8, -73.0], [np.nan, np.nan], [34.1, -118.4]])
    assert hispanic.is_share
    assert not income.is_share
    assert str(census) == "made up (3 areas, 3 attributes)"
    assert len(census.sha256) == 64


def test_conditions_are_said_in_words(folder: Path) -> None:
    hispanic, _, income = read_census(folder / "card.toml").attributes
    assert hispanic.condition(0.5, at_least=True) == "at least 50 % of residents are Hispanic"
    assert hispanic.condition(0.125, at_least=False) == "less than 12.5 % of residents are Hispanic"
    assert income.condition(24_300, at_least=False) == "the income per head is less than 24,300 US dollars"


def test_parquet_and_csv_and_a_table_in_memory_are_the_same(folder: Path) -> None:
    table = pd.read_csv(folder / "census.csv", dtype={"zip": str})
    before = table.copy()
    table.to_parquet(folder / "census.parquet")
    from_csv = read_census(folder / "card.toml")
    from_parquet = read_census(folder / "card.toml", folder / "census.parquet")
    from_memory = read_census(folder / "card.toml", table)
    for other in (from_parquet, from_memory):
        for one, two in zip(from_csv.attributes, other.attributes, strict=True):
            np.testing.assert_array_equal(one.numbers, two.numbers)
    assert from_memory.sha256 == ""
    pd.testing.assert_frame_equal(table, before)


def test_every_broken_rule_of_a_table_is_named_together(folder: Path) -> None:
    (folder / "census.csv").write_text(
        "zip,pct_hispanic,pct_hispanic_moe,urban,people,income,lat,lon\n"
        "00501,60,-1,50,100,20000,91,-73.0\n"
        "00501,110,2,0,many,-666666666,34.1,-200\n"
        "501,5,1,1,1,1,1,1\n"
    )
    with pytest.raises(SchemaError) as caught:
        read_census(folder / "card.toml")
    message = str(caught.value)
    for part in (
        "column 'zip': 1 of 3 rows are not five digits kept as text (numbers lose leading zeros) (rows 2; first: '501')",
        "column 'zip': 1 of 3 rows repeat an earlier value (rows 1; first: '00501')",
        "column 'pct_hispanic': 1 of 3 rows are not a share in 0..100, or missing (rows 1; first:",
        "column 'pct_hispanic_moe': 1 of 3 rows are not a margin of error >= 0",
        "column 'people': 1 of 3 rows are not a number >= 0, or missing (rows 1; first: 'many')",
        "column 'income': 1 of 3 rows are not a number >= 0",
        "column 'lat': 1 of 3 rows",
        "column 'lon': 1 of 3 rows",
    ):
        assert part in message


def test_zip_codes_kept_as_numbers_and_missing_columns_are_named(folder: Path) -> None:
    table = pd.DataFrame({"zip": [501, 10001], "pct_hispanic": [1, 2]})
    with pytest.raises(SchemaError) as caught:
        read_census(folder / "card.toml", table)
    assert "column 'zip': 2 of 2 rows are not five digits kept as text" in str(caught.value)
    for column in ("pct_hispanic_moe", "urban", "people", "income", "lat", "lon"):
        assert f"column '{column}' is missing" in str(caught.value)


def test_every_broken_rule_of_a_card_is_named_together() -> None:
    card = {
        "census": {"name": "x", "latitude_deg": "lat", "colour": "red"},
        "shares": {
            "a": {"column": "a", "numerator": "b", "scale": 10, "wording": ""},
            "b": {"column": "b", "margin": "m", "wording": "w"},
        },
        "values": {"a": {"column": 3, "wording": "w"}, "c": "text"},
        "value": {},
    }
    with pytest.raises(SchemaError) as caught:
        card_from(card)
    assert "[value] is not known" in str(caught.value)
    del card["value"]
    with pytest.raises(SchemaError) as caught:
        card_from(card)
    for part in (
        "[census] lacks 'zcta'",
        "[census] 'colour' is not known",
        "only one of 'latitude_deg' and 'longitude_deg'",
        "lacks 'margin_confidence'",
        "[shares.a] needs either 'column', or 'numerator' and 'denominator'; it has column and numerator",
        "[shares.a] 'scale' is 10, not 1 or 100",
        "[shares.a] 'wording' is '', not a text",
        "[values.a] lacks 'unit'",
        "[values.a] 'column' is 3, not a text",
        "[values.c] is not a table",
        "'a' is both a share and a value",
    ):
        assert part in str(caught.value)


def test_a_card_must_name_something_to_divide_by() -> None:
    with pytest.raises(SchemaError, match="nothing to divide zip codes by"):
        card_from({"census": {"name": "x", "zcta": "z"}})


def test_files_that_cannot_be_read_are_one_clear_error(folder: Path) -> None:
    with pytest.raises(IngestError, match="cannot be read"):
        read_card(folder / "gone.toml")
    (folder / "broken.toml").write_text("[census")
    with pytest.raises(IngestError, match="cannot be read"):
        read_card(folder / "broken.toml")
    with pytest.raises(IngestError, match="no census table"):
        read_census(folder / "card.toml", folder / "gone.csv")
    (folder / "rubbish.parquet").write_bytes(b"rubbish")
    with pytest.raises(IngestError, match="cannot be read"):
        read_census(folder / "card.toml", folder / "rubbish.parquet")
    (folder / "empty.csv").write_text("")
    with pytest.raises(IngestError, match="cannot be read"):
        read_census(folder / "card.toml", folder / "empty.csv")
    (folder / "no_table.toml").write_text(CARD.replace('table = "census.csv"', ""))
    with pytest.raises(IngestError, match="names no table"):
        read_census(folder / "no_table.toml")


def test_the_real_census_reads(shared_data: Path) -> None:
    card = Path(__file__).resolve().parents[2] / "data_manifests" / "us_census.toml"
    census = read_census(card, shared_data / "us_census" / "zcta.parquet")
    assert len(census.zip_codes) == 33_988
    by_name = {attribute.name: attribute.numbers for attribute in census.attributes}
    first = pd.read_parquet(shared_data / "us_census" / "zcta.parquet").iloc[0]
    assert first["zcta"] == census.zip_codes[0]
    assert by_name["hispanic"][0] == first["acs2013_pct_hispanic"] / 100
    assert by_name["urban"][0] == first["urban_population_2010"] / first["population_2010"]


def test_an_empty_table_is_a_census_of_no_areas(folder: Path) -> None:
    table = pd.read_csv(folder / "census.csv", dtype={"zip": str})[:0].astype({"zip": object})
    assert len(census_from(table, card=read_card(folder / "card.toml")).zip_codes) == 0
