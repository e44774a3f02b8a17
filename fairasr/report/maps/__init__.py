"""Maps of an audit: self-contained SVG that needs no network and no script, and GeoJSON for other tools.

No speaker's place is drawn or written, only cohorts: regions, areas, clusters.
"""

from __future__ import annotations

from fairasr.core import DisparityReport
from fairasr.report.maps.bubbles import projection_svg
from fairasr.report.maps.geojson import regions_geojson
from fairasr.report.maps.regions import areas_svg, boxes_svg
from fairasr.report.maps.scale import Scale, scale_of

__all__ = ["Scale", "map_svg", "regions_geojson", "scale_of"]


def map_svg(report: DisparityReport, *, title: str, min_speakers: int | None = None, scale: Scale | None = None) -> str | None:
    """The report's map as one SVG element to be put in a page as it is, legend included; None where there is nothing to draw.

    Colours are the rates (shrunken where the report has them) against the overall rate, blue below and orange above; paler and
    dashed where the interval includes the overall rate, dotted where the interval is wide, hatched where the number is
    suppressed, grey where nobody spoke. Its width follows the page from 340 px up; the legend's text takes the page's colour.

    Args:
        report: `report.map` says what is drawn: "boxes", "areas" or "projection". Boxes may carry "boundaries": "us_states" where
            every speaker is in the US; else boxes within the lower 48 states are drawn over states, and others over countries.
        title: what the map shows, for screen readers.
        min_speakers: the least number of speakers a shown cohort has, for the words about suppressed ones.
        scale: colours, for maps that are to be compared; None: those that suit this report's rates.

    Raises:
        ValueError: the map is of a kind this version cannot draw.
    """
    layer = report.map
    if layer is None:
        return None
    match layer.get("kind"):
        case "boxes":
            boxes, layer_name = layer["boxes"], layer.get("boundaries")
            return (
                boxes_svg(report, boxes, layer_name=layer_name, title=title, min_speakers=min_speakers, scale=scale)
                if boxes
                else None
            )
        case "areas":
            return areas_svg(report, layer["boundaries"], title=title, min_speakers=min_speakers, scale=scale)
        case "projection":
            points, axes = layer["points"], layer.get("axes", ())
            return projection_svg(report, points, axes, title=title, min_speakers=min_speakers, scale=scale) if points else None
        case kind:
            raise ValueError(f"a map of kind {kind!r} cannot be drawn; {report.method!r} may have boxes, areas or projection.")
