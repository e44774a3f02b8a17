"""Which drawing a report's map is."""

from __future__ import annotations

from fairasr.core import DisparityReport
from fairasr.report.maps.bubbles import points_svg, projection_svg
from fairasr.report.maps.regions import areas_svg, boxes_svg
from fairasr.report.maps.view import View


def draw_map(report: DisparityReport, view: View) -> str | None:
    """The map of a report as one SVG element; None where it has no map, nothing in it, or no value of the measure.

    Raises:
        ValueError: the map is of a kind this version cannot draw.
    """
    layer = report.map
    if layer is None:
        return None
    kind = layer.get("kind")
    if kind not in ("boxes", "areas", "points", "projection"):
        raise ValueError(f"a map of kind {kind!r} cannot be drawn; {report.method!r} may have boxes, areas, points or projection.")
    of_cohorts = layer.get("areas") == "cohorts"
    table = report.areas if kind == "areas" and not of_cohorts else report.cohorts
    column = view.measure.column
    if view.measure.key != "rate" and (table is None or column not in table or not table[column].notna().any()):
        return None
    if kind == "areas":
        return areas_svg(report, layer["boundaries"], of_cohorts=of_cohorts, view=view)
    drawn = layer.get("boxes" if kind == "boxes" else "points")
    if not drawn:
        return None
    if kind == "boxes":
        return boxes_svg(report, drawn, layer_name=layer.get("boundaries"), view=view)
    if kind == "points":
        return points_svg(report, drawn, layer_name=layer.get("boundaries"), view=view)
    return projection_svg(report, drawn, layer.get("axes", ()), view=view)
