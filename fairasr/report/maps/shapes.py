"""Shapes of a map, their order, and the labels of the worst ones."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import shapely

from fairasr.report.maps.frames import WIDTH
from fairasr.report.maps.legend import Entry
from fairasr.report.maps.measures import CHANGE
from fairasr.report.maps.paths import path_of
from fairasr.report.maps.readings import Reading, Status
from fairasr.report.maps.scale import HIGHS, MIDDLE, PALE, Scale, mix
from fairasr.report.maps.svg import INK, LAND, MOST_FOCUSABLE, PAPER, element, fill_of, outline_of, short, text
from fairasr.report.maps.view import View

SMALLEST_SHAPE = 40.0
"""Square SVG units: a shape smaller than this is drawn as a dot that can be seen."""

DOT_RADIUS = 5.0
LETTER_WIDTH = 0.56
"""Mean width of a letter of a system font, as a share of its size."""

WIDE_SIZE, NARROW_SIZE = 18.0, 31.0


@dataclass(frozen=True)
class Outline:
    """Where something is on the page: polygons in SVG units, not empty. What is drawn of it is worked out once.

    Compared by identity: the outlines of a set of boxes are kept, whatever is coloured in them.
    """

    geometry: Any

    @cached_property
    def area(self) -> float:
        """In square SVG units."""
        return float(self.geometry.area)

    @cached_property
    def half_height(self) -> float:
        """Half of how tall it is, in SVG units."""
        _, top, _, bottom = self.geometry.bounds
        return float(bottom - top) / 2

    @cached_property
    def path(self) -> str:
        """The `d` of its SVG path."""
        return path_of(self.geometry)

    @cached_property
    def centre(self) -> tuple[float, float]:
        """A point inside its largest polygon."""
        parts = shapely.get_parts(self.geometry)
        point = shapely.point_on_surface(parts[shapely.area(parts).argmax()])
        return float(point.x), float(point.y)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One cohort on the map.

    Attributes:
        reading: what it says.
        outline: where it is.
    """

    reading: Reading
    outline: Outline

    @property
    def is_dot(self) -> bool:
        """Whether it is too small to be seen as it is."""
        return self.outline.area < SMALLEST_SHAPE

    @property
    def centre(self) -> tuple[float, float]:
        """Where its label goes."""
        return self.outline.centre


def draw_shapes(shapes: Iterable[Shape], *, scale: Scale, prefix: str, view: View) -> str:
    """All shapes: large ones first, then dots, those of the worst cohorts above the others, the selected one on top.

    One `g` with a title each, in an `a` where the view has a link for it.
    """
    ordered = sorted(shapes, key=lambda s: (_is_selected(s, view), s.is_dot, s.reading.is_worst, s.reading.is_bottom))
    focusable = 0 < len(ordered) <= MOST_FOCUSABLE
    return "".join(_draw(shape, scale=scale, prefix=prefix, focusable=focusable, view=view) for shape in ordered)


def _is_selected(shape: Shape, view: View) -> bool:
    return bool(view.selected) and shape.reading.label == view.selected


def _draw(shape: Shape, *, scale: Scale, prefix: str, focusable: bool, view: View) -> str:
    reading = shape.reading
    fills = [fill_of(reading, scale, prefix)]
    if reading.status is Status.SHOWN and reading.is_wide:
        fills.append(f"url(#{prefix}-dots)")
    body = element("title", _escaped(reading.words)) + _mark(shape, fill=fills[0])
    body += "".join(_mark(shape, fill=fill, stroke=None if shape.is_dot else "none") for fill in fills[1:])
    is_selected = _is_selected(shape, view)
    href = view.links.get(reading.label)
    is_named = focusable and href is None
    drawn = element(
        "g",
        body,
        class_="shape selected" if is_selected else "shape",
        role="img" if is_named else None,
        aria_label=reading.words if is_named else None,
        tabindex=0 if is_named else None,
        aria_current="true" if is_selected and href is None else None,
        **outline_of(reading),
    )
    if href is None:
        return drawn
    return element(
        "a",
        drawn,
        href=href,
        class_="shape-link",
        aria_label=reading.words,
        aria_current="true" if is_selected else None,
        tabindex=None if focusable else -1,
        data_cohort=reading.label,
    )


def _mark(shape: Shape, *, fill: str | None = None, stroke: str | None = None, stroke_width: float | None = None) -> str:
    """The shape, or the dot it is too small to be seen without."""
    if shape.is_dot:
        x, y = shape.centre
        return element("circle", cx=x, cy=y, r=DOT_RADIUS, fill=fill, stroke=stroke, stroke_width=stroke_width)
    return element("path", d=shape.outline.path, fill=fill, stroke=stroke, stroke_width=stroke_width)


def draw_selected(shapes: Iterable[Shape], *, view: View) -> str:
    """The double outline of the selected shape, ink over white: to be seen on every colour, and not by colour alone."""
    return "".join(
        element(
            "g",
            _mark(shape, stroke=PAPER, stroke_width=11) + _mark(shape, stroke=INK, stroke_width=5),
            class_="selection",
            fill="none",
            stroke_linejoin="round",
            pointer_events="none",
            aria_hidden="true",
        )
        for shape in shapes
        if _is_selected(shape, view)
    )


def _escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def draw_labels(shapes: Iterable[Shape], *, height: float, is_all: bool = False) -> str:
    """Labels of the worst cohorts, the worst first; one that would lie on another is left out, or only shown on wide pages.

    With `is_all`, the other shown ones follow on wide pages, those of most speakers first, and none lies on a small shape.
    """
    labelled = sorted(
        (shape for shape in shapes if _is_marked(shape) or (is_all and shape.reading.status is Status.SHOWN)),
        key=lambda shape: (
            not shape.reading.is_worst,
            not shape.reading.is_bottom,
            0 if _is_marked(shape) else -shape.reading.n_speakers,
        ),
    )
    taken: dict[float, list[Any]] = {WIDE_SIZE: [], NARROW_SIZE: []}
    drawn = []
    for shape in labelled:
        words = short(shape.reading.label)
        sizes = taken if _is_marked(shape) else (WIDE_SIZE,)
        reach = shape.outline.half_height if is_all else math.inf
        fits = {size: _free_box(words, shape.centre, size=size, height=height, taken=taken[size], reach=reach) for size in sizes}
        for size, class_ in ((WIDE_SIZE, "wide"), (NARROW_SIZE, "narrow")):
            box = fits.get(size)
            if box is not None:
                taken[size].append(box)
                west, _, east, south = box.bounds
                drawn.append(
                    text(words, x=(west + east) / 2, y=south - 0.22 * size, text_anchor="middle", class_=f"label {class_}")
                )
    return element("g", "".join(drawn), pointer_events="none", aria_hidden="true") if drawn else ""


def _is_marked(shape: Shape) -> bool:
    return shape.reading.is_bottom or shape.reading.is_worst


def _free_box(
    words: str, centre: tuple[float, float], *, size: float, height: float, taken: list[Any], reach: float = math.inf
) -> Any | None:
    """Where the label fits: on the centre, else above or below it, inside the map and clear of the labels already there.

    On a shape that reaches less than a line to either side of its centre it would hide the shape: then above or below it alone.
    """
    width = min(LETTER_WIDTH * size * len(words) + 8, WIDTH - 4)
    beside = reach + 0.65 * size
    for shift in (0.0, -1.3 * size, 1.3 * size) if reach > 1.2 * size else (-beside, beside):
        middle = min(max(centre[0], width / 2 + 2), WIDTH - width / 2 - 2)
        top = min(max(centre[1] - size / 2 + shift, 2), height - size - 4)
        box = shapely.box(middle - width / 2, top, middle + width / 2, top + 1.2 * size)
        if not any(box.intersects(other) for other in taken):
            return box
    return None


def entries_of(readings: Iterable[Reading], *, prefix: str, view: View, has_empty_land: bool, worst_words: str) -> list[Entry]:
    """The legend's swatches for what is really on the map; `worst_words` is what the heavy outline means."""
    readings = list(readings)
    shown = [reading for reading in readings if reading.status is Status.SHOWN]
    entries = []
    if any(reading.is_worst for reading in shown):
        entries.append(Entry(words=worst_words, fill=HIGHS[-1], stroke_width=3.2))
    if any(reading.is_unclear for reading in shown):
        words = "may be no change" if view.measure is CHANGE else "not clearly different"
        entries.append(Entry(words=words, fill=mix(HIGHS[-2], MIDDLE, PALE), dashes="4 3"))
    if any(reading.is_wide for reading in shown):
        entries.append(Entry(words="wide interval", fill=PAPER, over=f"url(#{prefix}-dots)"))
    if any(reading.status is Status.SUPPRESSED for reading in readings):
        least = view.min_speakers
        words = "too few speakers" if least is None else f"fewer than {least} speakers"
        entries.append(Entry(words=words, fill=f"url(#{prefix}-hatch)"))
    if has_empty_land or any(reading.status is Status.MISSING for reading in readings):
        entries.append(Entry(words="no speakers", fill=LAND))
    return entries


def words_of(readings: Iterable[Reading], *, overall: str, has_worst: bool) -> str:
    """The map in a few sentences, for who cannot see it: overall, worst, best, how many are not shown.

    Where nothing `has_worst`, of another measure than errors altogether, the highest is told instead.
    """
    readings = list(readings)
    shown = sorted((r for r in readings if r.status is Status.SHOWN), key=lambda r: r.value)
    hidden = sum(r.status is Status.SUPPRESSED for r in readings)
    parts = [overall]
    if shown:
        worst = next((r for r in shown if r.is_worst and has_worst), shown[-1])
        parts.append(f"{'Worst' if has_worst else 'Highest'}: {worst.words}")
        if shown[0] is not worst:
            parts.append(f"Lowest: {shown[0].words}")
    if hidden:
        parts.append(f"{hidden} not shown for too few speakers.")
    return " ".join(parts)
