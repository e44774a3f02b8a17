"""What a map colours: rates as measured or shrunken, kinds of errors, differences; the words always hold the rate."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from map_reports import report_of, row

from fairasr.report.maps import MEASURES, map_svg
from fairasr.report.maps.scale import HIGHS, LOWS, MIDDLE, scale_of

SVG = "{http://www.w3.org/2000/svg}"
LAYER = {"kind": "boxes", "boxes": {"a": [4.0, 3.0, 13.0, 14.0], "b": [-4.0, 34.0, 4.0, 41.0], "c": [16.0, 0.0, 24.0, 8.0]}}


def rows() -> list[dict[str, object]]:
    """`a` has the highest rate and few deletions, `b` the lowest rate and all deletions; `c` may not be shown."""
    a = row("a", 0.4, half=0.3) | {"substitution_rate": 0.3, "deletion_rate": 0.025, "insertion_rate": 0.075}
    b = row("b", 0.12) | {"substitution_rate": 0.01, "deletion_rate": 0.1, "insertion_rate": 0.01}
    a |= {"difference_to_overall": 0.2, "difference_to_overall_lo": -0.01, "difference_to_overall_hi": 0.41}
    b |= {"difference_to_overall": -0.08, "difference_to_overall_lo": -0.1, "difference_to_overall_hi": -0.06}
    hidden = row("c", 0.5, suppressed="small") | {"deletion_rate": 0.777, "difference_to_overall": 0.777}
    return [a | {"rate_shrunken": 0.21}, b, hidden]


def draw(measure: str = "rate", **options: object) -> str:
    svg = map_svg(report_of(rows(), LAYER), title="Regions", min_speakers=10, measure=measure, **options)  # type: ignore[arg-type]
    assert svg is not None
    return svg


def shapes(svg: str) -> dict[str, ElementTree.Element]:
    groups = [group for group in ElementTree.fromstring(svg).iter(f"{SVG}g") if group.get("class") == "shape"]
    return {(group.findtext(f"{SVG}title") or "")[0]: group for group in groups}


def fill(svg: str, label: str) -> str:
    return str(shapes(svg)[label][1].get("fill"))


def words(svg: str) -> set[str]:
    return {text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")}


def test_raw_rates_are_coloured_where_they_are_asked_for() -> None:
    assert fill(draw(), "a") != fill(draw(shrunken=False), "a")


@pytest.mark.parametrize(
    ("measure", "overall", "highest", "lowest"),
    [("substitutions", 0.1, "a", "b"), ("deletions", 0.05, "b", "a"), ("insertions", 0.03, "a", "b")],
)
def test_kinds_of_errors_are_coloured_around_their_own_overall_rate(
    measure: str, overall: float, highest: str, lowest: str
) -> None:
    svg = draw(measure, overall=overall)
    assert fill(svg, highest) in HIGHS
    assert fill(svg, lowest) in LOWS
    assert {f"{100 * overall:.1f} %", f"{measure.capitalize()}, lower than overall"} <= words(svg)


def test_kinds_of_errors_have_no_interval_so_nothing_is_dashed_or_dotted() -> None:
    assert any(shape.get("stroke-dasharray") for shape in shapes(draw()).values())
    svg = draw("deletions", overall=0.05)
    assert not any(shape.get("stroke-dasharray") or len(shape) > 2 for shape in shapes(svg).values())
    assert not {"not clearly different", "wide interval"} & words(svg)
    assert "fewer than 10 speakers" in words(svg)


def test_the_words_hold_the_measure_and_the_rate_with_its_interval() -> None:
    titles = {label: shape.findtext(f"{SVG}title") for label, shape in shapes(draw("deletions", overall=0.05)).items()}
    assert titles["b"] == "b: deletions 10.0 %; WER 12.0 % (95 % interval 10.0 % to 14.0 %), 50 speakers."
    titles = {label: shape.findtext(f"{SVG}title") for label, shape in shapes(draw("gap")).items()}
    assert titles["b"] == (
        "b: difference to all speakers −8.0 points (95 % interval −10.0 points to −6.0 points); "
        "WER 12.0 % (95 % interval 10.0 % to 14.0 %), 50 speakers."
    )


def test_the_gap_is_coloured_in_equal_steps_of_points_around_none_and_pale_where_it_may_be_none() -> None:
    svg = draw("gap")
    assert {"−20 points", "0 points", "+20 points"} <= words(svg)
    assert shapes(svg)["a"].get("stroke-dasharray")
    assert not shapes(svg)["b"].get("stroke-dasharray")
    assert fill(svg, "b") == LOWS[1], "8 of 20 points: the second of four steps"


@pytest.mark.parametrize("measure", ["deletions", "gap"])
def test_no_number_of_a_suppressed_region_is_in_any_map(measure: str) -> None:
    svg = draw(measure, overall=0.05)
    assert "77.7" not in svg
    assert fill(svg, "c").startswith("url(#")


def test_the_summary_names_the_highest_and_lowest_of_the_measure() -> None:
    label = str(ElementTree.fromstring(draw("deletions", overall=0.05)).get("aria-label"))
    assert "Deletions overall 5.0 %, WER overall 20.0 %. Highest: b: deletions 10.0 %" in label
    assert "Lowest: a: deletions 2.5 %" in label


def test_there_is_no_map_of_a_measure_that_the_report_lacks() -> None:
    assert map_svg(report_of([row("a", 0.4)], LAYER), title="Regions", measure="gap") is None


def test_unknown_measures_and_kinds_of_errors_without_their_overall_rate_are_refused() -> None:
    with pytest.raises(ValueError, match=r"no measure 'cost'.*rate, substitutions, deletions, insertions, gap"):
        draw("cost")
    with pytest.raises(ValueError, match="deletions needs their rate over all speakers"):
        draw("deletions")
    assert list(MEASURES) == ["rate", "substitutions", "deletions", "insertions", "gap"]
    assert all(measure.words and measure.key == key for key, measure in MEASURES.items())


def test_a_linear_scale_has_equal_steps_and_holds_infinite_and_missing_values() -> None:
    scale = scale_of([0.04, float("nan")], overall=0.0, linear_unit="points")
    assert (scale.end, scale.is_clipped) == (0.05, False)
    steps = [scale.step(value) for value in (-0.05, -0.02, 0.0, 0.02, 0.05)]
    assert steps == [-4, -2, 0, 2, 4]
    clipped = scale_of([float("inf")], overall=0.0, linear_unit="%")
    assert (clipped.end, clipped.step(float("inf")), clipped.step(float("nan"))) == (1.0, 4, 0)
    assert (clipped.tick(-1), clipped.tick(0), clipped.tick(1)) == ("≤ −100 %", "0 %", "≥ +100 %")
    assert scale.colour(0.0, is_unclear=False) == MIDDLE


def test_no_map_has_style_attributes_and_the_style_element_can_be_left_out() -> None:
    assert "<style>" in draw()
    bare = draw(has_style=False, links={"a": "#a"}, selected="a")
    assert "<style" not in bare
    assert not re.search(r"\sstyle=", bare + draw())
