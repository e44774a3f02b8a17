"""A job's league table and verdicts in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairasr.core import MitigationResult


def print_league(result: MitigationResult) -> None:
    """One row per method: error rates before and after, verdict; then why."""
    from rich.console import Console
    from rich.table import Table

    comparison = result.comparison
    console = Console()
    table = Table(title=f"{comparison.title}: {comparison.rate_name} on test speakers", title_justify="left")
    for heading in ("method", "target cohorts", "everyone else", "overall", "verdict"):
        table.add_column(heading, justify="left" if heading in ("method", "verdict") else "right")
    base = result.curve.iloc[0]
    table.add_row(f"{comparison.before} (development)", *(_rate(base[name]) for name in ("worst", "general", "overall")), "")
    for row in result.league.itertuples():
        name = f"{row.method} *" if row.chosen else str(row.method)
        table.add_row(name, *(_rate(value) for value in (row.worst, row.general, row.overall)), str(row.outcome))
    console.print(table)
    for system in comparison.systems:
        console.print(f"{system.after}: {system.verdict.outcome}. {' '.join(system.verdict.reasons)}", highlight=False)
    console.print(
        f"Recommended: {result.recommended} (*)."
        if result.recommended
        else "Recommended: keep the model as it is; the rule's first choice was not accepted."
    )


def _rate(value: object) -> str:
    """A rate in percent; a dash where it is withheld, because few speakers are behind it."""
    return f"{value:.1%}" if isinstance(value, float) and value == value else "-"
