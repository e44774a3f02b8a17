"""Values of a column are taken for areas only where nearly all name one, and codes that fit two layers for neither."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from fairasr.geography import area_ids, areas_named, boundaries
from fairasr.geography.area_names import CANTON_NAMES, POSTAL_CODES


@pytest.mark.parametrize(
    ("labels", "layer"),
    [
        (["Kenya", "nigeria", "USA", "Ivory Coast", "the Gambia", "Cote d'Ivoire "], None),  # two names of one country
        (["Kenya", "nigeria", "USA", "Ivory Coast", "the Gambia"], "countries"),
        (["KE", "NG", "UG", "ZA", "GH"], "countries"),
        (["KEN", "NGA", "usa"], "countries"),
        (["California", "texas", "District of Columbia"], "us_states"),
        (["TX", "NY", "WA", "OR"], "us_states"),
        (["ZH", "BE", "VD", "TG"], "swiss_cantons"),
        (["Zurich", "Genève", "Lucerne", "Sankt Gallen", "Graubuenden"], "swiss_cantons"),
        (["Berne", "Bâle-Ville", "saint-gall"], "swiss_cantons"),
        (["CA", "GA", "AL"], None),  # states, and Canada, Gabon, Albania
        (["de", "fr", "in"], None),
        (["canada", "england", "us", "african", "indian"], None),
        (["f", "m"], None),
        (["Kenya"], None),
        ([], None),
    ],
)
def test_a_layer_is_recognised_where_nearly_all_values_name_its_areas(labels: list[str], layer: str | None) -> None:
    assert areas_named(labels) == layer


def test_the_name_of_the_column_settles_codes_that_fit_two_layers() -> None:
    codes = ["CA", "GA", "AL"]
    assert (areas_named(codes, column="home_state"), areas_named(codes, column="country")) == ("us_states", "countries")
    assert areas_named(["DE", "FR", "IT"], column="language") is None


def test_one_odd_value_in_ten_is_let_pass_and_two_are_not() -> None:
    named = ["Kenya", "Nigeria", "Uganda", "Ghana", "Rwanda", "Togo", "Benin", "Chad", "Mali"]
    assert areas_named([*named, "other"]) == "countries"
    assert areas_named([*named, "other", "elsewhere"]) is None


def test_every_code_of_a_state_and_every_name_of_a_canton_leads_to_an_area() -> None:
    codes, fips = POSTAL_CODES.split()[::2], POSTAL_CODES.split()[1::2]
    assert sorted(fips) == sorted(boundaries("us_states").ids)
    assert area_ids(codes, boundaries="us_states") == dict(zip(codes, fips, strict=True))
    assert area_ids(["NE"], boundaries="us_states") == {"NE": "31"}
    assert sorted(CANTON_NAMES) == sorted(boundaries("swiss_cantons").ids)
    for layer in ("countries", "us_states", "swiss_cantons"):
        names = {identifier: name for identifier, name in boundaries(layer).name_of.items() if name != "Congo"}  # there are two
        assert area_ids(list(names.values()), boundaries=layer) == {name: identifier for identifier, name in names.items()}


def test_codes_of_countries_agree_with_another_list(shared_data: Path) -> None:
    """WALS gives the codes of countries by its own list. What is left out is part of another area, too small, or no more."""
    with (shared_data / "world" / "wals_languages.csv").open(encoding="utf-8", newline="") as file:
        codes = {code for row in csv.DictReader(file) for code in row["country_ids"].split()}
    assert len(codes) > 150
    absent = codes - set(area_ids(sorted(codes), boundaries="countries"))
    assert absent <= {"AN", "GF", "GP", "MQ", "YT", "TK", "TV", "VR"}


def test_the_cantons_of_a_corpus_are_recognised_by_code_and_by_name(shared_data: Path) -> None:
    with (shared_data / "swiss_german" / "cantons.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    by_name = area_ids([row["name"] for row in rows], boundaries="swiss_cantons")
    assert by_name == {row["name"]: row["canton"] for row in rows}
    assert areas_named([row["canton"] for row in rows], column="canton") == "swiss_cantons"
