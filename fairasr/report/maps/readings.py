"""What a map says of each cohort: its number, how sure that is, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd

from fairasr.core import DisparityReport
from fairasr.report.maps.measures import CHANGE, Measure
from fairasr.report.maps.view import View
from fairasr.report.rate_wording import writing_of

WIDE_HALF_WIDTH = 0.3
"""An interval that reaches 30 % of the rate to either side marks the rate as unreliable (relative standard errors above 30 %
are commonly withheld; half an interval is twice the standard error, so this marks rates from half of that)."""


class Status(StrEnum):
    """Whether a cohort's number may be shown."""

    SHOWN = "shown"
    SUPPRESSED = "suppressed"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One cohort as the map shows it.

    Attributes:
        label: of the cohort, as in the tables.
        status: shown, suppressed (too few speakers), or missing (no speakers there, or no words).
        value: what the colour shows, of the measure that is drawn; NaN unless shown.
        n_speakers: speakers it rests on; 0 unless shown.
        is_unclear: the interval includes the value in the middle, or is unknown; False for measures without intervals.
        is_wide: the interval is wide for the rate; False for measures without intervals.
        is_bottom, is_worst: among the worst tenth; the worst of all (of areas, which nobody ranked: the highest rate).
        words: all of it in a sentence, for the shape's title.
    """

    label: str
    status: Status
    value: float
    n_speakers: int
    is_unclear: bool
    is_wide: bool
    is_bottom: bool
    is_worst: bool
    words: str


def percent(rate: float) -> str:
    """0.3058 -> "30.6 %"; NaN -> "undefined"."""
    return f"{100 * rate:.1f} %" if math.isfinite(rate) else "undefined"


def rate_said(rate: float, *, report: DisparityReport) -> str:
    """A value of the report's rate: "30.6 %", or in its own unit "0.853 Gflop/s"; NaN -> "undefined"."""
    writing = writing_of(report)
    return percent(rate) if writing.is_percent or not math.isfinite(rate) else writing.rate(rate)


def suppression_words(min_speakers: int | None) -> str:
    """Why a number is withheld, in words."""
    return "fewer speakers than may be shown" if min_speakers is None else f"fewer than {min_speakers} speakers"


def read_cohorts(
    table: pd.DataFrame, *, report: DisparityReport, view: View, names: Mapping[str, str] | None = None
) -> dict[str, Reading]:
    """Label -> reading, for every row of a table with the columns of `DisparityReport.cohorts`, in its order (worst first).

    Args:
        table: the report's cohorts, or its areas.
        report: for the overall rate, the name of the rate and which cohort is worst.
        view: what is coloured and how.
        names: label -> name in words, for areas; a label that is not in it is its own name.
    """
    rows = table.to_dict(orient="records")
    shown = [str(row["cohort"]) for row in rows if _status(row) is Status.SHOWN]
    bottom = [str(row["cohort"]) for row in rows if row.get("role") == "bottom" and _status(row) is Status.SHOWN]
    worst = report.worst if report.worst in shown else next(iter(bottom), "") or _highest(rows, view.measure)
    ranks = _Ranks(bottom=frozenset(bottom), worst="" if view.worst_words == "" else worst)
    return {
        str(row["cohort"]): _reading(
            row, report=report, view=view, name=(names or {}).get(str(row["cohort"]), str(row["cohort"])), ranks=ranks
        )
        for row in rows
    }


@dataclass(frozen=True, kw_only=True)
class _Ranks:
    """Who is at the bottom, and who is worst."""

    bottom: frozenset[str]
    worst: str


def _highest(rows: Iterable[Mapping[Any, Any]], measure: Measure) -> str:
    """Label of the highest rate shown, of changes the largest loss; "" where none is."""
    column = CHANGE.column if measure is CHANGE else "rate"
    shown = [row for row in rows if _status(row) is Status.SHOWN and not math.isnan(_number(row, column))]
    return str(max(shown, key=lambda row: _number(row, column))["cohort"]) if shown else ""


def no_speakers(label: str, name: str | None = None) -> Reading:
    """The reading of a region or area that has no row."""
    return _silent(label, Status.MISSING, words=f"{name or label}: no speakers.")


def _silent(label: str, status: Status, *, words: str) -> Reading:
    """A reading without a value."""
    return Reading(
        label=label,
        status=status,
        value=math.nan,
        n_speakers=0,
        is_unclear=True,
        is_wide=False,
        is_bottom=False,
        is_worst=False,
        words=words,
    )


def _number(row: Mapping[Any, Any], column: str) -> float:
    value = row.get(column)
    return math.nan if value is None or pd.isna(value) else float(value)


def _ends(row: Mapping[Any, Any], column: str) -> tuple[float, float]:
    """Both ends of the interval of a column, NaN where there is none."""
    return _number(row, f"{column}_lo"), _number(row, f"{column}_hi")


def _status(row: Mapping[Any, Any]) -> Status:
    reason = row.get("suppressed")
    if isinstance(reason, str) and reason:
        return Status.SUPPRESSED
    return Status.SHOWN if math.isfinite(_number(row, "rate")) else Status.MISSING


def _reading(row: Mapping[Any, Any], *, report: DisparityReport, view: View, name: str, ranks: _Ranks) -> Reading:
    label = str(row["cohort"])
    status = _status(row)
    if status is Status.MISSING:
        return no_speakers(label, name)
    if status is Status.SUPPRESSED:
        because = suppression_words(view.min_speakers)
        is_complementary = row["suppressed"] == "complementary"
        words = f"not shown, it would give away a group with {because}." if is_complementary else f"not shown, {because}."
        return _silent(label, status, words=f"{name}: {words}")
    measure = view.measure
    shrunken = _number(row, "rate_shrunken")
    value = shrunken if measure.key == "rate" and view.is_shrunken and math.isfinite(shrunken) else _number(row, measure.column)
    words = f"{name}: {_words(row, report=report, measure=measure)}"
    if math.isnan(value):
        return _silent(label, Status.MISSING, words=words)
    rate, (low, high) = _number(row, "rate"), _ends(row, "rate")
    is_wide = not _has_ends(low, high) or (high - low) / 2 > WIDE_HALF_WIDTH * rate
    n_speakers = _number(row, "n_speakers")
    return Reading(
        label=label,
        status=status,
        value=value,
        n_speakers=int(n_speakers) if math.isfinite(n_speakers) else 0,
        is_unclear=measure.has_interval and _is_unclear(row, measure.column, middle=view.middle(report)),
        is_wide=measure.has_interval and measure is not CHANGE and is_wide,
        is_bottom=label in ranks.bottom,
        is_worst=label == ranks.worst,
        words=words,
    )


def _has_ends(low: float, high: float) -> bool:
    return math.isfinite(low) and math.isfinite(high)


def _is_unclear(row: Mapping[Any, Any], column: str, *, middle: float) -> bool:
    """Whether the interval is unknown or includes the middle; an end may be infinite, as that of a change from few errors."""
    low, high = _ends(row, column)
    return math.isnan(low) or math.isnan(high) or not math.isfinite(middle) or low <= middle <= high


def _words(row: Mapping[Any, Any], *, report: DisparityReport, measure: Measure) -> str:
    """All that is known of a shown cohort, in a sentence without its name: the measure first, always the rate."""
    n_speakers = _number(row, "n_speakers")
    speakers = f"{int(n_speakers) if math.isfinite(n_speakers) else 0:,} speakers"
    if measure is CHANGE:
        ends = " → ".join(percent(_number(row, f"rate_{end}")) for end in ("before", "after"))
        doubt = ", may be no change." if _is_unclear(row, measure.column, middle=0.0) else "."
        return f"{report.rate_name} {ends}, relative change {_with_interval(row, measure)}, {speakers}{doubt}"
    low, high = _ends(row, "rate")
    rate, least, most = (rate_said(value, report=report) for value in (_number(row, "rate"), low, high))
    interval = f"95 % interval {least} to {most}" if _has_ends(low, high) else "interval unknown"
    words = f"{report.rate_name} {rate} ({interval}), {speakers}"
    if measure.key != "rate":
        words = f"{measure.words.lower()} {_with_interval(row, measure)}; {words}"
    is_unclear = _is_unclear(row, "rate", middle=report.cohorts_overall.value)
    return words + (", not clearly different from all speakers." if is_unclear else ".")


def _with_interval(row: Mapping[Any, Any], measure: Measure) -> str:
    """The value of a measure with its interval, where the table has one."""
    value, (low, high) = _number(row, measure.column), _ends(row, measure.column)
    if not math.isfinite(value):
        return "undefined"
    return measure.said(value) + (f" (95 % interval {measure.said(low)} to {measure.said(high)})" if _has_ends(low, high) else "")
