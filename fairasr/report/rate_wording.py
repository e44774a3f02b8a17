"""How a rate and all that is said of it are written: errors in percent of words, any other rate in its own unit and words.

Of errors more is worse. Of another rate nobody has said so: its groups are the highest and the lowest, not the worst and the best.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from fairasr.core import Estimate, Rate
from fairasr.report import numbers
from fairasr.report.wording import COHORT_COLUMNS, METHOD_COLUMNS, RATES, clipped

SIGNIFICANT_DIGITS = 3
MOST_PLACES = 9

OF_ERRORS = ("substitution_rate", "deletion_rate", "insertion_rate", "n_missing", "n_empty", "n_loops")
"""Columns of a cohort that only errors in transcripts have."""

OF_RATES = {"n_ref_words": "denominator"}
"""Columns of a cohort that are called after errors -> what files of another rate call them."""

RATE_METHOD_COLUMNS: Mapping[str, str] = {
    "Way of grouping": METHOD_COLUMNS["Way of grouping"],
    "Gap to the lowest": "Rate of the highest groups divided by that of the lowest groups, minus 1. 50 % means half as much again. "
    "In square brackets the 95 % interval.",
    "Gap to the highest": "1 minus the lowest rate divided by the highest: the same two rates, told from the other side. 33 % here "
    "is the same gap as 50 % in the column before.",
    "Highest against all": "Rate of the highest groups minus that of all speakers.",
    "Who is in the highest groups": "Part of the speakers, and of what the rate is over, that is in the highest groups.",
    "Apparent and honest": METHOD_COLUMNS["Apparent and honest"],
    "p": METHOD_COLUMNS["p"].replace("says nothing about errors", "says nothing about the rate"),
    "Stability": METHOD_COLUMNS["Stability"],
}

RATE_COHORT_COLUMNS: Mapping[str, str] = {
    "Group": "Who they are. “Ranked highest” and “ranked lowest”: by the speakers used for discovery.",
    "Rate": "Sum over sum of the whole group; the bar is the 95 % interval, the dashed line the rate of all speakers. An arrow "
    "head means that the interval goes on.",
    "Against all": "Rate minus the rate of all speakers.",
    "Speakers": "Speakers the estimate rests on, and the sum that the rate is over. The speaker is the unit of every interval and "
    "test. Then rows that could not be used at all.",
    "p": COHORT_COLUMNS["p"],
}


class HasRate(Protocol):
    """A result that knows what its rate is: a system, a way of grouping."""

    @property
    def rate_name(self) -> str:
        """What the rate is called."""

    @property
    def measure(self) -> Rate | None:
        """What it is made of; None for errors."""


@dataclass(frozen=True, kw_only=True)
class Writing:
    """Writes the values of one rate.

    Attributes:
        name: of the rate: "WER", "compute per second".
        measure: what it is made of; None for errors in transcripts.
    """

    name: str
    measure: Rate | None = None

    @property
    def is_of_errors(self) -> bool:
        """Whether it counts errors, so that more is worse."""
        return self.measure is None

    @property
    def is_percent(self) -> bool:
        """Whether values are shares: errors of words, or parts of a whole."""
        return self.measure is None or self.measure.share

    @property
    def words(self) -> str:
        """The rate in a sentence: "word error rate"."""
        return RATES.get(self.name, clipped(self.name))

    @property
    def denominator(self) -> str:
        """What a table calls that which the rate is over: "words", or its column."""
        return "words" if self.measure is None else clipped(self.measure.denominator)

    @property
    def unit(self) -> str:
        """Behind the name of a column or an axis: " (%)", " (Gflop/s)"; "" for a plain number."""
        unit = "%" if self.is_percent else clipped(self.measure.unit) if self.measure else ""
        return f" ({unit})" if unit else ""

    @property
    def worst(self) -> str:
        """What the highest cohorts are called."""
        return "worst" if self.is_of_errors else "highest"

    @property
    def best(self) -> str:
        """What the lowest cohorts are called."""
        return "best" if self.is_of_errors else "lowest"

    @property
    def best_served(self) -> str:
        """What the gap is to, in its usual convention."""
        return "the best served" if self.is_of_errors else "the lowest"

    @property
    def group_words(self) -> Mapping[str, str]:
        """Columns of a table of cohorts, with how each is read."""
        return COHORT_COLUMNS if self.is_of_errors else RATE_COHORT_COLUMNS

    @property
    def method_words(self) -> Mapping[str, str]:
        """Columns of the table of ways of grouping, with how each is read."""
        return METHOD_COLUMNS if self.is_of_errors else RATE_METHOD_COLUMNS

    @property
    def ranks(self) -> Mapping[str, str]:
        """Role of a cohort -> the tag it bears."""
        return {"bottom": f"ranked {self.worst}", "top": f"ranked {self.best}"}

    @property
    def bare(self) -> Writing:
        """The same without the unit, for columns whose heading has it."""
        return self if self.measure is None else replace(self, measure=replace(self.measure, unit=""))

    def rate(self, value: Any, *, because: str = "") -> str:
        """One value: "12.3 %", "0.853 Gflop/s"; missing is "not estimable" and, in brackets, why."""
        known = numbers.number(value)
        if self.is_percent or not math.isfinite(known):
            return numbers.percent(known, because=because)
        return self._with_unit(self.number(known))

    def number(self, value: float) -> str:
        """One value without its unit: "12.3", "0.853"."""
        return numbers.per_hundred(value) if self.is_percent else _significant(value, places=_places(value))

    def rate_interval(self, estimate: Estimate, *, because: str = "") -> str:
        """A value and its 95 % interval: "0.853 Gflop/s [0.801, 0.912]"."""
        if self.is_percent or not math.isfinite(estimate.value):
            return numbers.percent_interval(estimate, because=because)
        return self._interval(estimate, signed=False)

    def difference(self, value: Any) -> str:
        """A difference of two values: "+3.1 points", "+0.213 Gflop/s"."""
        known = numbers.number(value)
        if self.is_percent or not math.isfinite(known):
            return numbers.points(known)
        return self._with_unit(_significant(known, places=_places(known), signed=True))

    def difference_interval(self, estimate: Estimate, *, because: str = "") -> str:
        """A difference and its 95 % interval: "+0.213 Gflop/s [+0.110, +0.316]"."""
        if self.is_percent or not math.isfinite(estimate.value):
            return numbers.points_interval(estimate, because=because)
        return self._interval(estimate, signed=True)

    def size(self, value: float) -> str:
        """How large a difference is, without its sign: "4.2 points", "0.213 Gflop/s"."""
        return self.difference(abs(value)).lstrip("+")

    def tick(self, value: float) -> str:
        """A value on an axis whose heading has the unit."""
        return f"{100 * value:g}" if self.is_percent else f"{value:,.6g}"

    def total(self, count: Any) -> str:
        """What a rate is over, in a table cell: "12,345 words"."""
        return f"{numbers.count(count)}{numbers.SPACE}{self.denominator}"

    def _interval(self, estimate: Estimate, *, signed: bool) -> str:
        ends = (estimate.value, estimate.lo, estimate.hi)
        places = min(_places(end) for end in ends if math.isfinite(end))
        value = self._with_unit(_significant(estimate.value, places=places, signed=signed))
        if not estimate.is_known:
            return f"{value} {numbers.brackets(estimate)}"
        low, high = (_significant(end, places=places, signed=signed) for end in ends[1:])
        return f"{value} [{low},{numbers.SPACE}{high}]"

    def _with_unit(self, value: str) -> str:
        unit = self.measure.unit if self.measure else ""
        return f"{value}{numbers.SPACE}{unit}" if unit else value


def writing_of(result: HasRate) -> Writing:
    """How the rate of a system or of a way of grouping is written."""
    return Writing(name=result.rate_name, measure=result.measure)


def _places(value: float) -> int:
    """Decimals that show `SIGNIFICANT_DIGITS` digits of a number."""
    if value == 0 or not math.isfinite(value):
        return SIGNIFICANT_DIGITS - 1
    return min(max(0, SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(abs(value)))), MOST_PLACES)


def _significant(value: float, *, places: int, signed: bool = False) -> str:
    return numbers.decimal(value, signed=signed, places=places)
