"""What maps say in words and shapes; the pixels are looked at in test_map_pixels."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from map_reports import report_of, row

from fairasr.report.maps import map_svg

SVG = "{http://www.w3.org/2000/svg}"
NIGERIA, KENYA = [4.0, 3.0, 13.0, 14.0], [-4.0, 34.0, 4.0, 41.0]


def boxes(**named: list[float | None]) -> dict[str, object]:
    return {"kind": "boxes", "boxes": dict(named)}


def shapes(svg: str) -> list[ElementTree.Element]:
    return [group for group in ElementTree.fromstring(svg).iter(f"{SVG}g") if group.get("class") == "shape"]


def titles(svg: str) -> list[str]:
    return [shape.findtext(f"{SVG}title") or "" for shape in shapes(svg)]


def visible_words(svg: str) -> set[str]:
    return {text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")}


def draw(rows: list[dict[str, object]], layer: dict[str, object], **options: object) -> str:
    min_speakers = options.pop("min_speakers", 10)
    svg = map_svg(report_of(rows, layer, **options), title="Regions", min_speakers=min_speakers)  # type: ignore[arg-type]
    assert svg is not None
    return svg


@pytest.mark.parametrize(
    "layer",
    [
        None,
        {"kind": "boxes", "boxes": {}},
        {"kind": "projection", "points": {}, "axes": ["a", "b"]},
        {"kind": "areas", "boundaries": "us_states"},
    ],
)
def test_there_is_no_map_where_there_is_nothing_to_draw(layer: dict[str, object] | None) -> None:
    assert map_svg(report_of([row("a", 0.2)], layer), title="Regions") is None


def test_a_map_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="kind 'globe' cannot be drawn"):
        map_svg(report_of([row("a", 0.2)], {"kind": "globe"}), title="Regions")


def test_every_region_says_its_rate_interval_and_speakers_in_words() -> None:
    svg = draw([row("a", 0.4, half=0.05, n_speakers=1234), row("b", 0.2, half=0.03)], boxes(a=NIGERIA, b=KENYA))
    assert sorted(titles(svg)) == [
        "a: WER 40.0 % (95 % interval 35.0 % to 45.0 %), 1,234 speakers.",
        "b: WER 20.0 % (95 % interval 17.0 % to 23.0 %), 50 speakers, not clearly different from all speakers.",
    ]


@pytest.mark.parametrize("reason", ["small", "complementary"])
def test_no_number_of_a_suppressed_region_is_in_the_map(reason: str) -> None:
    """Even if a table still holds them."""
    hidden = row("b", 0.777, n_speakers=73) | {"suppressed": reason, "rate_shrunken": 0.777}
    svg = draw([row("a", 0.4), hidden], boxes(a=NIGERIA, b=KENYA))
    assert "77.7" not in svg
    assert "73" not in " ".join([*titles(svg), *visible_words(svg)])
    assert any(title.startswith("b: not shown") and "fewer than 10 speakers" in title for title in titles(svg))


def test_suppressed_missing_low_and_unclear_regions_are_drawn_in_four_ways() -> None:
    layer = boxes(low=NIGERIA, unclear=KENYA, hidden=[16.0, 0.0, 24.0, 8.0], nobody=[16.0, 10.0, 24.0, 18.0])
    rows = [row("low", 0.1), row("unclear", 0.16, half=0.1), row("hidden", 0, suppressed="small"), row("nobody", float("nan"))]
    svg = draw(rows, layer)
    fills = {title.split(":")[0]: shape[1].get("fill") for title, shape in zip(titles(svg), shapes(svg), strict=True)}
    assert len(set(fills.values())) == 4
    assert str(fills["hidden"]).startswith("url(#")
    dashed = {title.split(":")[0] for title, shape in zip(titles(svg), shapes(svg), strict=True) if shape.get("stroke-dasharray")}
    assert dashed == {"unclear"}
    dotted = {title.split(":")[0] for title, shape in zip(titles(svg), shapes(svg), strict=True) if len(shape) == 3}
    assert dotted == {"unclear"}


def test_a_region_without_a_row_has_no_speakers() -> None:
    assert "b: no speakers." in titles(draw([row("a", 0.4)], boxes(a=NIGERIA, b=KENYA)))


def test_the_legend_names_only_what_is_on_the_map() -> None:
    plain = visible_words(draw([row("a", 0.4), row("b", 0.1)], boxes(a=NIGERIA, b=KENYA)))
    assert {"worst cohort", "no speakers", "20.0 %", "40.0 %", "10.0 %"} <= plain
    assert not {"fewer than 10 speakers", "too few speakers", "not clearly different", "wide interval"} & plain
    hidden = visible_words(draw([row("a", 0.4), row("b", 0, suppressed="small")], boxes(a=NIGERIA, b=KENYA), min_speakers=None))
    assert "too few speakers" in hidden


def test_bottom_regions_are_labelled_and_the_worst_is_outlined() -> None:
    layer = boxes(worst=NIGERIA, bad=KENYA, good=[-30.0, 20.0, -20.0, 28.0])
    rows = [row("worst", 0.5, role="bottom"), row("bad", 0.4, role="bottom"), row("good", 0.1)]
    svg = draw(rows, layer, bottom=("worst", "bad"))
    assert {"worst", "bad"} <= visible_words(svg)
    assert "good" not in visible_words(svg)
    widths = {
        title.split(":")[0]: float(str(shape.get("stroke-width"))) for title, shape in zip(titles(svg), shapes(svg), strict=True)
    }
    assert widths["worst"] > widths["bad"] > widths["good"]


def test_a_suppressed_region_is_never_marked_as_the_worst() -> None:
    rows = [row("hidden", 0, suppressed="small", role="bottom"), row("bad", 0.4, role="bottom")]
    svg = draw(rows, boxes(hidden=KENYA, bad=NIGERIA), bottom=("hidden", "bad"))
    assert "hidden" not in visible_words(svg)
    assert "bad" in visible_words(svg)


PAYLOAD = "<script>alert(1)</script>\"' & x"


@pytest.mark.parametrize(
    "layer",
    [{"kind": "boxes", "boxes": {PAYLOAD: NIGERIA}}, {"kind": "projection", "points": {PAYLOAD: [0, 1]}, "axes": [PAYLOAD] * 2}],
)
def test_labels_titles_and_axes_are_text_whatever_they_hold(layer: dict[str, object]) -> None:
    svg = map_svg(report_of([row(PAYLOAD, 0.4, role="bottom")], layer, bottom=(PAYLOAD,)), title=PAYLOAD)
    assert svg is not None
    assert "<script" not in svg
    root = ElementTree.fromstring(svg)
    assert str(root.get("aria-label")).startswith(PAYLOAD)
    assert titles(svg)[0].startswith(PAYLOAD)


def test_a_map_refers_to_nothing_outside_itself() -> None:
    svg = draw([row("a", 0.4), row("b", 0, suppressed="small")], boxes(a=NIGERIA, b=KENYA))
    assert re.findall(r"https?:[^\"]*", svg) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<(script|image|foreignObject|iframe)|@import|url\((?!#)|href=\"(?!#)", svg)
    identifiers = re.findall(r'\bid="([^"]+)"', svg)
    assert len(set(identifiers)) == len(identifiers) > 3
    assert set(re.findall(r'(?:url\(|href=")#([^")]+)', svg)) <= set(identifiers)


def test_two_maps_on_one_page_share_no_id() -> None:
    first, second = (map_svg(report_of([row("a", 0.4)], boxes(a=NIGERIA)), title=title) or "" for title in ("one", "two"))
    assert not set(re.findall(r'\bid="([^"]+)"', first)) & set(re.findall(r'\bid="([^"]+)"', second))


def test_the_same_report_gives_the_same_bytes() -> None:
    assert len({draw([row("a", 0.4), row("b", 0.1)], boxes(a=NIGERIA, b=KENYA)) for _ in range(2)}) == 1


def grid(n_rows: int, n_columns: int) -> dict[str, list[float | None]]:
    """Boxes that tile the world from 60 south to 80 north."""
    south, west = 140 / n_rows, 360 / n_columns
    return {
        f"region {i:02d}-{j:02d}": [-60 + i * south, -180 + j * west, -60 + (i + 1) * south, -180 + (j + 1) * west]
        for i in range(n_rows)
        for j in range(n_columns)
    }


def test_a_world_of_126_regions_stays_under_300_kilobytes_and_is_one_picture() -> None:
    tiles = grid(9, 14)
    assert len(tiles) == 126
    svg = draw([row(label, 0.1 + 0.002 * i, role="bottom" if i > 113 else "") for i, label in enumerate(tiles)], boxes(**tiles))
    assert len(svg.encode()) < 300_000
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert "WER overall 20.0 %" in str(root.get("aria-label"))
    assert "tabindex" not in svg
    assert len(shapes(svg)) == 126


def test_few_regions_can_each_be_reached_by_keyboard() -> None:
    svg = draw([row("a", 0.4), row("b", 0.1)], boxes(a=NIGERIA, b=KENYA))
    assert ElementTree.fromstring(svg).get("role") == "group"
    assert all(shape.get("tabindex") == "0" and shape.get("aria-label") for shape in shapes(svg))


def test_states_are_coloured_by_the_areas_of_the_report_and_named() -> None:
    areas = [row("06", 0.4), row("48", 0.1), row("02", 0, suppressed="small"), row("60", 0.2)]
    svg = map_svg(
        report_of([row("urban", 0.3)], {"kind": "areas", "boundaries": "us_states"}, areas=areas), title="States", min_speakers=10
    )
    assert svg is not None
    assert {title.split(":")[0] for title in titles(svg)} == {"California", "Texas", "Alaska", "American Samoa"}
    assert "California" in visible_words(svg)
    assert "highest rate" in visible_words(svg)
    assert "worst cohort" not in visible_words(svg)


@pytest.mark.parametrize(
    ("place", "box", "is_over_states"),
    [
        ("California and Nevada", [32.5, -124.0, 42.0, -114.0], True),
        ("the southwest with some of Mexico", [30.5, -118.0, 36.0, -106.0], True),
        ("around Toronto", [43.0, -81.0, 46.0, -77.0], False),
        ("northern Mexico", [22.5, -110.0, 28.0, -99.0], False),
        ("Nigeria", NIGERIA, False),
    ],
)
def test_regions_are_drawn_over_states_only_where_they_are_in_the_us(
    place: str, box: list[float | None], is_over_states: bool
) -> None:
    """Over states the whole US is drawn, so the region is a small part of the map; elsewhere the map is of the region."""
    svg = draw([row("a", 0.4)], boxes(a=box))
    height = float(str(ElementTree.fromstring(svg).get("viewBox")).split()[3])
    whole_us = draw([row("a", 0.4)], boxes(a=box) | {"boundaries": "us_states"})
    assert (height == float(str(ElementTree.fromstring(whole_us).get("viewBox")).split()[3])) == is_over_states, place


def test_a_region_too_small_to_see_is_drawn_as_a_dot() -> None:
    layer = boxes(a=[-35.0, -20.0, 37.0, 52.0], islands=[-5.0, 55.0, -4.0, 56.0])
    svg = draw([row("a", 0.2), row("islands", 0.5)], layer)
    dots = {
        title.split(":")[0]: shape.find(f"{SVG}circle") is not None for title, shape in zip(titles(svg), shapes(svg), strict=True)
    }
    assert dots == {"a": False, "islands": True}


def test_bubbles_grow_in_area_with_speakers_and_hide_the_size_of_suppressed_clusters() -> None:
    points = {"many": [0.0, 0.0], "few": [1.0, 0.0], "hidden": [0.5, 1.0], "hidden too": [0.2, 0.9]}
    hidden = row("hidden", 0, suppressed="small") | {"n_speakers": 900}
    rows = [row("many", 0.3, n_speakers=400), row("few", 0.2, n_speakers=100), hidden, row("hidden too", 0, suppressed="small")]
    svg = draw(rows, {"kind": "projection", "points": points, "axes": ["first axis", "second axis"]})
    size = {}
    for title, shape in zip(titles(svg), shapes(svg), strict=True):
        steps = re.findall(r"-?\d*\.?\d+", str(shape[1].get("d")).split("l")[1])
        xs = [0.0]
        for step in steps[::2]:
            xs.append(xs[-1] + float(step))
        size[title.split(":")[0]] = max(xs) - min(xs)
    assert size["many"] / size["few"] == pytest.approx(2, rel=0.05)
    assert size["hidden"] == pytest.approx(size["hidden too"], rel=0.05)
    assert {"first axis →", "second axis →"} <= visible_words(svg)


def test_one_cluster_alone_can_be_drawn() -> None:
    svg = draw([row("only", 0.2)], {"kind": "projection", "points": {"only": [3.0, 4.0]}, "axes": ["a", "b"]})
    assert len(shapes(svg)) == 1


def test_an_undefined_overall_rate_still_gives_a_map() -> None:
    svg = draw([row("a", 0.4)], boxes(a=NIGERIA), overall=float("nan"))
    assert "nan" not in svg.lower()
    assert "undefined" in visible_words(svg)


@pytest.mark.parametrize("open_end", [None, float("inf")])
def test_boxes_with_open_ends_are_shown_around_their_cuts(open_end: float | None) -> None:
    """Two halves of the world that meet at 9 east, with a cut at 8 north: the map is of West Africa, not of the world."""
    low = None if open_end is None else -open_end
    layer = boxes(west=[low, low, open_end, 9.0], north=[8.0, 9.0, open_end, open_end], south=[low, 9.0, 8.0, open_end])
    svg = draw([row("west", 0.4), row("north", 0.1), row("south", 0.2)], layer)
    assert len(shapes(svg)) == 3
    assert len(svg) < 40_000


def test_colour_steps_are_ordered_in_darkness_on_both_sides() -> None:
    """Relative luminance by WCAG 2: falls from the middle to both ends, about equally, so neither side looks worse in grey."""
    from fairasr.report.maps.scale import STEPS, Scale

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    up = [luminance(Scale.colour_of_step(step)) for step in range(STEPS + 1)]
    down = [luminance(Scale.colour_of_step(-step)) for step in range(STEPS + 1)]
    assert all(first > second for side in (up, down) for first, second in pairwise(side))
    assert up == pytest.approx(down, abs=0.1)


def test_the_scale_is_symmetric_in_the_ratio_to_the_overall_rate() -> None:
    from fairasr.report.maps.scale import STEPS, scale_of

    scale = scale_of([0.1, 0.4], overall=0.2)
    assert scale.end == 2.0
    assert (scale.step(0.2), scale.step(0.4), scale.step(0.1), scale.step(0.0), scale.step(9.0)) == (
        0,
        STEPS,
        -STEPS,
        -STEPS,
        STEPS,
    )
    assert [scale.step(0.2 * 1.3**i) for i in (-1, 0, 1)] == [-scale.step(0.26), 0, scale.step(0.26)]
    assert scale_of([0.2, 0.21], overall=0.2).end == 1.25
    assert scale_of([0.0, 0.21], overall=0.2).is_clipped
    assert not scale.is_clipped
