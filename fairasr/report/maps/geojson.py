"""The regions of an audit as RFC 7946 GeoJSON, for other tools' maps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import shapely

from fairasr.core import DisparityReport
from fairasr.core.estimate import plain
from fairasr.geography import area_ids, boundaries, clip_to_land, split_box
from fairasr.report.rate_wording import OF_ERRORS, OF_RATES

DECIMALS = 2
"""Of coordinates: about 1 km, the precision of the borders."""


def regions_geojson(reports: Iterable[DisparityReport]) -> dict[str, Any]:
    """A FeatureCollection with one feature per region, area or group with a place, of every report that has a map of land.

    Polygons keep RFC 7946: longitude first, within -180..180 and cut at the antimeridian, outer rings counter-clockwise. A box is
    clipped to land, or whole where it holds none; a group's place is a Point, as coarse as the report has it. Properties are the
    cohort's row with `method` and `system`; numbers of suppressed cohorts are null, and a region without a row has its label
    alone. No speaker is in it, only cohorts.
    """
    return {"type": "FeatureCollection", "features": [feature for report in reports for feature in _features(report)]}


def _features(report: DisparityReport) -> Iterator[dict[str, Any]]:
    layer = report.map or {}
    if layer.get("kind") == "boxes":
        rows = _rows(report.cohorts)
        for label, box in layer["boxes"].items():
            land = clip_to_land(*box)
            shape = split_box(*box) if land.is_empty else land
            if not shape.is_empty:
                yield _feature(report, shape, rows.get(label, {"cohort": label}))
    elif layer.get("kind") == "areas":
        yield from _areas(report, layer["boundaries"], of_cohorts=layer.get("areas") == "cohorts")
    elif layer.get("kind") == "points":
        rows = _rows(report.cohorts)
        for label, (latitude, longitude) in layer["points"].items():
            geometry = {"type": "Point", "coordinates": [float(longitude), float(latitude)]}
            yield _plain_feature(report, geometry, rows.get(label, {"cohort": label}))


def _areas(report: DisparityReport, layer_name: str, *, of_cohorts: bool) -> Iterator[dict[str, Any]]:
    table = report.cohorts if of_cohorts else report.areas
    if table is None:
        return
    layer = boundaries(layer_name)
    rows = _rows(table)
    if of_cohorts:
        rows = {identifier: rows[label] for label, identifier in area_ids(list(rows), boundaries=layer_name).items()}
    for identifier, name, geometry in zip(layer.ids, layer.names, layer.geometries, strict=True):
        if identifier in rows:
            yield _feature(report, geometry, {**rows[identifier], "name": name})


def _rows(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    rows = {str(row["cohort"]): {str(key): plain(value) for key, value in row.items()} for row in table.to_dict(orient="records")}
    return {label: _masked(row) if row.get("suppressed") else row for label, row in rows.items()}


def _masked(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without any number, whatever it held."""
    return {key: None if isinstance(value, int | float) and not isinstance(value, bool) else value for key, value in row.items()}


def _feature(report: DisparityReport, shape: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    return _plain_feature(report, {"type": "MultiPolygon", "coordinates": _coordinates(shape)}, row)


def _plain_feature(report: DisparityReport, geometry: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    if report.measure is not None:
        row = {OF_RATES.get(name, name): value for name, value in row.items() if name not in OF_ERRORS}
    return {
        "type": "Feature",
        "properties": {"method": report.method, "system": report.system, "rate_name": report.rate_name, **row},
        "geometry": geometry,
    }


def _coordinates(shape: Any) -> list[list[list[list[float]]]]:
    """Rounded rings of every polygon; a polygon that rounding would break keeps all its decimals."""
    polygons = []
    for polygon in shapely.get_parts(shapely.orient_polygons(shape)):
        rounded = shapely.transform(polygon, lambda points: np.round(points, DECIMALS))
        kept = rounded if rounded.is_valid and rounded.area > 0 else polygon
        polygons.append([[[float(x), float(y)] for x, y in ring.coords] for ring in (kept.exterior, *kept.interiors)])
    return polygons
