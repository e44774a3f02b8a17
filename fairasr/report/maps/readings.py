"""What a map says of each cohort: its number, how sure that is, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd

from fairasr.core import DisparityReport

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
        rate: what the colour shows (shrunken where the report has it); NaN unless shown.
        n_speakers: speakers it rests on; 0 unless shown.
        is_unclear: the interval includes the overall rate, or is unknown.
        is_wide: the interval is wide for the rate.
        is_bottom, is_worst: among the worst tenth; the worst of all (of areas, which nobody ranked: the highest rate).
        words: all of it in a sentence, for the shape's title.
    """

    label: str
    status: Status
    rate: float
    n_speakers: int
    is_unclear: bool
    is_wide: bool
    is_bottom: bool
    is_worst: bool
    words: str


def percent(rate: float) -> str:
    """0.3058 -> "30.6 %"; NaN -> "undefined"."""
    return f"{100 * rate:.1f} %" if math.isfinite(rate) else "undefined"


def suppression_words(min_speakers: int | None) -> str:
    """Why a number is withheld, in words."""
    return "fewer speakers than may be shown" if min_speakers is None else f"fewer than {min_speakers} speakers"


def read_cohorts(
    table: pd.DataFrame, *, report: DisparityReport, names: Mapping[str, str], min_speakers: int | None
) -> dict[str, Reading]:
    """Label -> reading, for every row of a table with the columns of `DisparityReport.cohorts`, in its order (worst first).

    Args:
        table: the report's cohorts, or its areas.
        report: for the overall rate, the name of the rate and which cohort is worst.
        names: label -> name in words, for areas; a label that is not in it is its own name.
        min_speakers: the least number of speakers that is shown, for the wording.
    """
    rows = table.to_dict(orient="records")
    shown = [str(row["cohort"]) for row in rows if _status(row) is Status.SHOWN]
    bottom = [str(row["cohort"]) for row in rows if row.get("role") == "bottom" and _status(row) is Status.SHOWN]
    worst = report.worst if report.worst in shown else next(iter(bottom), "") or _highest(rows)
    return {
        str(row["cohort"]): _reading(
            row,
            report=report,
            name=names.get(str(row["cohort"]), str(row["cohort"])),
            bottom=frozenset(bottom),
            worst=worst,
            min_speakers=min_speakers,
        )
        for row in rows
    }


def _highest(rows: Iterable[Mapping[Any, Any]]) -> str:
    """Label of the highest rate shown, "" where none is."""
    shown = [row for row in rows if _status(row) is Status.SHOWN]
    return str(max(shown, key=lambda row: _number(row, "rate"))["cohort"]) if shown else ""


def no_speakers(label: str, name: str | None = None) -> Reading:
    """The reading of a region or area that has no row."""
    return Reading(
        label=label,
        status=Status.MISSING,
        rate=math.nan,
        n_speakers=0,
        is_unclear=True,
        is_wide=False,
        is_bottom=False,
        is_worst=False,
        words=f"{name or label}: no speakers.",
    )


def _number(row: Mapping[Any, Any], column: str) -> float:
    value = row.get(column)
    return math.nan if value is None or pd.isna(value) else float(value)


def _status(row: Mapping[Any, Any]) -> Status:
    reason = row.get("suppressed")
    if isinstance(reason, str) and reason:
        return Status.SUPPRESSED
    return Status.SHOWN if math.isfinite(_number(row, "rate")) else Status.MISSING


def _reading(
    row: Mapping[Any, Any], *, report: DisparityReport, name: str, bottom: frozenset[str], worst: str, min_speakers: int | None
) -> Reading:
    label = str(row["cohort"])
    status = _status(row)
    if status is Status.MISSING:
        return no_speakers(label, name)
    if status is Status.SUPPRESSED:
        words = f"{name}: not shown, {suppression_words(min_speakers)}."
        if row["suppressed"] == "complementary":
            words = f"{name}: not shown, it would give away a group with {suppression_words(min_speakers)}."
        return Reading(
            label=label,
            status=status,
            rate=math.nan,
            n_speakers=0,
            is_unclear=True,
            is_wide=False,
            is_bottom=False,
            is_worst=False,
            words=words,
        )
    rate, low, high = (_number(row, column) for column in ("rate", "rate_lo", "rate_hi"))
    shrunken = _number(row, "rate_shrunken")
    overall = report.cohorts_overall.value
    has_interval = math.isfinite(low) and math.isfinite(high)
    interval = f" (95 % interval {percent(low)} to {percent(high)})" if has_interval else " (interval unknown)"
    n_speakers = _number(row, "n_speakers")
    n_speakers = int(n_speakers) if math.isfinite(n_speakers) else 0
    is_unclear = not has_interval or not math.isfinite(overall) or low <= overall <= high
    return Reading(
        label=label,
        status=status,
        rate=shrunken if math.isfinite(shrunken) else rate,
        n_speakers=n_speakers,
        is_unclear=is_unclear,
        is_wide=not has_interval or (high - low) / 2 > WIDE_HALF_WIDTH * rate,
        is_bottom=label in bottom,
        is_worst=label == worst,
        words=f"{name}: {report.rate_name} {percent(rate)}{interval}, {n_speakers:,} speakers"
        + (", not clearly different from all speakers." if is_unclear else "."),
    )
