"""One quantity of several runs over their steps. Numbers in, SVG out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np

from fairasr.dashboard.history import Point

N_COLOURS = 8
N_TICKS = 5
MOST_FAINT_POINTS = 80
SMALLEST_SPAN = 1e-30
LETTER_WIDTH = 0.56
"""Mean width of a letter of a system font, as a share of its size."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One run in the drawing.

    Attributes:
        points: (step, value) in the order of steps.
        number: what stands at its end and in the table; 0 for a faint line without a name.
        name: what stands beside the number where there is room.
        is_selected: whether it is drawn heavy, above the others.
    """

    points: tuple[Point, ...]
    number: int = 0
    name: str = ""
    is_selected: bool = False


@dataclass(frozen=True, kw_only=True)
class Size:
    """One setting of the drawing, CSS pixels, and what stands at the ends of its lines."""

    class_: str
    width: float
    height: float
    left: float
    right: float
    ends: Literal["names", "numbers", "nothing"]


WIDE = Size(class_="wide-only", width=760, height=320, left=60, right=205, ends="names")
NARROW = Size(class_="narrow-only", width=340, height=260, left=52, right=30, ends="numbers")
ALONE = Size(class_="alone", width=380, height=220, left=56, right=14, ends="nothing")
TOP, BOTTOM, FONT = 14, 44, 12.0


def history_svg(lines: Sequence[Line], *, words: str, n_steps: int) -> str:
    """The lines, twice: one drawing for wide pages, with names at the lines' ends, and one for narrow ones, with numbers.

    "" where no line has a point. The first 8 named lines have a colour each, further ones the same colours dashed. The axis holds
    the named lines; faint ones are cut off where they leave it.

    Args:
        lines: of every run; a line of one point is a dot.
        words: what is drawn, for screen readers.
        n_steps: at least where the horizontal axis ends.
    """
    if not any(line.points for line in lines):
        return ""
    return "".join(_Plot(size, lines, n_steps=n_steps).svg(words) for size in (WIDE, NARROW))


def run_svg(points: tuple[Point, ...], *, words: str, n_steps: int) -> str:
    """One quantity of one run, small enough for several beside each other and for a phone; "" without a point."""
    return _Plot(ALONE, [Line(points=points, number=1)], n_steps=n_steps).svg(words) if points else ""


class _Plot:
    """One drawing of the lines."""

    def __init__(self, size: Size, lines: Sequence[Line], *, n_steps: int) -> None:
        self.size = size
        self.lines = sorted((line for line in lines if line.points), key=lambda line: (line.is_selected, line.number > 0))
        named = [line for line in self.lines if line.number] or self.lines
        values = [value for line in named for _, value in line.points]
        self.ticks = ticks(min(0.0, *values), max(0.0, *values))
        self.end = max(n_steps, 1, *(line.points[-1][0] for line in self.lines))

    def x(self, step: float) -> float:
        return self.size.left + (self.size.width - self.size.left - self.size.right) * step / self.end

    def y(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return self.size.height - BOTTOM - (self.size.height - TOP - BOTTOM) * (value - low) / (high - low)

    def tick(self, value: float) -> str:
        """A tick's number, with as many decimals as its neighbours need."""
        step = self.ticks[1] - self.ticks[0]
        places = next((places for places in range(5) if abs(round(step, places) - step) < 1e-6 * step), None)
        if places is None or abs(self.ticks[-1]) >= 1e6:
            return in_words(value)
        return f"{value:,.{places}f}".replace("-", "\N{MINUS SIGN}")

    def svg(self, words: str) -> str:
        faint = "".join(self._line(line) for line in self.lines if not line.number)
        named = "".join(self._line(line) for line in self.lines if line.number)
        body = self._grid() + self._cut(faint) + named + ("" if self.size.ends == "nothing" else self._names())
        size = f'viewBox="0 0 {self.size.width:g} {self.size.height:g}"'
        return f'<svg class="curve history {self.size.class_}" {size} role="img" aria-label="{escape(words)}">{body}</svg>'

    def _grid(self) -> str:
        right, floor = self.size.width - self.size.right, self.size.height - BOTTOM
        parts = []
        for tick in self.ticks:
            y = self.y(tick)
            parts.append(f'<line class="grid" x1="{self.size.left:g}" x2="{right:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text x="{self.size.left - 6:g}" y="{y + 4:.1f}" text-anchor="end">{self.tick(tick)}</text>')
        for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
            step = round(share * self.end)
            parts.append(f'<text x="{self.x(step):.1f}" y="{floor + 16:g}" text-anchor="{anchor}">{step:,}</text>')
        middle = (self.size.left + right) / 2
        parts.append(f'<text x="{middle:g}" y="{self.size.height - 8:g}" text-anchor="middle">step →</text>')
        return "".join(parts)

    def _cut(self, lines: str) -> str:
        """Lines cut off where they leave the plot: an SVG within an SVG shows nothing outside itself."""
        if not lines:
            return ""
        width, height = self.size.width - self.size.left - self.size.right, self.size.height - TOP - BOTTOM
        place = f'x="{self.size.left:g}" y="{TOP}" width="{width:g}" height="{height:g}"'
        return f'<svg {place} viewBox="{self.size.left:g} {TOP} {width:g} {height:g}">{lines}</svg>'

    def _line(self, line: Line) -> str:
        points = line.points if line.number else _thinned(line.points)
        class_ = _class(line)
        if len(points) == 1:
            (step, value) = points[0]
            return f'<circle class="mean {class_}" cx="{self.x(step):.1f}" cy="{self.y(value):.1f}" r="3"/>'
        places = " ".join(f"{self.x(step):.1f},{self.y(value):.1f}" for step, value in points)
        return f'<polyline class="path {class_}" points="{places}"/>'

    def _names(self) -> str:
        """A number, and where there is room a name, at the end of every named line, moved apart where they would overlap."""
        named = sorted((line for line in self.lines if line.number), key=lambda line: -line.points[-1][1])
        heights = apart([self.y(line.points[-1][1]) for line in named], low=TOP, high=self.size.height - BOTTOM, least=FONT + 2)
        has_names, room = self.size.ends == "names", int((self.size.right - 22) / (LETTER_WIDTH * FONT))
        parts = []
        for line, height in zip(named, heights, strict=True):
            text = f"{line.number} {line.name}" if has_names else str(line.number)
            short = text if len(text) <= room or not has_names else f"{text[: room - 1].rstrip()}…"
            step, value = line.points[-1]
            start, end = self.x(step) + 2, self.size.width - self.size.right
            parts.append(
                f'<path class="leader {_class(line)}" d="M{start:.1f} {self.y(value):.1f}L{max(start, end) + 8:.1f} {height:.1f}"/>'
                f'<text class="name {_class(line)}" x="{end + 12:.1f}" y="{height + 4:.1f}">{escape(short)}</text>'
            )
        return "".join(parts)


def _class(line: Line) -> str:
    if not line.number:
        return "faint"
    dashed = " dashed" if line.number > N_COLOURS else ""
    return f"series-{(line.number - 1) % N_COLOURS + 1}{dashed}{' selected' if line.is_selected else ''}"


def _thinned(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Few enough points for a line that is only there to show where most lie; the first and the last stay."""
    if len(points) <= MOST_FAINT_POINTS:
        return points
    kept = np.linspace(0, len(points) - 1, MOST_FAINT_POINTS).round().astype(int)
    return tuple(points[position] for position in kept)


def apart(heights: Sequence[float], *, low: float, high: float, least: float) -> list[float]:
    """Heights in rising order moved as little as need be to lie `least` apart, within `low` and `high` where there is room."""
    moved: list[float] = []
    for height in heights:
        moved.append(max(height, moved[-1] + least) if moved else max(height, low))
    limit = max(high, low + least * (len(moved) - 1))
    for position in reversed(range(len(moved))):
        moved[position] = min(moved[position], limit)
        limit = moved[position] - least
    return moved


def ticks(low: float, high: float) -> list[float]:
    """Round ticks that hold both; at least two."""
    if high - low < SMALLEST_SPAN:
        high = low + 1.0
    power = 10.0 ** math.floor(math.log10((high - low) / N_TICKS))
    wanted = (high - low) * (1 - 1e-9)
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10, 20) if power * factor * N_TICKS >= wanted)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(tick) for tick in np.arange(first, max(last, first + 1) + 1) * step]


def in_words(value: float) -> str:
    """A number of four figures at most, with a true minus."""
    text = f"{value:,.0f}" if abs(value) >= 1000 and abs(value) < 1e7 else f"{value:.4g}"
    return "0" if value == 0 else text.replace("-", "\N{MINUS SIGN}")
