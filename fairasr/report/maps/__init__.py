"""Maps of an audit: self-contained SVG that needs no network and no script, and GeoJSON for other tools.

No speaker's place is drawn or written, only cohorts: regions, areas, clusters.
"""

from __future__ import annotations

from collections.abc import Mapping

from fairasr.core import DisparityReport
from fairasr.report.maps.drawing import draw_map
from fairasr.report.maps.geojson import regions_geojson
from fairasr.report.maps.measures import MEASURES, Measure
from fairasr.report.maps.scale import Scale, scale_of
from fairasr.report.maps.svg import MAP_STYLE
from fairasr.report.maps.view import View

__all__ = ["MAP_STYLE", "MEASURES", "Measure", "Scale", "map_svg", "regions_geojson", "scale_of"]


def map_svg(
    report: DisparityReport,
    *,
    title: str,
    min_speakers: int | None = None,
    scale: Scale | None = None,
    measure: str = "rate",
    shrunken: bool = True,
    overall: float | None = None,
    links: Mapping[str, str] | None = None,
    selected: str = "",
    has_style: bool = True,
) -> str | None:
    """The report's map as one SVG element to be put in a page as it is, legend included; None where there is nothing to draw.

    Colours are the rates (shrunken where the report has them) against the overall rate, blue below and orange above; paler and
    dashed where the interval includes the overall rate, dotted where the interval is wide, hatched where the number is
    suppressed, grey where nobody spoke. Its width follows the page from 340 px up; the legend's text takes the page's colour.

    Args:
        report: `report.map` says what is drawn: "boxes", "areas", "points" or "projection". Boxes may carry "boundaries":
            "us_states" where every speaker is in the US; else boxes within the lower 48 states are drawn over states, and others
            over countries. Areas are those of `report.areas`, or with "areas": "cohorts" the cohorts whose labels name them.
        title: what the map shows, for screen readers.
        min_speakers: the least number of speakers a shown cohort has, for the words about suppressed ones.
        scale: colours, for maps that are to be compared; None: those that suit this report's values.
        measure: what is coloured, a key of `MEASURES`. Kinds of errors have no interval, so nothing is pale, dashed or dotted.
        shrunken: colour error rates by their shrunken values; False: as they were measured.
        overall: value of a kind of error over all speakers, which the report does not hold: the middle of its colours.
        links: label of a cohort (of areas that are not cohorts, their id) -> where its shape leads. Each such shape is an `a` of
            class "shape-link" with `data-cohort`; on a map of more than 60 it is left to the tables beside it to be reached by
            keyboard.
        selected: label of the shape that stands out by a double outline; "" for none.
        has_style: whether the SVG carries its style; without it, the page's style sheet must hold `MAP_STYLE`.

    Raises:
        ValueError: the map is of a kind this version cannot draw, or the measure is none, or it is a kind of error and there is no
            `overall`.
    """
    if measure not in MEASURES:
        raise ValueError(f"there is no measure {measure!r} to map. Choose one of {', '.join(MEASURES)}.")
    chosen = MEASURES[measure]
    needs_overall = chosen.key != "rate" and chosen.centre == "overall"
    if needs_overall and overall is None:
        raise ValueError(f"a map of {measure} needs their rate over all speakers as the middle of its colours. Pass overall.")
    view = View(
        title=title,
        min_speakers=min_speakers,
        scale=scale,
        measure=chosen,
        is_shrunken=shrunken,
        overall=overall if needs_overall else None,
        links=links or {},
        selected=selected,
        has_style=has_style,
    )
    return draw_map(report, view)
