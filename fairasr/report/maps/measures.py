"""What a map can colour: the error rate, one kind of error, or the difference to all speakers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fairasr.report.numbers import decimal


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One column of a report's cohorts, as a map shows it.

    Attributes:
        key: names it in `MEASURES` and in addresses.
        words: what it is called on a page.
        column: of `DisparityReport.cohorts`; ends of its interval, where it has one, are in `column` + "_lo" and "_hi".
        unit: "%" of words, or "points" for a difference of two rates (percentage points).
        centre: what the middle of the colours is: "overall", the value of all speakers together, or "zero", no difference.
        has_interval: whether the table has intervals of it; without, a map cannot say what is clearly different.
    """

    key: str
    words: str
    column: str
    unit: Literal["%", "points"] = "%"
    centre: Literal["overall", "zero"] = "overall"
    has_interval: bool = False

    def name(self, rate_name: str) -> str:
        """What a legend calls it: the report's rate by its own name ("WER"), a kind of error by its words."""
        return self.words if self.centre == "overall" and self.key != "rate" else rate_name

    def said(self, value: float) -> str:
        """The value with its unit: "12.3 %", "+4.0 points"; a difference has its sign."""
        return f"{decimal(100 * value, signed=self.centre == 'zero')} {self.unit}"


MEASURES: Mapping[str, Measure] = {
    measure.key: measure
    for measure in (
        Measure(key="rate", words="Error rate", column="rate", has_interval=True),
        Measure(key="substitutions", words="Substitutions", column="substitution_rate"),
        Measure(key="deletions", words="Deletions", column="deletion_rate"),
        Measure(key="insertions", words="Insertions", column="insertion_rate"),
        Measure(
            key="gap",
            words="Difference to all speakers",
            column="difference_to_overall",
            unit="points",
            centre="zero",
            has_interval=True,
        ),
    )
}
"""By key, in the order a page offers them."""

CHANGE = Measure(key="change", words="Relative change", column="relative_change", centre="zero", has_interval=True)
"""Of one system against another; of a table with the columns of `ChangeReport.changes`."""
