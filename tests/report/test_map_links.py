"""Shapes that lead somewhere, and the one that is selected: by keyboard, without script, and not by colour alone."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from map_reports import report_of, row

from fairasr.report.maps import MAP_STYLE, map_svg
from fairasr.report.maps.svg import INK, PAPER, STYLE

SVG = "{http://www.w3.org/2000/svg}"
BOXES = {"a": [4.0, 3.0, 13.0, 14.0], "b": [-4.0, 34.0, 4.0, 41.0], "hidden": [16.0, 0.0, 24.0, 8.0]}
ROWS = [row("a", 0.4), row("b", 0.1), row("hidden", 0, suppressed="small")]


def draw(rows: list[dict[str, object]], layer: dict[str, object], **options: object) -> ElementTree.Element:
    areas = options.pop("areas", None)
    svg = map_svg(report_of(rows, layer, areas=areas), title="Regions", **options)  # type: ignore[arg-type]
    assert svg is not None
    return ElementTree.fromstring(svg)


def regions(**options: object) -> ElementTree.Element:
    return draw(ROWS, {"kind": "boxes", "boxes": BOXES}, **options)


def links(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    return {str(link.get("data-cohort")): link for link in root.iter(f"{SVG}a")}


def test_shapes_with_a_link_are_links_with_their_words_as_name_and_the_others_are_not() -> None:
    found = links(regions(links={"a": "cohorts/a?x=1&y=2"}))
    assert list(found) == ["a"]
    assert found["a"].get("href") == "cohorts/a?x=1&y=2"
    assert found["a"].get("class") == "shape-link"
    assert str(found["a"].get("aria-label")).startswith("a: WER 40.0 %")
    assert found["a"].get("tabindex") is None, "a link is reached by keyboard as it is"
    inner = found["a"].find(f"{SVG}g")
    assert inner is not None
    assert inner.get("tabindex") is None, "one stop, not two"
    assert inner.get("role") is None


def test_a_suppressed_region_is_hatched_and_no_link_unless_it_is_given_one() -> None:
    assert "hidden" not in links(regions(links={"a": "#a"}))
    link = links(regions(links={"hidden": "#h"}))["hidden"]
    assert str(link[0][1].get("fill")).startswith("url(#")


def test_many_links_are_left_to_the_table_by_keyboard() -> None:
    tiles = {f"r{i:02d}": [-60.0, -180.0 + 5 * i, 60.0, -175.0 + 5 * i] for i in range(61)}
    rows = [row(label, 0.2) for label in tiles]
    found = links(draw(rows, {"kind": "boxes", "boxes": tiles}, links={label: "#" + label for label in tiles}))
    assert len(found) == 61
    assert {link.get("tabindex") for link in found.values()} == {"-1"}


def test_areas_are_linked_by_their_ids_or_by_the_cohorts_that_name_them() -> None:
    by_id = draw([row("urban", 0.3)], {"kind": "areas", "boundaries": "us_states"}, areas=[row("06", 0.4)], links={"06": "#ca"})
    assert links(by_id)["06"].get("href") == "#ca"
    named = draw(
        [row("Zürich", 0.3), row("Genf", 0.2)],
        {"kind": "areas", "boundaries": "swiss_cantons", "areas": "cohorts"},
        links={"Zürich": "#zh"},
        selected="Zürich",
    )
    assert list(links(named)) == ["Zürich"]
    assert links(named)["Zürich"].get("aria-current") == "true"


def test_the_selected_shape_has_a_double_outline_drawn_over_all_others() -> None:
    root = regions(links={"a": "#a", "b": "#b"}, selected="b")
    marked = [element for element in root.iter() if element.get("aria-current")]
    assert [element.get("data-cohort") for element in marked] == ["b"]
    assert [group.get("class") for group in root.iter(f"{SVG}g") if "selected" in str(group.get("class"))] == ["shape selected"]
    outlines = [group for group in root.iter(f"{SVG}g") if group.get("class") == "selection"]
    assert len(outlines) == 1
    white, ink = outlines[0]
    assert (white.get("stroke"), ink.get("stroke")) == (PAPER, INK)
    assert float(str(white.get("stroke-width"))) >= float(str(ink.get("stroke-width"))) + 4
    assert white.get("d") == ink.get("d") == links(root)["b"][0][1].get("d")
    order = [element.get("class") for element in root.iter() if element.get("class") in ("shape", "selection")]
    assert order[-1] == "selection"


def test_a_selected_shape_without_a_link_says_so_itself_and_an_unknown_one_selects_nothing() -> None:
    marked = [element for element in regions(selected="a").iter() if element.get("aria-current")]
    assert [element.get("class") for element in marked] == ["shape selected"]
    assert not [element for element in regions(selected="elsewhere").iter() if element.get("aria-current")]


def test_addresses_and_labels_are_text_whatever_they_hold() -> None:
    payload = "\"><script>alert(1)</script>' & x"
    layer = {"kind": "points", "points": {payload: [7.0, 4.0]}}
    svg = map_svg(report_of([row(payload, 0.4)], layer), title=payload, links={payload: payload}, selected=payload)
    assert svg is not None
    assert "<script" not in svg
    link = links(ElementTree.fromstring(svg))[payload]
    assert link.get("href") == payload


def test_the_style_of_links_is_in_the_public_style_and_only_in_maps_that_have_links() -> None:
    assert MAP_STYLE.startswith(STYLE)
    assert ".shape-link" in MAP_STYLE
    plain, linked = (
        map_svg(report_of(ROWS, {"kind": "boxes", "boxes": BOXES}), title="t", links=each) for each in ({}, {"a": "#"})
    )
    assert plain is not None
    assert linked is not None
    assert "shape-link" not in plain
    assert re.search(r"<style>[^<]*\.shape-link", linked)
