"""Detection error trade-off by group: strangers accepted against speakers rejected, on normal-deviate axes, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import NormalDist

from fairasr.report.wording import clipped

N_COLOURS = 8
TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
LEAST, MOST = 0.0008, 0.6
"""Ends of both axes; curves are cut off there."""

TOP, BOTTOM, LEFT = 14.0, 44.0, 52.0


@dataclass(frozen=True, kw_only=True)
class Size:
    """One setting of the drawing, CSS pixels: for wide pages, and for a phone."""

    class_: str
    width: float
    height: float
    right: float


WIDE = Size(class_="wide-only", width=620, height=460, right=150)
NARROW = Size(class_="narrow-only", width=340, height=340, right=12)


def det_svg(det: Mapping[str, Sequence[tuple[float, float]]], *, names: Mapping[str, str]) -> str:
    """One line a group, everyone ("") heavy and dashed, on both sizes of page; "" without a point.

    Args:
        det: group -> points (far, frr).
        names: group -> what it is called.
    """
    lines = {label: [point for point in points if _is_inside(point)] for label, points in det.items()}
    lines = {label: points for label, points in lines.items() if points}
    if not lines:
        return ""
    return "".join(_drawing(size, lines, names) for size in (WIDE, NARROW))


def is_drawable(points: Sequence[tuple[float, float]]) -> bool:
    """Whether a curve has a point within the axes; that of a verifier that hardly errs may have none."""
    return any(_is_inside(point) for point in points)


def _is_inside(point: tuple[float, float]) -> bool:
    return all(LEAST <= rate <= MOST for rate in point)


def _drawing(size: Size, lines: Mapping[str, Sequence[tuple[float, float]]], names: Mapping[str, str]) -> str:
    words = "Strangers accepted against speakers rejected, by group. Lines nearer the lower left corner are better."
    groups = [label for label in lines if label]
    body = _grid(size) + "".join(_line(size, lines[label], f"series-{i % N_COLOURS + 1}") for i, label in enumerate(groups))
    if "" in lines:
        body += _line(size, lines[""], "det-all")
    body += _key(size, groups, names, has_all="" in lines)
    height = size.height + (0 if size is WIDE else 18 * (len(groups) + 1))
    return (
        f'<svg class="curve det {size.class_}" viewBox="0 0 {size.width:g} {height:g}" role="img" '
        f'aria-label="{escape(words)}">{body}</svg>'
    )


def _deviate(rate: float) -> float:
    return NormalDist().inv_cdf(rate)


def _x(size: Size, rate: float) -> float:
    low, high = _deviate(LEAST), _deviate(MOST)
    return LEFT + (size.width - LEFT - size.right) * (_deviate(rate) - low) / (high - low)


def _y(size: Size, rate: float) -> float:
    low, high = _deviate(LEAST), _deviate(MOST)
    return size.height - BOTTOM - (size.height - TOP - BOTTOM) * (_deviate(rate) - low) / (high - low)


def _grid(size: Size) -> str:
    right, floor = size.width - size.right, size.height - BOTTOM
    parts = []
    for position, tick in enumerate(TICKS):
        x, y, words = _x(size, tick), _y(size, tick), f"{100 * tick:g}"
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP:g}" y2="{floor:g}"/>')
        parts.append(f'<line class="grid" x1="{LEFT:g}" x2="{right:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
        if size is WIDE or position % 2 == 0:
            parts.append(f'<text x="{x:.1f}" y="{floor + 16:g}" text-anchor="middle">{words}</text>')
            parts.append(f'<text x="{LEFT - 6:g}" y="{y + 4:.1f}" text-anchor="end">{words}</text>')
    middle, half = (LEFT + right) / 2, (TOP + floor) / 2
    parts.append(f'<text x="{middle:g}" y="{floor + 36:g}" text-anchor="middle">Strangers accepted (%) →</text>')
    turned = f'transform="translate(12 {half:g}) rotate(-90)"'
    parts.append(f'<text {turned} text-anchor="middle">Speakers rejected (%) →</text>')
    x, y = _x(size, LEAST), _y(size, LEAST)
    parts.append(f'<line class="grid diagonal" x1="{x:.1f}" y1="{y:.1f}" x2="{_x(size, MOST):.1f}" y2="{_y(size, MOST):.1f}"/>')
    return "".join(parts)


def _line(size: Size, points: Sequence[tuple[float, float]], class_: str) -> str:
    drawn = " ".join(f"{_x(size, far):.1f},{_y(size, frr):.1f}" for far, frr in points)
    dot = "" if len(points) > 1 else f'<circle class="mean" cx="{drawn.split(",")[0]}" cy="{drawn.split(",")[1]}" r="4"/>'
    return f'<g class="{class_}"><polyline class="path" points="{drawn}"/>{dot}</g>'


def _key(size: Size, groups: Sequence[str], names: Mapping[str, str], *, has_all: bool) -> str:
    """What each line is: beside the drawing where there is room, below it on a phone."""
    left, top = (size.width - size.right + 14, TOP + 10) if size is WIDE else (LEFT, size.height + 6)
    entries = [(f"series-{i % N_COLOURS + 1}", names.get(label, label)) for i, label in enumerate(groups)]
    entries += [("det-all", "all trials")] if has_all else []
    longest = 18 if size is WIDE else 40
    parts = []
    for position, (class_, name) in enumerate(entries):
        y = top + 18 * position
        words = clipped(name) if len(name) <= longest else f"{name[: longest - 1]}…"
        parts.append(
            f'<g class="{class_}"><line class="path" x1="{left:g}" x2="{left + 18:g}" y1="{y - 4:g}" y2="{y - 4:g}"/>'
            f'<text class="name" x="{left + 24:g}" y="{y:g}">{escape(words)}</text></g>'
        )
    return "".join(parts)
