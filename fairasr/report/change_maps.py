"""Maps before and after side by side in the same colours, and the map of the change between them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from fairasr.core import ChangeReport, Comparison, DisparityReport, Estimate, SystemChange
from fairasr.core.disparity import ALL, OTHER, TARGET
from fairasr.report.maps.drawing import draw_map
from fairasr.report.maps.measures import CHANGE
from fairasr.report.maps.rates import report_of_rates
from fairasr.report.maps.scale import scale_of
from fairasr.report.maps.view import View
from fairasr.report.wording import clipped


def map_pair(
    comparison: Comparison,
    system: SystemChange,
    *,
    links: Mapping[str, str] | None = None,
    selected: str = "",
    has_style: bool = True,
) -> tuple[str, str] | None:
    """The map before and the map after one new system, on one scale around the overall rate before; None without a map.

    Args:
        comparison: what is drawn.
        system: one of its new systems.
        links, selected, has_style: as in `map_svg`.
    """
    if comparison.map is None:
        return None
    shown = system.change if system.areas is None else system.areas
    rates = [rate for end in ("before", "after") for rate in _numbers(shown, f"rate_{end}")]
    overall = _overall(system.change, "before").value
    scale = scale_of(rates, overall=overall, words="overall before")
    before, after = (
        draw_map(
            _report_of(
                comparison,
                system,
                name=comparison.before if end == "before" else system.after,
                cohorts=_cohorts(system.change, end),
                areas=None if system.areas is None else _cohorts(system.areas, end),
                overall=_overall(system.change, end),
            ),
            View(
                title=f"{comparison.rate_name} {end}: {clipped(comparison.before)} → {clipped(system.after)}",
                min_speakers=comparison.min_speakers,
                scale=scale,
                links=links or {},
                selected=selected,
                has_style=has_style,
            ),
        )
        for end in ("before", "after")
    )
    return (before, after) if before and after else None


def change_map(
    comparison: Comparison,
    system: SystemChange,
    *,
    links: Mapping[str, str] | None = None,
    selected: str = "",
    has_style: bool = True,
) -> str | None:
    """The map of how much each cohort gains or loses by one new system; None without a map.

    Colours are relative changes of the rate: blue for fewer errors, orange for more, in equal steps around no change; paler and
    dashed where the interval includes no change. The heavy outline is that of the cohort which loses most, where one does.

    Args:
        comparison: what is drawn.
        system: one of its new systems.
        links, selected, has_style: as in `map_svg`.
    """
    if comparison.map is None:
        return None
    cohorts = _changed(system.change)
    drawn = cohorts if system.areas is None else _changed(system.areas)
    loses = bool((drawn["relative_change"] > 0).any())
    report = _report_of(
        comparison,
        system,
        name=system.after,
        cohorts=cohorts,
        areas=None if system.areas is None else drawn,
        overall=_overall(system.change, "before"),
    )
    unit = CHANGE.unit
    view = View(
        title=f"Change of {comparison.rate_name}: {clipped(comparison.before)} → {clipped(system.after)}",
        min_speakers=comparison.min_speakers,
        scale=scale_of(drawn["relative_change"], overall=0.0, words="before", linear_unit=unit),
        measure=CHANGE,
        links=links or {},
        selected=selected,
        has_style=has_style,
        worst_words="largest loss" if loses else "",
    )
    return draw_map(report, view)


def _in_order(layer: Mapping[str, Any]) -> dict[str, Any]:
    """The layer with its shapes by label, so that a result drawn from memory and one read from JSON give the same bytes."""
    return {name: dict(sorted(value.items())) if isinstance(value, Mapping) else value for name, value in layer.items()}


def _numbers(change: ChangeReport, column: str) -> list[float]:
    rows = change.changes[change.changes["role"].isin([TARGET, OTHER])]
    return [float(value) for value in rows[column]] if column in rows else []


def _report_of(
    comparison: Comparison,
    system: SystemChange,
    *,
    name: str,
    cohorts: pd.DataFrame,
    areas: pd.DataFrame | None,
    overall: Estimate,
) -> DisparityReport:
    """A report that holds what a map reads: these cohorts, the first of them the worst, and the areas."""
    return report_of_rates(
        cohorts,
        method=comparison.cohort_method,
        system=name,
        rate_name=comparison.rate_name,
        overall=overall,
        layer=_in_order(comparison.map or {}),
        areas=areas,
    )


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


def _changed(change: ChangeReport) -> pd.DataFrame:
    """Rows of single cohorts with their changes, the largest loss first; `rate` is the one after, for whether there is one."""
    rows = change.changes[change.changes["role"].isin([TARGET, OTHER])]
    names = [f"{name}{suffix}" for name in ("rate_before", "rate_after", "relative_change") for suffix in ("", "_lo", "_hi")]
    table = pd.DataFrame(
        {
            "cohort": rows["cohort"],
            "suppressed": rows["suppressed"],
            "role": ["bottom" if role == TARGET else "" for role in rows["role"]],
            "n_speakers": rows.get("n_speakers", math.nan),
            "rate": rows.get("rate_after", math.nan),
            **{name: rows.get(name, math.nan) for name in names},
        }
    )
    return table.sort_values("relative_change", ascending=False, kind="stable", ignore_index=True)


def _overall(change: ChangeReport, end: str) -> Estimate:
    row = change.changes[change.changes["role"] == ALL].iloc[0]
    return Estimate(value=float(row[f"rate_{end}"]), lo=float(row[f"rate_{end}_lo"]), hi=float(row[f"rate_{end}_hi"]))
