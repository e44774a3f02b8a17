"""How a map is to be drawn: its title, what it colours, where its shapes lead, which one is selected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fairasr.core import DisparityReport
from fairasr.report.maps.measures import MEASURES, Measure
from fairasr.report.maps.scale import Scale, scale_of
from fairasr.report.rate_wording import writing_of


@dataclass(frozen=True, kw_only=True)
class View:
    """Settings of one drawing.

    Attributes:
        title: what the map shows, for screen readers.
        min_speakers: the least number of speakers a shown cohort has, for the words about suppressed ones; None: not known.
        scale: colours, for maps that are to be compared; None: those that suit the values drawn.
        measure: what is coloured.
        is_shrunken: colour error rates by their shrunken values, where the report has them.
        overall: value of a kind of error over all speakers; None for the other measures, which know their middle.
        links: label of a cohort -> where its shape leads.
        selected: label of the shape that stands out; "" for none.
        has_style: whether the SVG carries its style; without, the page must hold `MAP_STYLE`.
        worst_words: what the legend calls the cohort with the heavy outline; "" outlines none. None: what suits the map.
    """

    title: str
    min_speakers: int | None = None
    scale: Scale | None = None
    measure: Measure = MEASURES["rate"]
    is_shrunken: bool = True
    overall: float | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    selected: str = ""
    has_style: bool = True
    worst_words: str | None = None

    @property
    def has_link_style(self) -> bool:
        """Whether shapes lead anywhere or one stands out."""
        return bool(self.links or self.selected)

    def middle(self, report: DisparityReport) -> float:
        """The value at the middle of the colours."""
        if self.measure.centre == "zero":
            return 0.0
        return report.cohorts_overall.value if self.overall is None else self.overall

    def scale_for(self, report: DisparityReport, values: Iterable[float]) -> Scale:
        """The scale that is given, or one that holds all values."""
        if self.scale is not None:
            return self.scale
        unit = self.measure.unit if self.measure.centre == "zero" else ""
        return scale_of(values, overall=self.middle(report), linear_unit=unit, writing=writing_of(report))
