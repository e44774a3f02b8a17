"""The comparison table on the terminal."""

from __future__ import annotations

import math

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fairasr.core import AuditResult, Estimate


def print_summary(result: AuditResult) -> None:
    """Warnings, then one row per method of the focus system, then where the others are."""
    console = Console()
    for warning in result.warnings:
        console.print(f"[bold]![/bold] {escape(warning)}")
    focus = result.system(result.focus)
    table = Table(title=f"{escape(focus.system)}: {focus.rate_name} {_percent(focus.overall)} over {result.data['n_speakers']:,} speakers")
    for heading in ("method", "gap to top [95 %]", "gap to bottom", "bottom share", "apparent", "p", "p (Holm)"):
        table.add_column(heading)
    for name, report in focus.reports.items():
        honest = report.honest
        table.add_row(
            escape(name),
            _percent(honest.relative_to_top),
            _number(honest.relative_to_bottom.value),
            _number(honest.bottom_share_speakers),
            _number(report.apparent.relative_to_top.value),
            "not run" if report.p_value is None else f"{report.p_value:.3f}",
            "not run" if report.p_adjusted is None else f"{report.p_adjusted:.3f}",
        )
    console.print(table)
    for method, reason in result.skipped.items():
        console.print(f"skipped {escape(method)}: {escape(reason)}")
    if len(result.systems) > 1:
        console.print(f"{len(result.systems)} systems were audited; all of them are in the report.")


def _number(value: float) -> str:
    return "not estimable" if math.isnan(value) else f"{100 * value:.1f} %"


def _percent(estimate: Estimate) -> str:
    if not estimate.is_known:
        return _number(estimate.value)
    return f"{100 * estimate.value:.1f} % [{100 * estimate.lo:.1f}, {100 * estimate.hi:.1f}]"
