"""A relative change with its interval on an axis around "no change", for table cells. Numbers in, SVG out.

It repeats numbers that stand beside it, so it is hidden from screen readers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from fairasr.core import Estimate
from fairasr.report.drawings import MARGIN_PX, PLOT_HEIGHT_PX, PLOT_WIDTH_PX, axis_of, drawing
from fairasr.report.numbers import MINUS


@dataclass(frozen=True, kw_only=True)
class ChangeAxis:
    """Relative changes from -`end` to `end` over the width of a plot; `margin` is the loss that is tolerated (fractions)."""

    end: float
    margin: float

    def x_px(self, change: float) -> float:
        """Position of a change, held inside the plot."""
        return MARGIN_PX + (PLOT_WIDTH_PX - 2 * MARGIN_PX) * min(max((change + self.end) / (2 * self.end), 0.0), 1.0)


def change_axis(changes: list[Estimate], *, margin: float) -> ChangeAxis:
    """The axis, alike to both sides, that shows all of these and the margin; long intervals go on beyond it."""
    sizes = []
    for change in changes:
        ends = [abs(end) for end in (change.lo, change.hi) if math.isfinite(end)]
        value = abs(change.value)
        sizes.append(Estimate(value=value, lo=0.0, hi=max(ends, default=value)))
    wanted = axis_of([*sizes, Estimate(value=margin, lo=math.nan, hi=math.nan)])
    return ChangeAxis(end=wanted.end, margin=margin)


def change_axis_drawing(axis: ChangeAxis) -> str:
    """The axis with its ticks in percent and the words for its sides, to stand in a column's heading."""
    marks = []
    for share, anchor in ((-1.0, "start"), (-0.5, "middle"), (0.0, "middle"), (0.5, "middle"), (1.0, "end")):
        x = axis.x_px(share * axis.end)
        edge = x - 3 if anchor == "start" else x + 5 if anchor == "end" else x
        tick = f"{100 * share * axis.end:+g}".replace("-", MINUS) if share else "0"
        marks.append(f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="27" y2="31"/>')
        marks.append(f'<text x="{edge:.1f}" y="24" text-anchor="{anchor}">{tick}</text>')
    sides = (
        f'<text x="{axis.x_px(-axis.end) - 3:.1f}" y="10" text-anchor="start">fewer errors</text>'
        f'<text x="{axis.x_px(axis.end) + 5:.1f}" y="10" text-anchor="end">more errors</text>'
    )
    line = f'<line class="tick" x1="{axis.x_px(-axis.end):.1f}" x2="{axis.x_px(axis.end):.1f}" y1="31" y2="31"/>'
    return drawing("axis", PLOT_WIDTH_PX, 32, sides + line + "".join(marks))


def change_drawing(change: Estimate, *, axis: ChangeAxis, mark: str) -> str:
    """A mark at the change, a line over its interval, a dashed line at no change and the margin shaded; "" where there is none.

    Args:
        change: relative change with its interval.
        axis: as in the heading.
        mark: "harmed" is a triangle, everything else a dot, so that colour is not all that tells.
    """
    if not math.isfinite(change.value):
        return ""
    middle = PLOT_HEIGHT_PX / 2
    nothing, margin = axis.x_px(0.0), axis.x_px(axis.margin)
    parts = [
        f'<rect class="margin" x="{nothing:.1f}" y="0" width="{margin - nothing:.1f}" height="{PLOT_HEIGHT_PX}"/>',
        f'<line class="overall" x1="{nothing:.1f}" x2="{nothing:.1f}" y1="0" y2="{PLOT_HEIGHT_PX}"/>',
    ]
    if math.isfinite(change.lo) and math.isfinite(change.hi):
        low, high = axis.x_px(change.lo), axis.x_px(change.hi)
        parts.append(f'<line class="interval" x1="{low:.1f}" x2="{high:.1f}" y1="{middle:g}" y2="{middle:g}"/>')
        if change.hi > axis.end:
            parts.append(f'<path class="beyond" d="M{high:.1f} {middle - 5:g}l6 5l-6 5z"/>')
        if change.lo < -axis.end:
            parts.append(f'<path class="beyond" d="M{low:.1f} {middle - 5:g}l-6 5l6 5z"/>')
    x = axis.x_px(change.value)
    if mark == "harmed":
        parts.append(f'<path class="rate harmed" d="M{x:.1f} {middle - 6:g}l6 11h-12z"/>')
    else:
        parts.append(f'<circle class="rate" cx="{x:.1f}" cy="{middle:g}" r="4"/>')
    return drawing("forest", PLOT_WIDTH_PX, PLOT_HEIGHT_PX, "".join(parts))
