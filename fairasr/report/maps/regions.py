"""Maps of land: regions of a tree as boxes clipped to land, and states or countries as a choropleth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import shapely

from fairasr.core import DisparityReport
from fairasr.geography import boundaries, clip_to_land, split_box
from fairasr.geography.boxes import clip_to
from fairasr.report.maps.extents import LOWER_48, Extent, extent_of
from fairasr.report.maps.frames import TERRITORIES, Frame, us_frame, world_frame
from fairasr.report.maps.legend import legend, legend_height
from fairasr.report.maps.paths import path_of
from fairasr.report.maps.readings import Reading, no_speakers, percent, read_cohorts
from fairasr.report.maps.scale import Scale, scale_of
from fairasr.report.maps.shapes import Shape, draw_labels, draw_shapes, entries_of, words_of
from fairasr.report.maps.svg import BORDER, LAND, SEA, document, element, prefix_of


def boxes_svg(
    report: DisparityReport,
    boxes: Mapping[str, Sequence[float | None]],
    *,
    layer_name: str | None,
    title: str,
    min_speakers: int | None,
    scale: Scale | None = None,
) -> str:
    """The regions of a tree, clipped to land, over countries; over states where all are in the US or `layer_name` says so."""
    readings = read_cohorts(report.cohorts, report=report, names={}, min_speakers=min_speakers)
    extent = extent_of(boxes.values())
    frame = us_frame() if layer_name == "us_states" or _is_american(boxes.values(), extent) else world_frame(extent)
    shapes = []
    for label, box in boxes.items():
        geometry = frame.place(_land_of(box, frame))
        if not geometry.is_empty:
            shapes.append(Shape(reading=readings.get(label) or no_speakers(label), geometry=geometry))
    return land_map(frame, shapes, report=report, title=title, min_speakers=min_speakers, scale=scale)


LEAST_US_SHARE = 0.4
"""Of a region's land: boxes around speakers of the US reach into Canada and Mexico, one around Toronto lies mostly there."""


def _is_american(boxes: Iterable[Sequence[float | None]], extent: Extent) -> bool:
    """Whether all boxes lie in the lower 48 states, as far as boxes can tell: speakers' places are not in a report."""
    return extent.is_within(LOWER_48) and all(
        clip_to(split_box(*box), *_states()).area >= LEAST_US_SHARE * clip_to_land(*box).area for box in boxes
    )


def _land_of(box: Sequence[float | None], frame: Frame) -> Any:
    """The land of the box that the frame shows, or the box itself where there is none."""
    shape = split_box(*box)
    if shape.is_empty:
        return shape
    land = clip_to(shape, *_states()) if frame.window is None else frame.clip(clip_to_land(*box))
    return frame.clip(shape) if land.is_empty else land


@cache
def _states() -> tuple[np.ndarray, shapely.STRtree]:
    """The US without inner borders or territories, polygons (n_parts,), and a tree of them."""
    layer = boundaries("us_states")
    parts = shapely.get_parts(shapely.union_all(layer.select(set(layer.ids) - TERRITORIES)))
    return parts, shapely.STRtree(parts)


def areas_svg(
    report: DisparityReport, layer_name: str, *, title: str, min_speakers: int | None, scale: Scale | None = None
) -> str | None:
    """States or countries coloured by `report.areas`; None where the report has no areas."""
    if report.areas is None or report.areas.empty:
        return None
    layer = boundaries(layer_name)
    readings = read_cohorts(report.areas, report=report, names=layer.name_of, min_speakers=min_speakers)
    known = [identifier for identifier in layer.ids if identifier in readings]
    if not known:
        return None
    if layer_name == "us_states":
        frame = us_frame(territories=frozenset(known) & TERRITORIES)
    else:
        frame = world_frame(_extent_of_areas(layer.select(set(known))))
    shapes = []
    for identifier, geometry in zip(layer.ids, layer.geometries, strict=True):
        if identifier in readings:
            placed = frame.place(frame.clip(geometry))
            if not placed.is_empty:
                shapes.append(Shape(reading=readings[identifier], geometry=placed))
    return land_map(frame, shapes, report=report, title=title, min_speakers=min_speakers, names=layer.name_of, scale=scale)


def _extent_of_areas(geometries: np.ndarray) -> Extent:
    """The extent of the largest polygon of each area, so that far islands do not shrink the map."""
    largest = []
    for geometry in geometries:
        parts = shapely.get_parts(geometry)
        largest.append(parts[shapely.area(parts).argmax()])
    west, south, east, north = shapely.total_bounds(np.array(largest))
    return extent_of([(south, west, north, east)])


def land_map(
    frame: Frame,
    shapes: Sequence[Shape],
    *,
    report: DisparityReport,
    title: str,
    min_speakers: int | None,
    names: Mapping[str, str] | None = None,
    scale: Scale | None = None,
) -> str:
    """Sea, land, shapes, borders, labels and legend."""
    readings = [shape.reading for shape in shapes]
    overall = report.cohorts_overall.value
    scale = scale or scale_of((reading.rate for reading in readings), overall=overall)
    prefix = prefix_of(report.method, report.system, title)
    entries = entries_of(
        readings,
        prefix=prefix,
        min_speakers=min_speakers,
        has_empty_land=True,
        worst_words="worst cohort" if names is None else "highest rate",
    )
    coast = path_of(shapely.MultiPolygon(_flat(frame.place(geometry) for geometry in frame.areas)))
    fine = path_of(shapely.MultiPolygon(_flat(frame.place(geometry) for geometry in frame.fine)))
    land = element("path", id=f"{prefix}-land", d=coast)
    borders = element("use", href=f"#{prefix}-land", fill="none", stroke=BORDER, stroke_width=0.7)
    if fine:
        borders += element("path", d=fine, fill="none", stroke=BORDER, stroke_width=0.4)
    body = (
        element("clipPath", element("rect", width=960, height=frame.height, rx=6), id=f"{prefix}-page")
        + element("defs", land)
        + element(
            "g",
            element("rect", width=960, height=frame.height, fill=SEA)
            + element("use", href=f"#{prefix}-land", fill=LAND)
            + draw_shapes(shapes, scale=scale, prefix=prefix)
            + element("g", borders, pointer_events="none", aria_hidden="true")
            + draw_labels(_renamed(shapes, names or {}), height=frame.height),
            clip_path=f"url(#{prefix}-page)",
        )
        + legend(
            scale,
            entries,
            rate_name=report.rate_name,
            top=frame.height + 10,
        )
    )
    return document(
        body,
        height=frame.height + 10 + legend_height(len(entries)),
        words=words_of(readings, overall=f"{report.rate_name} overall {percent(overall)}."),
        title=title,
        prefix=prefix,
        n_shapes=len(shapes),
    )


def _flat(geometries: Any) -> list[Any]:
    return [polygon for geometry in geometries for polygon in shapely.get_parts(geometry)]


def _renamed(shapes: Sequence[Shape], names: Mapping[str, str]) -> list[Shape]:
    """The shapes labelled by name rather than id."""
    return [Shape(reading=_named(shape.reading, names), geometry=shape.geometry) for shape in shapes]


def _named(reading: Reading, names: Mapping[str, str]) -> Reading:
    return replace(reading, label=names.get(reading.label, reading.label))
