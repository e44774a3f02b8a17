"""Maps of land: regions of a tree as boxes clipped to land, and states, countries or cantons as a choropleth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pandas as pd
import shapely

from fairasr.core import UNKNOWN, DisparityReport
from fairasr.geography import area_ids, boundaries, clip_to_land, split_box
from fairasr.geography.boxes import clip_to
from fairasr.report.maps.extents import LOWER_48, Box, Extent, extent_of
from fairasr.report.maps.frames import KEPT, TERRITORIES, Frame, swiss_frame, us_frame, world_frame
from fairasr.report.maps.readings import no_speakers, read_cohorts
from fairasr.report.maps.shapes import Outline, Shape
from fairasr.report.maps.sheet import land_map
from fairasr.report.maps.view import View

WORST_COHORT, HIGHEST_RATE = "worst cohort", "highest rate"


def boxes_svg(report: DisparityReport, boxes: Mapping[str, Sequence[float | None]], *, layer_name: str | None, view: View) -> str:
    """The regions of a tree, clipped to land, over countries; over states where all are in the US or `layer_name` says so."""
    readings = read_cohorts(report.cohorts, report=report, view=view)
    frame, outlines = _outlined(tuple(tuple(box) for box in boxes.values()), layer_name)
    shapes = [
        Shape(reading=readings.get(label) or no_speakers(label), outline=outline)
        for label, outline in zip(boxes, outlines, strict=True)
        if outline is not None
    ]
    return land_map(frame, shapes, report=report, view=view, worst_words=WORST_COHORT)


@lru_cache(maxsize=KEPT)
def _outlined(boxes: tuple[Box, ...], layer_name: str | None) -> tuple[Frame, tuple[Outline | None, ...]]:
    """The frame that suits the boxes, and where each is in it; None for one that it does not show. Kept: it depends on no rate."""
    extent = extent_of(boxes)
    frame = us_frame() if layer_name == "us_states" or _is_american(boxes, extent) else world_frame(extent)
    placed = (frame.place(_land_of(box, frame)) for box in boxes)
    return frame, tuple(None if geometry.is_empty else Outline(geometry) for geometry in placed)


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


def areas_svg(report: DisparityReport, layer_name: str, *, of_cohorts: bool, view: View) -> str | None:
    """States, countries or cantons coloured by `report.areas`, whose labels are ids, or by the cohorts that name them.

    None where the report has neither.

    Args:
        report: what is drawn.
        layer_name: the boundaries.
        of_cohorts: whether the cohorts are the areas, by name.
        view: how it is drawn.
    """
    layer = boundaries(layer_name)
    table = report.cohorts if of_cohorts else report.areas
    if table is None or table.empty:
        return None
    labels = [str(label) for label in table["cohort"]]
    ids = area_ids(labels, boundaries=layer_name) if of_cohorts else {label: label for label in labels}
    names = {} if of_cohorts else layer.name_of
    readings = read_cohorts(table, report=report, view=view, names=names)
    label_of = {identifier: label for label, identifier in ids.items()}
    outlines = _outlined_areas(layer_name, tuple(identifier for identifier in layer.ids if identifier in label_of))
    if outlines is None:
        return None
    frame, placed = outlines
    shapes = [Shape(reading=readings[label_of[identifier]], outline=outline) for identifier, outline in placed.items()]
    return land_map(
        frame,
        shapes,
        report=report,
        view=view,
        worst_words=WORST_COHORT if of_cohorts else HIGHEST_RATE,
        labelled=[_renamed(shape, names) for shape in shapes],
        sentences=not_drawn(table, drawn={shape.reading.label for shape in shapes}) if of_cohorts else "",
    )


def not_drawn(table: pd.DataFrame, *, drawn: set[str]) -> str:
    """How many cohorts of a table are not on the map, as a sentence; "" for none."""
    absent = {str(label) for label in table["cohort"]} - drawn - {UNKNOWN}
    return f"{len(absent)} of {len(absent | drawn)} groups have no place on the map." if absent else ""


@lru_cache(maxsize=KEPT)
def _outlined_areas(layer_name: str, ids: tuple[str, ...]) -> tuple[Frame, dict[str, Outline]] | None:
    """The frame that suits these areas, and where each is in it; None for none. Kept: it depends on no rate."""
    layer = boundaries(layer_name)
    known = frozenset(ids)
    if not known:
        return None
    if layer_name == "us_states":
        frame = us_frame(territories=known & TERRITORIES)
    elif layer_name == "swiss_cantons":
        frame = swiss_frame()
    else:
        frame = world_frame(_extent_of_areas(layer.select(set(known))))
    placed = {
        identifier: frame.place(frame.clip(geometry))
        for identifier, geometry in zip(layer.ids, layer.geometries, strict=True)
        if identifier in known
    }
    return frame, {identifier: Outline(geometry) for identifier, geometry in placed.items() if not geometry.is_empty}


def _extent_of_areas(geometries: np.ndarray) -> Extent:
    """The extent of the largest polygon of each area, so that far islands do not shrink the map."""
    largest = []
    for geometry in geometries:
        parts = shapely.get_parts(geometry)
        largest.append(parts[shapely.area(parts).argmax()])
    west, south, east, north = shapely.total_bounds(np.array(largest))
    return extent_of([(south, west, north, east)])


def _renamed(shape: Shape, names: Mapping[str, str]) -> Shape:
    """The shape labelled by name rather than id."""
    reading = shape.reading
    return replace(shape, reading=replace(reading, label=names.get(reading.label, reading.label)))
