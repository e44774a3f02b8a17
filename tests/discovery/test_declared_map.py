"""Maps of declared groups: areas that their labels name, or the mean places of their speakers, which tell nobody's place."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fairasr.core import Manifest
from fairasr.core.errors import RuleError
from fairasr.discovery.declared import Declared, DeclaredRule


def manifest_of(groups: dict[str, list[tuple[float, float]]], *, column: str = "accent") -> Manifest:
    """One utterance a speaker: group -> the places of its speakers."""
    rows = [(group, latitude, longitude) for group, places in groups.items() for latitude, longitude in places]
    table = pd.DataFrame(rows, columns=[column, "latitude_deg", "longitude_deg"])
    table["speaker_id"] = table["utterance_id"] = [f"s{i:03d}" for i in range(len(table))]
    return Manifest(table=table.assign(reference="a"))


def rule_of(manifest: Manifest, *columns: str) -> DeclaredRule:
    return Declared(columns=columns or ("accent",)).search(manifest, seed=0).rule


NORTH = [(50.2 + 0.01 * i, 10.2) for i in range(12)]


def test_a_group_lies_at_the_mean_of_its_speakers_to_a_degree() -> None:
    spread = [(10.0, 20.0), (14.0, 24.4)] * 6
    layer = rule_of(manifest_of({"north": NORTH, "south": spread})).map_layer()
    assert layer == {"kind": "points", "points": {"north": [50.0, 10.0], "south": [12.0, 22.0]}, "boundaries": "countries"}


def test_two_sides_of_the_antimeridian_meet_there_and_not_in_africa() -> None:
    layer = rule_of(manifest_of({"fijian": [(-17.0, 179.0), (-17.0, -178.0)] * 6, "north": NORTH})).map_layer()
    assert layer is not None
    latitude, longitude = layer["points"]["fijian"]
    assert latitude == -17
    assert longitude in (-180, -179)


def test_groups_of_fewer_than_ten_speakers_with_a_place_have_none() -> None:
    unplaced = [(np.nan, np.nan)] * 5
    south = [(10.0, 20.0)] * 10
    layer = rule_of(manifest_of({"nine": NORTH[:9] + unplaced, "ten": NORTH[:10], "south": south})).map_layer()
    assert layer is not None
    assert list(layer["points"]) == ["south", "ten"]
    assert rule_of(manifest_of({"nine": NORTH[:9], "south": south})).map_layer() is None, "one bubble is no map"


def test_groups_that_are_everywhere_alike_have_no_map_and_groups_that_are_somewhere_have() -> None:
    rng = np.random.default_rng(3)
    places = [(float(north), float(east)) for north, east in rng.uniform([-30, -20], [50, 60], (400, 2))]
    assert rule_of(manifest_of({"f": places[:200], "m": places[200:]})).map_layer() is None
    many = {f"g{i:02d}": places[10 * i : 10 * i + 10] for i in range(40)}
    assert rule_of(manifest_of(many)).map_layer() is None, "forty groups of ten differ by chance"
    north = {"north": [place for place in places if place[0] > 10], "south": [place for place in places if place[0] <= 10]}
    assert rule_of(manifest_of(north)).map_layer() is not None


def test_american_groups_are_drawn_over_states() -> None:
    places = {"southern": [(33.0, -86.5)] * 10, "western": [(39.0, -117.0)] * 10}
    layer = rule_of(manifest_of(places)).map_layer()
    assert layer is not None
    assert layer["boundaries"] == "us_states"


def test_labels_that_are_areas_are_drawn_as_areas_wherever_their_speakers_are() -> None:
    manifest = manifest_of({"ZH": NORTH, "BE": NORTH, "GE": NORTH}, column="canton")
    assert rule_of(manifest, "canton").map_layer() == {"kind": "areas", "boundaries": "swiss_cantons", "areas": "cohorts"}


def test_crossed_groups_have_no_map() -> None:
    manifest = manifest_of({"ZH": NORTH, "BE": NORTH}, column="canton")
    table = manifest.table.assign(gender=["f", "m"] * 12)
    assert rule_of(Manifest(table=table), "canton", "gender").map_layer() is None


def test_rules_with_other_maps_are_equal_for_they_make_the_same_groups() -> None:
    """Cross-fitting compares the rules of its folds, whose speakers differ."""
    south = [(0.0, 0.0)] * 10
    one, other = (rule_of(manifest_of({"north": north, "south": south})) for north in (NORTH, [(20.0, 0.0)] * 10))
    assert one.map_layer() != other.map_layer()
    assert one == other == DeclaredRule(columns=("accent",))


def test_the_map_survives_json_and_rules_without_one_are_read() -> None:
    rule = rule_of(manifest_of({"north": NORTH, "south": [(10.0, 20.0)] * 10}))
    again = DeclaredRule.from_json(json.loads(json.dumps(rule.to_json(), allow_nan=False)))
    assert again.map_layer() == rule.map_layer() is not None
    assert json.dumps(again.to_json()) == json.dumps(rule.to_json())
    older = {key: value for key, value in rule.to_json().items() if key != "map"}
    assert DeclaredRule.from_json(older).map_layer() is None
    assert "map" not in replace(rule, layer=None).to_json()


@pytest.mark.parametrize("layer", ["areas", {"kind": "boxes", "boxes": {}}, 3])
def test_a_rule_with_a_broken_map_is_refused(layer: object) -> None:
    with pytest.raises(RuleError, match=r"'map' is .* Leave it out"):
        DeclaredRule.from_json({"columns": ["accent"], "map": layer})
