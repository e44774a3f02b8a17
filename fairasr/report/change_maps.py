"""Maps before and after side by side, in the same colours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from fairasr.core import UNDEFINED, ChangeReport, Comparison, DisparityReport, Estimate, Gaps, Spread, SystemChange
from fairasr.core.disparity import ALL, OTHER, TARGET
from fairasr.report.maps import Scale, map_svg, scale_of
from fairasr.report.wording import clipped


def map_pair(comparison: Comparison, system: SystemChange) -> tuple[str, str] | None:
    """The map before and the map after one new system, on one scale around the overall rate before; None without a map."""
    if comparison.map is None:
        return None
    shown = system.change if system.areas is None else system.areas
    rates = [rate for end in ("before", "after") for rate in _numbers(shown, f"rate_{end}")]
    overall = _overall(system.change, "before").value
    scale = scale_of(rates, overall=overall, words="overall before")
    before, after = (_map(comparison, system, end=end, scale=scale) for end in ("before", "after"))
    return (before, after) if before and after else None


def _in_order(layer: Mapping[str, Any]) -> dict[str, Any]:
    """The layer with its shapes by label, so that a result drawn from memory and one read from JSON give the same bytes."""
    return {name: dict(sorted(value.items())) if isinstance(value, Mapping) else value for name, value in layer.items()}


def _numbers(change: ChangeReport, column: str) -> list[float]:
    rows = change.changes[change.changes["role"].isin([TARGET, OTHER])]
    return [float(value) for value in rows[column]] if column in rows else []


def _map(comparison: Comparison, system: SystemChange, *, end: str, scale: Scale) -> str | None:
    name = comparison.before if end == "before" else system.after
    title = f"{comparison.rate_name} {end}: {clipped(comparison.before)} → {clipped(system.after)}"
    cohorts = _cohorts(system.change, end)
    highest = cohorts["cohort"].iloc[0] if len(cohorts) and math.isfinite(cohorts["rate"].iloc[0]) else None
    report = DisparityReport(
        method=comparison.cohort_method,
        system=name,
        rate_name=comparison.rate_name,
        cohorts=cohorts,
        honest=_no_gaps(() if highest is None else (str(highest),)),
        apparent=_no_gaps(()),
        spread=Spread(n_cohorts=0, mean=math.nan, max=math.nan, variance=math.nan, percentile_90=math.nan),
        cohorts_basis="confirmation",
        cohorts_overall=_overall(system.change, end),
        map=_in_order(comparison.map or {}),
        areas=None if system.areas is None else _cohorts(system.areas, end),
    )
    return map_svg(report, title=title, min_speakers=comparison.min_speakers, scale=scale)


def _cohorts(change: ChangeReport, end: str) -> pd.DataFrame:
    """Rows of single cohorts as a map reads them, highest rate first; targets are drawn like the bottom of an audit."""
    rows = change.changes[change.changes["role"].isin([TARGET, OTHER])]
    table = pd.DataFrame(
        {
            "cohort": rows["cohort"],
            "suppressed": rows["suppressed"],
            "role": ["bottom" if role == TARGET else "" for role in rows["role"]],
            "n_speakers": rows.get("n_speakers", math.nan),
            **{f"rate{suffix}": rows.get(f"rate_{end}{suffix}", math.nan) for suffix in ("", "_lo", "_hi")},
        }
    )
    return table.sort_values("rate", ascending=False, kind="stable", ignore_index=True)


def _overall(change: ChangeReport, end: str) -> Estimate:
    row = change.changes[change.changes["role"] == ALL].iloc[0]
    return Estimate(value=float(row[f"rate_{end}"]), lo=float(row[f"rate_{end}_lo"]), hi=float(row[f"rate_{end}_hi"]))


def _no_gaps(bottom: tuple[str, ...]) -> Gaps:
    """Gaps that say nothing but who is worst: a map reads no more of them."""
    return Gaps(
        basis="confirmation",
        bottom=bottom,
        top=(),
        bottom_rate=UNDEFINED,
        top_rate=UNDEFINED,
        overall_rate=UNDEFINED,
        relative_to_top=UNDEFINED,
        relative_to_bottom=UNDEFINED,
        relative_to_overall=UNDEFINED,
        difference_to_overall=UNDEFINED,
        difference_to_rest=UNDEFINED,
        bottom_n_speakers=math.nan,
        top_n_speakers=math.nan,
        n_speakers=0,
        bottom_share_speakers=math.nan,
        bottom_share_words=math.nan,
    )
