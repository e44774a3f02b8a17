"""The map of embedding clusters: bubbles in a plane of the voices, not places."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import shapely

from fairasr.core import DisparityReport
from fairasr.report.maps.frames import WIDTH
from fairasr.report.maps.legend import legend, legend_height
from fairasr.report.maps.readings import no_speakers, percent, read_cohorts
from fairasr.report.maps.scale import Scale, scale_of
from fairasr.report.maps.shapes import Shape, draw_labels, draw_shapes, entries_of, words_of
from fairasr.report.maps.svg import SEA, document, element, prefix_of, text

HEIGHT = 560.0
MARGIN = 78.0
LARGEST_RADIUS, SMALLEST_RADIUS = 54.0, 9.0
HIDDEN_RADIUS = 11.0
"""Radius of suppressed clusters: their number of speakers is not to be read from their size."""


def projection_svg(
    report: DisparityReport,
    points: Mapping[str, Sequence[float]],
    axes: Sequence[str],
    *,
    title: str,
    min_speakers: int | None,
    scale: Scale | None = None,
) -> str:
    """One bubble a cluster, its area by speakers; both axes in the same scale, so distances on the page are distances of voices."""
    readings = read_cohorts(report.cohorts, report=report, names={}, min_speakers=min_speakers)
    shown = {label: readings.get(label) or no_speakers(label) for label in points}
    overall_rate = report.cohorts_overall.value
    scale = scale or scale_of((reading.rate for reading in shown.values()), overall=overall_rate)
    most = max((reading.n_speakers for reading in shown.values()), default=0)
    centres = _centres(np.array([points[label] for label in points], dtype=float).reshape(-1, 2))
    shapes = []
    for (x, y), reading in zip(centres, shown.values(), strict=True):
        radius = (
            max(LARGEST_RADIUS * math.sqrt(reading.n_speakers / most), SMALLEST_RADIUS) if reading.n_speakers else HIDDEN_RADIUS
        )
        shapes.append(Shape(reading=reading, geometry=shapely.MultiPolygon([shapely.Point(x, y).buffer(radius, quad_segs=12)])))
    shapes.sort(key=lambda shape: -shape.geometry.area)
    prefix = prefix_of(report.method, report.system, title)
    entries = entries_of(shown.values(), prefix=prefix, min_speakers=min_speakers, has_empty_land=False)
    across, up = (*axes, "", "")[:2]
    body = (
        element("rect", width=WIDTH, height=HEIGHT, rx=6, fill=SEA)
        + text(f"{across} →", x=WIDTH / 2, y=HEIGHT - 12, text_anchor="middle", fill="#4a525a")
        + text(f"{up} →", x=0, y=0, text_anchor="middle", fill="#4a525a", transform=f"translate(36 {HEIGHT / 2:.0f}) rotate(-90)")
        + draw_shapes(shapes, scale=scale, prefix=prefix)
        + draw_labels(shapes, height=HEIGHT)
        + legend(
            scale,
            entries,
            rate_name=report.rate_name,
            top=HEIGHT + 10,
        )
    )
    overall = f"Bubbles are clusters of voices, larger with more speakers. {report.rate_name} overall {percent(overall_rate)}."
    return document(
        body,
        height=HEIGHT + 10 + legend_height(len(entries)),
        words=words_of(shown.values(), overall=overall),
        title=title,
        prefix=prefix,
        n_shapes=len(shapes),
    )


def _centres(points: np.ndarray) -> np.ndarray:
    """Points (n, 2) to SVG units, one scale for both axes, centred on the page."""
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.array([WIDTH, HEIGHT]) - 2 * MARGIN
    size = np.maximum(high - low, 1e-12)
    unit = float((room / size).min())
    middle = (low + high) / 2
    return np.column_stack([WIDTH / 2 + (points[:, 0] - middle[0]) * unit, HEIGHT / 2 - (points[:, 1] - middle[1]) * unit])
