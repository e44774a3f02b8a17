import math
import re

import pytest

from fairasr.core import UNDEFINED, Estimate
from fairasr.report.drawings import MARGIN_PX, PLOT_WIDTH_PX, Axis, axis_drawing, axis_of, interval_drawing, split_drawing


def rate(value: float, lo: float, hi: float) -> Estimate:
    return Estimate(value=value, lo=lo, hi=hi)


@pytest.mark.parametrize(("largest", "end"), [(0.29, 0.3), (0.3, 0.3), (0.07, 0.08), (1.7, 2.0), (0.0031, 0.004)])
def test_an_axis_ends_at_the_first_round_tick_past_the_largest_rate(largest: float, end: float) -> None:
    assert axis_of([rate(largest, largest, largest)]).end == pytest.approx(end)


def test_one_wild_interval_does_not_flatten_the_others_and_is_drawn_as_going_on() -> None:
    estimates = [rate(0.1, 0.08, 0.12), rate(0.1, 0.0, 5.0)]
    axis = axis_of(estimates)
    assert axis.end <= 0.2
    assert 'class="beyond"' in interval_drawing(estimates[1], overall=0.1, axis=axis)
    assert 'class="beyond"' not in interval_drawing(estimates[0], overall=0.1, axis=axis)


def test_the_dot_the_interval_and_the_overall_line_stand_where_the_numbers_say() -> None:
    axis = Axis(end=0.4, step=0.1)
    inner = PLOT_WIDTH_PX - 2 * MARGIN_PX
    svg = interval_drawing(rate(0.2, 0.1, 0.4), overall=0.3, axis=axis)
    assert f'cx="{MARGIN_PX + inner / 2:.1f}"' in svg
    assert f'x1="{MARGIN_PX + inner / 4:.1f}" x2="{MARGIN_PX + inner:.1f}"' in svg
    assert f'class="overall" x1="{MARGIN_PX + 0.75 * inner:.1f}"' in svg


def test_nothing_is_drawn_of_what_is_not_known() -> None:
    axis = axis_of([UNDEFINED])
    assert axis.end == 1.0
    assert interval_drawing(UNDEFINED, overall=0.1, axis=axis) == ""
    assert split_drawing((0.1, math.nan, 0.1), longest=0.2) == ""
    assert split_drawing((0.0, 0.0, 0.0), longest=0.0) == ""


def test_no_interval_is_drawn_where_there_is_none() -> None:
    svg = interval_drawing(rate(0.2, math.nan, math.nan), overall=math.nan, axis=Axis(end=0.4, step=0.1))
    assert 'class="interval"' not in svg
    assert 'class="overall"' not in svg
    assert 'class="rate"' in svg


def test_the_parts_of_a_split_add_up_to_its_share_of_the_longest() -> None:
    widths = [float(w) for w in re.findall(r'<rect[^>]* width="([\d.]+)"', split_drawing((0.06, 0.03, 0.01), longest=0.2))]
    assert widths == pytest.approx([96 * 0.3, 96 * 0.15, 96 * 0.05], abs=0.06)


def test_axis_ticks_are_percent() -> None:
    assert re.findall(r">([\d.]+)</text>", axis_drawing(Axis(end=0.3, step=0.1))) == ["0", "10", "20", "30"]
