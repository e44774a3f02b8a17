"""The map of who gains and who loses by a new system, and the links of maps before and after."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from change_example import comparison

from fairasr.core import Comparison
from fairasr.report.change_maps import change_map, map_pair
from fairasr.report.maps.scale import HIGHS, LOWS

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def one() -> Comparison:
    """Plain fine-tuning: the target r1 gains about 28 %, everyone else loses about 12 %; two regions are withheld."""
    return comparison(("plain",))


def shapes(svg: str | None) -> dict[str, ElementTree.Element]:
    assert svg is not None
    groups = [g for g in ElementTree.fromstring(svg).iter(f"{SVG}g") if str(g.get("class")).startswith("shape")]
    return {str(group.findtext(f"{SVG}title")).split(":")[0]: group for group in groups}


def words(svg: str | None) -> set[str]:
    assert svg is not None
    return {text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")}


def test_gains_are_blue_losses_orange_and_withheld_groups_hatched(one: Comparison) -> None:
    drawn = shapes(change_map(one, one.systems[0]))
    assert set(drawn) == {"r1", "r2", "r3", "r4", "r5", "r6", "r7", "tiny", "few"}
    assert drawn["r1"][1].get("fill") in LOWS
    assert drawn["r2"][1].get("fill") in HIGHS
    assert all(str(drawn[label][1].get("fill")).startswith("url(#") for label in ("tiny", "few"))


def test_a_shape_says_both_rates_and_the_change_with_its_interval(one: Comparison) -> None:
    system = one.systems[0]
    found = system.change.changes.set_index("cohort").loc["r1"]
    title = str(shapes(change_map(one, system))["r1"].findtext(f"{SVG}title"))
    assert title.startswith(f"r1: WER {100 * found['rate_before']:.1f} % → {100 * found['rate_after']:.1f} %, relative change −")
    assert f"{100 * abs(found['relative_change_hi']):.1f} %" in title
    assert title.endswith(f"{int(found['n_speakers'])} speakers.")


def test_changes_whose_interval_includes_none_are_pale_and_dashed(one: Comparison) -> None:
    system = one.systems[0]
    changes = system.change.changes.copy()
    changes.loc[changes["cohort"] == "r4", "relative_change_lo"] = -0.01
    unclear = replace(system, change=replace(system.change, changes=changes))
    drawn = shapes(svg := change_map(one, unclear))
    assert drawn["r4"].get("stroke-dasharray")
    assert drawn["r4"][1].get("fill") not in (*HIGHS, *LOWS)
    assert not drawn["r1"].get("stroke-dasharray")
    assert str(drawn["r4"].findtext(f"{SVG}title")).endswith("may be no change.")
    assert "may be no change" in words(svg)


def test_the_scale_is_linear_around_no_change_and_the_largest_loss_is_outlined(one: Comparison) -> None:
    system = one.systems[0]
    svg = change_map(one, system)
    assert {"−30 %", "0 %", "+30 %", "largest loss"} <= words(svg)
    shown = system.change.changes.set_index("cohort").loc[[f"r{i}" for i in range(1, 8)], "relative_change"]
    widths = {label: float(str(shape.get("stroke-width"))) for label, shape in shapes(svg).items()}
    assert max(widths, key=lambda label: widths[label]) == shown.idxmax()


def test_no_loss_is_outlined_where_everyone_gains(one: Comparison) -> None:
    system = one.systems[0]
    changes = system.change.changes.assign(relative_change=-system.change.changes["relative_change"].abs())
    svg = change_map(one, replace(system, change=replace(system.change, changes=changes)))
    assert "largest loss" not in words(svg)
    assert max(float(str(shape.get("stroke-width"))) for shape in shapes(svg).values()) < 3


def test_all_maps_of_a_change_carry_links_and_the_selection(one: Comparison) -> None:
    pair = map_pair(one, one.systems[0], links={"r2": "#r2"}, selected="r2", has_style=False)
    assert pair is not None
    for svg in (*pair, change_map(one, one.systems[0], links={"r2": "#r2"}, selected="r2", has_style=False)):
        assert svg is not None
        assert "<style" not in svg
        assert [link.get("data-cohort") for link in ElementTree.fromstring(svg).iter(f"{SVG}a")] == ["r2"]
        assert svg.count('class="selection"') == 1


def test_there_is_no_map_of_a_change_without_places(one: Comparison) -> None:
    bare = replace(one, map=None)
    assert change_map(bare, bare.systems[0]) is None
    assert map_pair(bare, bare.systems[0]) is None
