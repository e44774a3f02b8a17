"""Shapes of a map, their order, and the labels of the worst ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import shapely

from fairasr.report.maps.frames import WIDTH
from fairasr.report.maps.legend import Entry
from fairasr.report.maps.paths import path_of
from fairasr.report.maps.readings import Reading, Status
from fairasr.report.maps.scale import HIGHS, MIDDLE, PALE, Scale, mix
from fairasr.report.maps.svg import LAND, MOST_FOCUSABLE, PAPER, element, fill_of, outline_of, short, text

SMALLEST_SHAPE = 40.0
"""Square SVG units: a shape smaller than this is drawn as a dot that can be seen."""

DOT_RADIUS = 5.0
LETTER_WIDTH = 0.56
"""Mean width of a letter of a system font, as a share of its size."""

WIDE_SIZE, NARROW_SIZE = 18.0, 31.0


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One cohort on the map.

    Attributes:
        reading: what it says.
        geometry: polygons in SVG units, not empty.
    """

    reading: Reading
    geometry: Any

    @property
    def is_dot(self) -> bool:
        """Whether it is too small to be seen as it is."""
        return float(self.geometry.area) < SMALLEST_SHAPE

    @property
    def centre(self) -> tuple[float, float]:
        """A point inside its largest polygon."""
        parts = shapely.get_parts(self.geometry)
        point = shapely.point_on_surface(parts[shapely.area(parts).argmax()])
        return float(point.x), float(point.y)


def draw_shapes(shapes: Iterable[Shape], *, scale: Scale, prefix: str) -> str:
    """All shapes: large ones first, then dots, those of the worst cohorts above the others. One `g` with a title each."""
    ordered = sorted(shapes, key=lambda shape: (shape.is_dot, shape.reading.is_worst, shape.reading.is_bottom))
    focusable = 0 < len(ordered) <= MOST_FOCUSABLE
    return "".join(_draw(shape, scale=scale, prefix=prefix, focusable=focusable) for shape in ordered)


def _draw(shape: Shape, *, scale: Scale, prefix: str, focusable: bool) -> str:
    reading = shape.reading
    title = element("title", _escaped(reading.words))
    outline = outline_of(reading)
    fills = [fill_of(reading, scale, prefix)]
    if reading.status is Status.SHOWN and reading.is_wide:
        fills.append(f"url(#{prefix}-dots)")
    if shape.is_dot:
        x, y = shape.centre
        body = "".join(element("circle", cx=x, cy=y, r=DOT_RADIUS, fill=fill) for fill in fills)
    else:
        path = path_of(shape.geometry)
        body = element("path", d=path, fill=fills[0])
        if len(fills) > 1:
            body += element("path", d=path, fill=fills[1], stroke="none")
    return element(
        "g",
        title + body,
        class_="shape",
        role="img" if focusable else None,
        aria_label=reading.words if focusable else None,
        tabindex=0 if focusable else None,
        **outline,
    )


def _escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def draw_labels(shapes: Iterable[Shape], *, height: float) -> str:
    """Labels of the worst cohorts, the worst first; one that would lie on another is left out, or only shown on wide pages."""
    labelled = sorted(
        (shape for shape in shapes if shape.reading.is_bottom or shape.reading.is_worst),
        key=lambda shape: not shape.reading.is_worst,
    )
    taken: dict[float, list[Any]] = {WIDE_SIZE: [], NARROW_SIZE: []}
    drawn = []
    for shape in labelled:
        words = short(shape.reading.label)
        fits = {size: _free_box(words, shape.centre, size=size, height=height, taken=taken[size]) for size in taken}
        for size, class_ in ((WIDE_SIZE, "wide"), (NARROW_SIZE, "narrow")):
            box = fits[size]
            if box is not None:
                taken[size].append(box)
                west, _, east, south = box.bounds
                drawn.append(
                    text(words, x=(west + east) / 2, y=south - 0.22 * size, text_anchor="middle", class_=f"label {class_}")
                )
    return element("g", "".join(drawn), pointer_events="none", aria_hidden="true") if drawn else ""


def _free_box(words: str, centre: tuple[float, float], *, size: float, height: float, taken: list[Any]) -> Any | None:
    """Where the label fits: on the centre, else above or below it, inside the map and clear of the labels already there."""
    width = min(LETTER_WIDTH * size * len(words) + 8, WIDTH - 4)
    for shift in (0.0, -1.3 * size, 1.3 * size):
        middle = min(max(centre[0], width / 2 + 2), WIDTH - width / 2 - 2)
        top = min(max(centre[1] - size / 2 + shift, 2), height - size - 4)
        box = shapely.box(middle - width / 2, top, middle + width / 2, top + 1.2 * size)
        if not any(box.intersects(other) for other in taken):
            return box
    return None


def entries_of(
    readings: Iterable[Reading], *, prefix: str, min_speakers: int | None, has_empty_land: bool, worst_words: str = "worst cohort"
) -> list[Entry]:
    """The legend's swatches for what is really on the map."""
    readings = list(readings)
    shown = [reading for reading in readings if reading.status is Status.SHOWN]
    entries = []
    if any(reading.is_worst for reading in shown):
        entries.append(Entry(words=worst_words, fill=HIGHS[-1], stroke_width=3.2))
    if any(reading.is_unclear for reading in shown):
        entries.append(Entry(words="not clearly different", fill=mix(HIGHS[-2], MIDDLE, PALE), dashes="4 3"))
    if any(reading.is_wide for reading in shown):
        entries.append(Entry(words="wide interval", fill=PAPER, over=f"url(#{prefix}-dots)"))
    if any(reading.status is Status.SUPPRESSED for reading in readings):
        words = "too few speakers" if min_speakers is None else f"fewer than {min_speakers} speakers"
        entries.append(Entry(words=words, fill=f"url(#{prefix}-hatch)"))
    if has_empty_land or any(reading.status is Status.MISSING for reading in readings):
        entries.append(Entry(words="no speakers", fill=LAND))
    return entries


def words_of(readings: Iterable[Reading], *, overall: str) -> str:
    """The map in two sentences, for who cannot see it: overall, worst, best, how many are not shown."""
    readings = list(readings)
    shown = sorted((r for r in readings if r.status is Status.SHOWN), key=lambda r: r.rate)
    hidden = sum(r.status is Status.SUPPRESSED for r in readings)
    parts = [overall]
    if shown:
        worst = next((r for r in shown if r.is_worst), shown[-1])
        parts.append(f"Worst: {worst.words}")
        if shown[0] is not worst:
            parts.append(f"Lowest: {shown[0].words}")
    if hidden:
        parts.append(f"{hidden} not shown for too few speakers.")
    return " ".join(parts)
