"""The drawing of histories: where lines lie, what is named, what is cut off."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from fairasr.dashboard.history_drawing import Line, apart, history_svg, in_words, run_svg, ticks

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '"><script>alert(1)</script>&'


def parts(svg: str) -> list[ElementTree.Element]:
    """The drawing for wide pages and the one for narrow ones."""
    return list(ElementTree.fromstring(f"<both>{svg}</both>"))


def places(element: ElementTree.Element) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in element.attrib["points"].split())]


def lines(drawing: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in drawing.iter("polyline") if name in element.attrib["class"].split()]


def test_a_line_lies_where_its_numbers_say() -> None:
    """Ticks of 0 to 4 are 0, 1, 2, 3, 4; the plot is 760 x 320 with 60, 205, 14 and 44 around it."""
    wide, narrow = parts(history_svg([Line(points=((0, 0.0), (50, 2.0), (100, 4.0)), number=1)], words="Loss", n_steps=0))
    assert places(lines(wide, "series-1")[0]) == [(60.0, 276.0), (307.5, 145.0), (555.0, 14.0)]
    assert places(lines(narrow, "series-1")[0]) == [(52.0, 216.0), (181.0, 115.0), (310.0, 14.0)]


def test_the_axis_goes_to_all_steps_that_are_to_be_made() -> None:
    wide, _ = parts(history_svg([Line(points=((0, 0.0), (100, 4.0)), number=1)], words="Loss", n_steps=200))
    assert places(lines(wide, "series-1")[0])[-1] == (307.5, 14.0)


def test_one_step_is_a_dot() -> None:
    wide, _ = parts(history_svg([Line(points=((5, 1.0),), number=1, name="ewc 1, seed 0")], words="Loss", n_steps=10))
    assert [dot.attrib["cx"] for dot in wide.iter("circle")] == ["307.5"]
    assert list(wide.iter("polyline")) == []


def test_no_numbers_is_no_drawing() -> None:
    assert history_svg([Line(points=(), number=1)], words="Loss", n_steps=10) == ""
    assert history_svg([], words="Loss", n_steps=10) == ""
    assert run_svg((), words="Loss", n_steps=10) == ""


def test_named_lines_set_the_axis_and_faint_ones_are_cut_off_at_it() -> None:
    drawn = history_svg(
        [Line(points=((0, 0.0), (9, 4.0)), number=1), Line(points=((0, 0.0), (9, 900.0)))], words="Penalty", n_steps=0
    )
    wide, _ = parts(drawn)
    assert places(lines(wide, "series-1")[0])[-1][1] == 14.0
    cut = next(element for element in wide.iter("svg") if element is not wide)
    assert len(list(cut.iter("polyline"))) == 1
    assert (cut.attrib["y"], cut.attrib["height"]) == ("14", "262")
    assert places(lines(wide, "faint")[0])[-1][1] < 0


def test_nine_lines_have_nine_looks() -> None:
    many = [Line(points=((0, 1.0), (9, float(number))), number=number, name=f"run {number}") for number in range(1, 13)]
    for drawing in parts(history_svg(many, words="Loss", n_steps=9)):
        looks = [tuple(sorted(element.attrib["class"].split())) for element in drawing.iter("polyline")]
        assert len(looks) == len(set(looks)) == 12


def test_names_at_the_ends_do_not_overlap_and_stay_inside() -> None:
    many = [Line(points=((0, 1.0), (9, 1.0 + number / 1e6)), number=number, name="x" * 60) for number in range(1, 13)]
    for drawing in parts(history_svg(many, words="Loss", n_steps=9)):
        names = [element for element in drawing.iter("text") if "name" in element.attrib.get("class", "").split()]
        heights = sorted(float(name.attrib["y"]) for name in names)
        assert len(names) == 12
        assert all(after - before >= 13 for before, after in pairwise(heights))
        width, height = (float(number) for number in drawing.attrib["viewBox"].split()[2:])
        assert heights[-1] < height
        assert all(float(name.attrib["x"]) + 0.56 * 12 * len(name.text or "") <= width for name in names)


def test_a_long_faint_line_has_few_points_and_keeps_its_ends() -> None:
    points = tuple((step, float(step % 7)) for step in range(480))
    wide, _ = parts(history_svg([Line(points=((0, 0.0), (479, 6.0)), number=1), Line(points=points)], words="Loss", n_steps=0))
    kept = places(lines(wide, "faint")[0])
    assert len(kept) == 80
    assert (kept[0][0], kept[-1][0]) == (60.0, 555.0)


def test_the_chosen_line_is_heavy_and_drawn_last() -> None:
    drawn = history_svg(
        [
            Line(points=((0, 1.0), (9, 2.0)), number=1, is_selected=True),
            Line(points=((0, 1.0), (9, 3.0)), number=2),
            Line(points=((0, 1.0), (9, 3.0))),
        ],
        words="Loss",
        n_steps=9,
    )
    wide, _ = parts(drawn)
    assert ["selected" in element.attrib["class"].split() for element in wide.iter("polyline")] == [False, False, True]


def test_names_and_words_are_escaped_and_there_is_no_style_within() -> None:
    svg = history_svg([Line(points=((0, 1.0), (9, 2.0)), number=1, name=HOSTILE)], words=HOSTILE, n_steps=9)
    parts(svg)
    assert "<script" not in svg
    assert "style=" not in svg
    assert re.findall(r' id="', svg) == []


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0.0, 4.0, [0, 1, 2, 3, 4]),
        (0.0, 0.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (-1.0, 1.0, [-1.0, -0.5, 0.0, 0.5, 1.0]),
        (0.0, 1e30, [0, 2e29, 4e29, 6e29, 8e29, 1e30]),
        (0.0, 1e-320, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
    ],
)
def test_ticks_are_round_and_hold_both_ends(low: float, high: float, wanted: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(wanted)


def test_heights_are_moved_apart_as_little_as_need_be() -> None:
    assert apart([10.0, 30.0], low=0, high=100, least=10) == [10.0, 30.0]
    assert apart([10.0, 12.0, 13.0], low=0, high=100, least=10) == [10.0, 20.0, 30.0]
    assert apart([98.0, 99.0], low=0, high=100, least=10) == [90.0, 100.0]
    assert apart([-5.0], low=0, high=100, least=10) == [0.0]


def test_numbers_are_short() -> None:
    assert [in_words(value) for value in (0, -0.5, 12345.6, 1.23456, 5e-05, 1e30)] == [
        "0", "−0.5", "12,346", "1.235", "5e−05", "1e+30",
    ]  # fmt: skip
