"""What became of the turns of mixtures, in a terminal of 80 columns."""

from __future__ import annotations

import math

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fairasr.cli.terminal_table import terminal_table
from fairasr.report.numbers import MINUS, percent
from fairasr.scoring.turn_metrics import TurnMetrics

NOTHING = "\N{EN DASH}"
WORD_HEADINGS = (
    "overlap",
    "mixtures",
    "turns",
    "ORC-WER",
    "turns\nlost",
    "counted\nright",
    "always the\nmost frequent",
    "counted\ntoo many",
)
END_HEADINGS = ("overlap", "turns whose\nend is known", "end latency,\nmedian", "end latency,\nP90", "ended early,\nof those")


def print_turns(system: str, metrics: tuple[TurnMetrics, ...], notes: tuple[str, ...]) -> None:
    """Notes, then one row per band of overlap: what became of words and turns, and when turns were ended."""
    console = Console()
    for note in notes:
        console.print(f"[bold]![/bold] {escape(note)}", highlight=False)
    console.print(f"\n{escape(system)}", highlight=False)
    console.print(_words_table(metrics))
    console.print()
    console.print(_ends_table(metrics))


def _words_table(metrics: tuple[TurnMetrics, ...]) -> Table:
    table = terminal_table(WORD_HEADINGS)
    for band in metrics:
        table.add_row(
            band.band,
            f"{band.n_mixtures:,}",
            f"{band.n_turns:,}",
            _share(band.orc_wer),
            _share(band.lost_rate),
            _share(band.counting_accuracy),
            _share(band.majority_accuracy),
            f"{band.counting_error:+.2f}".replace("-", MINUS),
        )
    return table


def _ends_table(metrics: tuple[TurnMetrics, ...]) -> Table:
    table = terminal_table(END_HEADINGS)
    for band in metrics:
        table.add_row(
            band.band,
            f"{band.n_ended:,} of {band.n_turns:,}",
            _seconds(band.end_latency_median_s),
            _seconds(band.end_latency_p90_s),
            _share(band.early_rate),
        )
    return table


def _seconds(value: float) -> str:
    return f"{value:.2f} s".replace("-", MINUS) if math.isfinite(value) else NOTHING


def _share(value: float) -> str:
    return percent(value) if math.isfinite(value) else NOTHING
