"""The trade-off curve: the target cohorts against everyone, one line per method over its strengths. Numbers in, SVG out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from fairasr.report.curve_points import BASE, Point, points_of

N_COLOURS = 8
N_TICKS = 5
LETTER_WIDTH = 0.56
"""Mean width of a letter of a system font, as a share of its size."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """One setting of the drawing, CSS pixels: for wide pages, and for a phone."""

    class_: str
    width: float
    height: float
    left: float
    right: float


WIDE = Size(class_="wide-only", width=760, height=460, left=56, right=150)
NARROW = Size(class_="narrow-only", width=340, height=400, left=54, right=16)
TOP, BOTTOM, FONT = 16, 46, 12.0


def curve_svg(curve: pd.DataFrame, *, across: str, names: dict[str, str], rate_name: str) -> str:
    """Worst against `across`, twice: one drawing for wide pages and one for narrow ones. "" where nothing was measured.

    Means over seeds are joined along the strengths, single seeds are faint; the base is a cross, the chosen settings are ringed.

    Args:
        curve: columns `CURVE_COLUMNS`.
        across: column of the horizontal axis: "overall" or "forgetting".
        names: column -> what it is called on an axis.
        rate_name: "WER" or "CER".
    """
    points = points_of(curve, across=across)
    if not any(point.method != BASE for point in points):
        return ""
    words = f"{rate_name} of {names['worst']} against {names[across]}, by method and strength. The table below holds the numbers."
    return "".join(
        _Plot(size, points, axes=(f"{rate_name}, {names[across]} (%)", f"{rate_name}, {names['worst']} (%)")).svg(words)
        for size in (WIDE, NARROW)
    )


class _Plot:
    """One drawing of the points."""

    def __init__(self, size: Size, points: Sequence[Point], *, axes: tuple[str, str]) -> None:
        self.size, self.points, self.axes = size, points, axes
        self.x_ticks = _ticks([x for point in points for x in point.seeds_x])
        self.y_ticks = _ticks([y for point in points for y in point.seeds_y])
        methods = list(dict.fromkeys(point.method for point in points if point.method != BASE))
        self.colours = {method: f"series-{position % N_COLOURS + 1}" for position, method in enumerate(methods)}

    def x(self, rate: float) -> float:
        low, high = self.x_ticks[0], self.x_ticks[-1]
        return self.size.left + (self.size.width - self.size.left - self.size.right) * (rate - low) / (high - low)

    def y(self, rate: float) -> float:
        low, high = self.y_ticks[0], self.y_ticks[-1]
        return self.size.height - BOTTOM - (self.size.height - TOP - BOTTOM) * (rate - low) / (high - low)

    def svg(self, words: str) -> str:
        body = self._grid() + "".join(self._method(method) for method in self.colours) + self._base() + self._labels()
        size = f'viewBox="0 0 {self.size.width:g} {self.size.height:g}"'
        return f'<svg class="curve {self.size.class_}" {size} role="img" aria-label="{escape(words)}">{body}</svg>'

    def _grid(self) -> str:
        right, floor = self.size.width - self.size.right, self.size.height - BOTTOM
        parts = []
        for tick in self.x_ticks:
            parts.append(f'<line class="grid" x1="{self.x(tick):.1f}" x2="{self.x(tick):.1f}" y1="{TOP}" y2="{floor:g}"/>')
            parts.append(f'<text x="{self.x(tick):.1f}" y="{floor + 16:g}" text-anchor="middle">{_tick(tick, self.x_ticks)}</text>')
        for tick in self.y_ticks:
            parts.append(
                f'<line class="grid" x1="{self.size.left:g}" x2="{right:g}" y1="{self.y(tick):.1f}" y2="{self.y(tick):.1f}"/>'
            )
            parts.append(
                f'<text x="{self.size.left - 6:g}" y="{self.y(tick) + 4:.1f}" text-anchor="end">{_tick(tick, self.y_ticks)}</text>'
            )
        middle = (self.size.left + right) / 2
        parts.append(f'<text x="{middle:g}" y="{self.size.height - 8:g}" text-anchor="middle">{escape(self.axes[0])} →</text>')
        turned = f'transform="translate(12 {(TOP + floor) / 2:g}) rotate(-90)"'
        parts.append(f'<text {turned} text-anchor="middle">{escape(self.axes[1])} →</text>')
        return "".join(parts)

    def _method(self, method: str) -> str:
        points = [point for point in self.points if point.method == method]
        parts = [
            f'<circle class="seed" cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="2.5"/>'
            for point in points
            if len(point.seeds_x) > 1
            for x, y in zip(point.seeds_x, point.seeds_y, strict=True)
        ]
        line = " ".join(f"{self.x(point.x):.1f},{self.y(point.y):.1f}" for point in points)
        parts.append(f'<polyline class="path" points="{line}"/>' if len(points) > 1 else "")
        for point in points:
            title = f"<title>{escape(point.words)}</title>"
            parts.append(f'<circle class="mean" cx="{self.x(point.x):.1f}" cy="{self.y(point.y):.1f}" r="4">{title}</circle>')
            if point.is_chosen:
                parts.append(f'<circle class="chosen" cx="{self.x(point.x):.1f}" cy="{self.y(point.y):.1f}" r="8"/>')
        return f'<g class="{self.colours[method]}">{"".join(parts)}</g>'

    def _base(self) -> str:
        return "".join(
            f'<path class="base" d="M{self.x(point.x) - 6:.1f} {self.y(point.y) - 6:.1f}l12 12m0 -12l-12 12"/>'
            for point in self.points
            if point.method == BASE
        )

    def _labels(self) -> str:
        """A name beside the chosen (or last) point of every method and the base, moved apart where they would overlap."""
        wanted = []
        for method in (BASE, *self.colours):
            points = [point for point in self.points if point.method == method]
            if points:
                labelled = next((point for point in points if point.is_chosen), points[-1])
                wanted.append((self.y(labelled.y), self.x(labelled.x), method))
        parts: list[str] = []
        taken: list[tuple[float, float, float]] = []
        for y, x, method in sorted(wanted):
            width = LETTER_WIDTH * FONT * len(method)
            is_right = x + 11 + width <= self.size.width - 2
            start = x + 11 if is_right else x - 11 - width
            start = min(max(start, 2.0), self.size.width - width - 2)
            height = next(
                place
                for shift in range(40)
                for place in (y + shift * 7, y - shift * 7)
                if TOP <= place <= self.size.height - BOTTOM - 4
                and not any(abs(place - other) < FONT + 1 and start < end and begin < start + width for other, begin, end in taken)
            )
            taken.append((height, start, start + width))
            colour = self.colours.get(method, "base-name")
            parts.append(f'<text class="name {colour}" x="{start:.1f}" y="{height + 4:.1f}">{escape(method)}</text>')
        return "".join(parts)


def _ticks(rates: Sequence[float]) -> list[float]:
    """Round ticks that hold all rates with a little room."""
    low, high = min(rates), max(rates)
    room = 0.06 * (high - low) or 0.05 * high or 0.01
    low, high = max(low - room, 0.0), high + room
    power = 10.0 ** math.floor(math.log10((high - low) / N_TICKS))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor * N_TICKS >= high - low)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(tick) for tick in np.arange(first, last + 1) * step]


def _tick(tick: float, ticks: Sequence[float]) -> str:
    step = 100 * (ticks[1] - ticks[0])
    return f"{100 * tick:.0f}" if step >= 1 and step == round(step) else f"{100 * tick:.1f}" if step >= 0.1 else f"{100 * tick:.2f}"
