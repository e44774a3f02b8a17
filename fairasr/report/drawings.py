"""Small drawings inside table cells: a dot with its interval, and a bar split by kind of error. Numbers in, SVG out.

They repeat numbers that stand beside them, so they are hidden from screen readers. Colours come from the style sheet.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from fairasr.core import Estimate

PLOT_WIDTH_PX = 190
PLOT_HEIGHT_PX = 24
BAR_WIDTH_PX = 96
BAR_HEIGHT_PX = 10
MARGIN_PX = 8
N_TICKS = 4
WIDEST_OVER_LARGEST = 1.6
"""The axis ends at the longest interval, but at most at this times the largest rate, lest one interval flatten the rest."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Rates from 0 to `end` over the width of a plot, with ticks every `step` (fractions)."""

    end: float
    step: float

    def x_px(self, rate: float) -> float:
        """Position of a rate, held inside the plot."""
        return MARGIN_PX + (PLOT_WIDTH_PX - 2 * MARGIN_PX) * min(max(rate / self.end, 0.0), 1.0)


def axis_of(estimates: list[Estimate]) -> Axis:
    """The axis that shows all of these on round ticks; 0 to 100 % where none is known."""
    rates = [e.value for e in estimates if math.isfinite(e.value)]
    ends = [e.hi for e in estimates if math.isfinite(e.hi)]
    largest = max(rates, default=0.0)
    wanted = max(largest, min(max(ends, default=largest), WIDEST_OVER_LARGEST * largest))
    if wanted <= 0:
        return Axis(end=1.0, step=0.5)
    power = 10.0 ** math.floor(math.log10(wanted / N_TICKS))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor * N_TICKS >= wanted)
    return Axis(end=step * math.ceil(round(wanted / step, 9)), step=step)


def axis_drawing(axis: Axis, *, written: Callable[[float], str] = lambda rate: f"{100 * rate:g}") -> str:
    """The axis with its ticks, in percent unless `written` otherwise, to stand in a column's heading."""
    n_ticks = round(axis.end / axis.step)
    marks = []
    for tick in range(n_ticks + 1):
        x = axis.x_px(tick * axis.step)
        anchor = "start" if tick == 0 else "end" if tick == n_ticks else "middle"
        edge = x - 3 if tick == 0 else x + 5 if tick == n_ticks else x
        marks.append(f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="14" y2="18"/>')
        marks.append(f'<text x="{edge:.1f}" y="11" text-anchor="{anchor}">{written(tick * axis.step)}</text>')
    return drawing(
        "axis",
        PLOT_WIDTH_PX,
        19,
        f'<line class="tick" x1="{axis.x_px(0):.1f}" x2="{axis.x_px(axis.end):.1f}" y1="18" y2="18"/>' + "".join(marks),
    )


def interval_drawing(estimate: Estimate, *, overall: float, axis: Axis) -> str:
    """A dot at the rate, a line over its interval, a dashed line at the overall rate; "" where there is no rate."""
    if not math.isfinite(estimate.value):
        return ""
    middle = PLOT_HEIGHT_PX / 2
    parts = []
    if math.isfinite(overall):
        x = axis.x_px(overall)
        parts.append(f'<line class="overall" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{PLOT_HEIGHT_PX}"/>')
    if math.isfinite(estimate.lo) and math.isfinite(estimate.hi):
        low, high = axis.x_px(estimate.lo), axis.x_px(estimate.hi)
        parts.append(f'<line class="interval" x1="{low:.1f}" x2="{high:.1f}" y1="{middle:g}" y2="{middle:g}"/>')
        if estimate.hi > axis.end:
            parts.append(f'<path class="beyond" d="M{high:.1f} {middle - 5:g}l6 5l-6 5z"/>')
    parts.append(f'<circle class="rate" cx="{axis.x_px(estimate.value):.1f}" cy="{middle:g}" r="4"/>')
    return drawing("forest", PLOT_WIDTH_PX, PLOT_HEIGHT_PX, "".join(parts))


def split_drawing(rates: tuple[float, float, float], *, longest: float) -> str:
    """Substitutions, deletions and insertions as one bar; `longest` is the sum that fills it. "" where one is missing."""
    if not all(map(math.isfinite, rates)) or longest <= 0:
        return ""
    parts, start = [], 0.0
    for kind, rate in zip(("substitutions", "deletions", "insertions"), rates, strict=True):
        width = BAR_WIDTH_PX * rate / longest
        parts.append(f'<rect class="{kind}" x="{start:.1f}" y="0" width="{width:.1f}" height="{BAR_HEIGHT_PX}"/>')
        start += width
    return drawing("split", BAR_WIDTH_PX, BAR_HEIGHT_PX, "".join(parts))


def split_legend() -> str:
    """The colours of the kinds of error, to stand in a column's heading."""
    parts = []
    for position, (kind, letter) in enumerate((("substitutions", "S"), ("deletions", "D"), ("insertions", "I"))):
        x = 32 * position
        parts.append(f'<rect class="{kind}" x="{x}" y="2" width="{BAR_HEIGHT_PX}" height="{BAR_HEIGHT_PX}"/>')
        parts.append(f'<text x="{x + BAR_HEIGHT_PX + 3}" y="11">{letter}</text>')
    return drawing("axis", BAR_WIDTH_PX, 14, "".join(parts))


def drawing(name: str, width_px: float, height_px: float, content: str) -> str:
    """An SVG of a fixed size whose class is `name`, hidden from screen readers."""
    size = f'viewBox="0 0 {width_px:g} {height_px:g}" width="{width_px:g}" height="{height_px:g}"'
    return f'<svg class="{name}" {size} aria-hidden="true" focusable="false">{content}</svg>'
