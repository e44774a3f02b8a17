"""Detection error trade-off by group: strangers accepted against speakers rejected, on normal-deviate axes, as SVG with its key."""

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

EVERYONE = "all trials"

TOP, BOTTOM, LEFT = 14.0, 44.0, 52.0


@dataclass(frozen=True, kw_only=True)
class Size:
    """One setting of the drawing, CSS pixels: for wide pages, and for a phone."""

    class_: str
    width: float
    height: float
    right: float


WIDE = Size(class_="wide-only", width=484, height=460, right=14)
NARROW = Size(class_="narrow-only", width=340, height=340, right=12)


def det_svg(det: Mapping[str, Sequence[tuple[float, float]]], *, names: Mapping[str, str]) -> str:
    """One line a group, everyone ("") heavy and dashed, on both sizes of page, then what each line is; "" without a point.

    The key is text of the page, not of the drawing: a name of any length is broken into lines.

    Args:
        det: group -> points (far, frr).
        names: group -> what it is called.
    """
    lines = {label: [point for point in points if _is_inside(point)] for label, points in det.items()}
    lines = {label: points for label, points in lines.items() if points}
    if not lines:
        return ""
    styles = {label: f"series-{i % N_COLOURS + 1}" for i, label in enumerate(label for label in lines if label)}
    styles |= {"": "det-all"} if "" in lines else {}
    return "".join(_drawing(size, lines, styles) for size in (WIDE, NARROW)) + _key(styles, names)


def is_drawable(points: Sequence[tuple[float, float]]) -> bool:
    """Whether a curve has a point within the axes; that of a verifier that hardly errs may have none."""
    return any(_is_inside(point) for point in points)


def _is_inside(point: tuple[float, float]) -> bool:
    return all(LEAST <= rate <= MOST for rate in point)


def _drawing(size: Size, lines: Mapping[str, Sequence[tuple[float, float]]], styles: Mapping[str, str]) -> str:
    words = "Strangers accepted against speakers rejected, by group. Lines nearer the lower left corner are better."
    body = _grid(size) + "".join(_line(size, lines[label], class_) for label, class_ in styles.items())
    return (
        f'<svg class="curve det {size.class_}" viewBox="0 0 {size.width:g} {size.height:g}" role="img" '
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


def _key(styles: Mapping[str, str], names: Mapping[str, str]) -> str:
    """What each line is: beside the drawing where there is room, below it on a phone."""
    swatch = '<svg viewBox="0 0 24 8" aria-hidden="true"><line class="path" x1="0" x2="24" y1="4" y2="4"/></svg>'
    entries = "".join(
        f'<li class="{class_}">{swatch}<span class="name" dir="auto">{escape(name)}</span></li>'
        for label, class_ in styles.items()
        for name in [clipped(names.get(label, label)) if label else EVERYONE]
    )
    return f'<ul class="det key">{entries}</ul>'
