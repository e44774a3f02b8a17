"""Bubbles: clusters in a plane of the voices, and groups at the middle of their speakers' places on land."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import shapely

from fairasr.core import DisparityReport
from fairasr.report.maps.extents import Extent, extent_of
from fairasr.report.maps.frames import WIDTH, Frame, us_frame, world_frame
from fairasr.report.maps.readings import Reading, no_speakers, read_cohorts
from fairasr.report.maps.regions import WORST_COHORT, not_drawn
from fairasr.report.maps.shapes import Outline, Shape, draw_labels, draw_selected, draw_shapes
from fairasr.report.maps.sheet import finished, land_map
from fairasr.report.maps.svg import SEA, element, prefix_of, text
from fairasr.report.maps.view import View

HEIGHT = 560.0
MARGIN = 78.0
LARGEST_RADIUS, SMALLEST_RADIUS = 54.0, 9.0
HIDDEN_RADIUS = 11.0
"""Radius of suppressed clusters: their number of speakers is not to be read from their size."""

LARGEST_ON_LAND, FEW_ON_LAND = 46.0, 12
"""Radius of the largest bubble on land where there are at most so many; of more, all together cover no more of the map."""

SPREAD_DEG, SPREAD_SHARE = 4.0, 0.12
"""Around groups' places the map shows this many degrees more, or this share of their reach."""

HALF_WORLD_DEG = 180.0
"""Groups that reach over more longitudes than this are shown on the whole world, cut where maps of the world are."""

OVERLAP = 0.92
"""Bubbles are moved apart until their centres are this share of the sum of their radii apart: each can be seen and pointed at."""

MOVES = 200


def projection_svg(report: DisparityReport, points: Mapping[str, Sequence[float]], axes: Sequence[str], *, view: View) -> str:
    """One bubble a cluster, its area by speakers; both axes in the same scale, so distances on the page are distances of voices."""
    readings = read_cohorts(report.cohorts, report=report, view=view)
    shown = [readings.get(label) or no_speakers(label) for label in points]
    centres = _centres(np.array([points[label] for label in points], dtype=float).reshape(-1, 2))
    shapes = _bubbles(shown, centres, _radii(shown, largest=LARGEST_RADIUS))
    prefix = prefix_of(report.method, report.system, view.title)
    across, up = (*axes, "", "")[:2]
    scale = view.scale_for(report, (reading.value for reading in shown))
    body = (
        element("rect", width=WIDTH, height=HEIGHT, rx=6, fill=SEA)
        + text(f"{across} →", x=WIDTH / 2, y=HEIGHT - 12, text_anchor="middle", fill="#4a525a")
        + text(f"{up} →", x=0, y=0, text_anchor="middle", fill="#4a525a", transform=f"translate(36 {HEIGHT / 2:.0f}) rotate(-90)")
        + draw_shapes(shapes, scale=scale, prefix=prefix, view=view)
        + draw_selected(shapes, view=view)
        + draw_labels(shapes, height=HEIGHT)
    )
    return finished(
        body,
        shapes,
        height=HEIGHT,
        report=report,
        view=view,
        worst_words=WORST_COHORT,
        has_empty_land=False,
        sentences="Bubbles are clusters of voices, larger with more speakers.",
    )


def points_svg(report: DisparityReport, points: Mapping[str, Sequence[float]], *, layer_name: str | None, view: View) -> str:
    """One bubble a group at the middle of its speakers' places (latitude, longitude), its area by speakers, over land.

    Bubbles that would cover one another are moved apart.
    """
    readings = read_cohorts(report.cohorts, report=report, view=view)
    shown = [readings.get(label) or no_speakers(label) for label in points]
    frame = us_frame() if layer_name == "us_states" else world_frame(_extent(points.values()))
    radii = _radii(shown, largest=LARGEST_ON_LAND * math.sqrt(min(1.0, FEW_ON_LAND / len(points))))
    centres = np.array([frame.spot(latitude, longitude) for latitude, longitude in points.values()])
    shapes = _bubbles(shown, _apart(centres, radii, frame), radii)
    absent = not_drawn(report.cohorts, drawn=set(points))
    return land_map(
        frame,
        shapes,
        report=report,
        view=view,
        worst_words=WORST_COHORT,
        sentences=f"Bubbles lie at the mean place of each group's speakers, larger with more speakers. {absent}".strip(),
        size_words="Larger bubbles: more speakers",
    )


def _bubbles(shown: Sequence[Reading], centres: np.ndarray, radii: np.ndarray) -> list[Shape]:
    """One circle a reading, the large ones first."""
    circles = [shapely.Point(x, y).buffer(r, quad_segs=12) for (x, y), r in zip(centres, radii, strict=True)]
    shapes = [
        Shape(reading=reading, outline=Outline(shapely.MultiPolygon([circle])))
        for reading, circle in zip(shown, circles, strict=True)
    ]
    return sorted(shapes, key=lambda shape: -shape.outline.area)


def _radii(shown: Sequence[Reading], *, largest: float) -> np.ndarray:
    """Radius of each bubble (n,) in SVG units: areas are as numbers of speakers, down to a size that can be seen."""
    most = max((reading.n_speakers for reading in shown), default=0)
    return np.array(
        [max(largest * math.sqrt(r.n_speakers / most), SMALLEST_RADIUS) if r.n_speakers else HIDDEN_RADIUS for r in shown]
    )


def _centres(points: np.ndarray) -> np.ndarray:
    """Points (n, 2) to SVG units, one scale for both axes, centred on the page."""
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.array([WIDTH, HEIGHT]) - 2 * MARGIN
    size = np.maximum(high - low, 1e-12)
    unit = float((room / size).min())
    middle = (low + high) / 2
    return np.column_stack([WIDTH / 2 + (points[:, 0] - middle[0]) * unit, HEIGHT / 2 - (points[:, 1] - middle[1]) * unit])


def _extent(points: Iterable[Sequence[float]]) -> Extent:
    """The part of the world around places (latitude, longitude), cut where the longitudes leave the widest gap."""
    latitudes, longitudes = np.array(list(points), dtype=float).T
    east = np.sort(longitudes % 360)
    gaps = np.diff(np.append(east, east[0] + 360))
    first = (int(gaps.argmax()) + 1) % len(east)
    west, width = float(east[first]), 360 - float(gaps.max())
    west -= 360 if west >= 180 else 0
    if width > HALF_WORLD_DEG:
        west, width = -180.0, 360.0
    beyond = [max(SPREAD_DEG, SPREAD_SHARE * size) for size in (float(np.ptp(latitudes)), width)]
    return extent_of(
        [(float(latitudes.min()) - beyond[0], west - beyond[1], float(latitudes.max()) + beyond[0], west + width + beyond[1])]
    )


def _apart(centres: np.ndarray, radii: np.ndarray, frame: Frame) -> np.ndarray:
    """The centres (n, 2), moved as little as lets every bubble be seen, inside the map. Those at one place part in a spiral."""
    turns = np.arange(len(centres)) * 2.4
    moved = centres + 0.01 * np.column_stack([np.cos(turns), np.sin(turns)])
    wanted = OVERLAP * (radii[:, None] + radii[None, :])
    room = np.column_stack([radii, radii]), np.array([WIDTH, frame.height]) - radii[:, None]
    for _ in range(MOVES):
        between = moved[:, None] - moved[None, :]
        distance = np.hypot(between[..., 0], between[..., 1]) + np.eye(len(moved))
        short = np.clip(wanted - distance, 0, None) * (1 - np.eye(len(moved)))
        if not short.any():
            break
        moved = moved + (between / distance[..., None] * short[..., None] / 2).sum(axis=1) * 0.5
        moved = np.clip(moved, *room)
    return moved
