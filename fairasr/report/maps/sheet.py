"""What all maps share: the panel with its shapes, the labels, the legend below, and the words for who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence

from fairasr.core import DisparityReport
from fairasr.report.maps.frames import WIDTH, Frame
from fairasr.report.maps.legend import legend, legend_height
from fairasr.report.maps.readings import percent, rate_said
from fairasr.report.maps.shapes import Shape, draw_labels, draw_selected, draw_shapes, entries_of, words_of
from fairasr.report.maps.svg import BORDER, INK, LAND, SEA, document, element, prefix_of, text
from fairasr.report.maps.view import View

GAP = 10
"""Between the panel and the legend."""

LONGEST_NAME = 14
"""Characters of the name of what is drawn that the legend has room for; a longer one stands in the title alone."""


def land_map(
    frame: Frame,
    shapes: Sequence[Shape],
    *,
    report: DisparityReport,
    view: View,
    worst_words: str,
    labelled: Sequence[Shape] | None = None,
    sentences: str = "",
    size_words: str = "",
) -> str:
    """Sea, land, shapes, borders, labels and legend.

    Args:
        frame: the land.
        shapes: what is coloured.
        report: what they are of.
        view: how it is drawn.
        worst_words: what the legend calls the heavy outline.
        labelled: the shapes as they are labelled; None: as `shapes` are.
        sentences: said before the overall value, for who cannot see the map.
        size_words: what the size of the shapes says, where they are bubbles and not pieces of land: then borders lie below them,
            each is labelled on wide pages, and land without one is no place without speakers.
    """
    prefix = prefix_of(report.method, report.system, view.title)
    borders = element("use", href=f"#{prefix}-land", fill="none", stroke=BORDER, stroke_width=0.7)
    if frame.fine_borders:
        borders += element("path", d=frame.fine_borders, fill="none", stroke=BORDER, stroke_width=0.4)
    scale = view.scale_for(report, (shape.reading.value for shape in shapes))
    drawn = draw_shapes(shapes, scale=scale, prefix=prefix, view=view)
    lines = element("g", borders, pointer_events="none", aria_hidden="true")
    panel = (
        element("rect", width=WIDTH, height=frame.height, fill=SEA)
        + element("use", href=f"#{prefix}-land", fill=LAND)
        + (lines + drawn if size_words else drawn + lines)
        + draw_selected(shapes, view=view)
        + draw_labels(shapes if labelled is None else labelled, height=frame.height, is_all=bool(size_words))
        + (text(size_words, x=12, y=frame.height - 12, fill=INK, class_="label") if size_words else "")
    )
    body = (
        element("clipPath", element("rect", width=WIDTH, height=frame.height, rx=6), id=f"{prefix}-page")
        + element("defs", element("path", id=f"{prefix}-land", d=frame.coast))
        + element("g", panel, clip_path=f"url(#{prefix}-page)")
    )
    return finished(
        body,
        shapes,
        height=frame.height,
        report=report,
        view=view,
        worst_words=worst_words,
        has_empty_land=not size_words,
        sentences=sentences,
    )


def finished(
    body: str,
    shapes: Sequence[Shape],
    *,
    height: float,
    report: DisparityReport,
    view: View,
    worst_words: str,
    has_empty_land: bool,
    sentences: str = "",
) -> str:
    """The whole SVG: the panel `body` of that height, the legend of what is in it, and the words."""
    readings = [shape.reading for shape in shapes]
    prefix = prefix_of(report.method, report.system, view.title)
    entries = entries_of(
        readings,
        prefix=prefix,
        view=view,
        has_empty_land=has_empty_land,
        worst_words=_of_the_highest(worst_words, report=report) if view.worst_words is None else view.worst_words,
    )
    scale = view.scale_for(report, (reading.value for reading in readings))
    overall = f"{report.rate_name} overall {rate_said(report.cohorts_overall.value, report=report)}."
    if view.overall is not None:
        overall = f"{view.measure.words} overall {percent(view.overall)}, {overall}"
    elif view.measure.key != "rate":
        overall = f"{view.measure.words}. {overall}"
    return document(
        body + legend(scale, entries, name=_short_name(view.measure.name(report.rate_name)), top=height + GAP),
        height=height + GAP + legend_height(len(entries)),
        words=words_of(
            readings,
            overall=f"{sentences} {overall}".strip(),
            has_worst=view.measure.key == "rate" and report.measure is None,
        ),
        view=view,
        prefix=prefix,
        n_shapes=len(shapes),
    )


def _of_the_highest(worst_words: str, *, report: DisparityReport) -> str:
    """What the heavy outline means: of a rate that is not of errors, the highest cohort need not be the worst."""
    return worst_words if report.measure is None else worst_words.replace("worst", "highest")


def _short_name(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else ""
