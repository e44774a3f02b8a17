"""The comparison table on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from fairasr.cli.terminal_table import terminal_table
from fairasr.cli.wording import as_options
from fairasr.core import AuditResult
from fairasr.report.numbers import percent, percent_interval, probability
from fairasr.report.rate_wording import writing_of

COLUMNS = ("method", "gap to {top}\n[95 %]", "gap to\n{bottom}", "{bottom}\nshare", "apparent\ngap", "p\n(Holm)")

NOTHING = "\N{EN DASH}"


def print_summary(result: AuditResult) -> None:
    """Warnings, then one row per method of the focus system, then what could not run and which other systems there are."""
    console = Console()
    for warning in result.warnings:
        console.print(f"[bold]![/bold] {escape(warning)}")
    focus = result.system(result.focus)
    writing = writing_of(focus)
    # Of errors the ends are a top and a bottom; of another rate they are the lowest and the highest, as in its report.
    ends = {"top": "top", "bottom": "bottom"} if writing.is_of_errors else {"top": writing.best, "bottom": writing.worst}
    console.print(
        f"\n{escape(focus.system)}: {escape(focus.rate_name)} {escape(writing.rate_interval(focus.overall))} "
        f"over {result.data['n_speakers']:,} speakers"
    )
    table = terminal_table([escape(heading.format(**ends)) for heading in COLUMNS])
    for name, report in focus.reports.items():
        honest = report.honest
        table.add_row(
            escape(name),
            escape(percent_interval(honest.relative_to_top)),
            percent(honest.relative_to_bottom.value) if honest.relative_to_top.is_known else NOTHING,
            percent(honest.bottom_share_speakers),
            percent(report.apparent.relative_to_top.value),
            probability(report.p_adjusted),
        )
    console.print(table)
    for method, reason in result.skipped.items():
        why = as_options(reason.removeprefix(f"{method} cannot run: "))
        console.print(f"skipped {escape(method)}: {escape(why)}", highlight=False)
    if len(result.systems) > 1:
        others = [system.system for system in result.systems if system is not focus]
        console.print(f"also audited, and in the report: {escape(', '.join(others))}", highlight=False)
