"""`fairasr turns`: what a recogniser made of every turn of mixtures, as a table that `fairasr audit` takes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fairasr.cli.options import Reading, command_line

if TYPE_CHECKING:
    from fairasr.scoring.turn_metrics import TurnMetrics

NOTHING = "\N{EN DASH}"
HEADINGS = (
    "overlap",
    "mixtures",
    "turns",
    "ORC-WER",
    "turns\nlost",
    "counted\nright",
    "always the\nmost frequent",
    "counted\ntoo many",
    "end latency\nmedian, P90",
    "ended\nearly",
)


def turns(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder of the results.")] = Path(
        "reports/turns"
    ),
    table: Annotated[
        Path | None,
        typer.Option(
            "--turns",
            metavar="FILE",
            help="Who said what when: turn_id, utterance_id, speaker_id, start_s, end_s, reference. Default: turns.csv beside the "
            "mixtures; without it speakers are those of the mixtures.",
        ),
    ] = None,
    part: Annotated[str, typer.Option("--part", metavar="NAME", help="Only mixtures of this part, such as test.")] = "",
    only: Annotated[str, typer.Option("--only", metavar="SYSTEM", help="Which system, where there are several.")] = "",
    normaliser: Annotated[
        str, typer.Option("--normaliser", "--normalizer", metavar="PROFILE", help="What both texts go through.")
    ] = "basic",
    missing: Annotated[
        Literal["error", "deletions", "set-aside"],
        typer.Option("--missing", metavar="RULE", help="What a mixture without hypothesis is: error, deletions or set-aside."),
    ] = "error",
    reading: Reading,
) -> None:
    """Score mixtures of several speakers turn by turn: errors, lost turns, turns counted, latency, by overlap.

    The source is mixtures.csv, or the folder of `fairasr mix`; references and hypotheses are in the notation of turns, hypotheses
    with channels. Written: turns.csv, one row per turn with its speaker, which `fairasr audit` takes, and metrics.json.
    """
    from dataclasses import replace

    from fairasr.cli.destination import require_folder
    from fairasr.cli.progress import progress
    from fairasr.mixtures import score_turns

    require_folder(output)
    source = reading.source / "mixtures.csv" if (reading.source / "mixtures.csv").is_file() else reading.source
    beside = source.parent / "turns.csv"
    corpus = replace(reading, source=source).corpus()
    with progress() as tell:
        scored = score_turns(
            corpus,
            turns=table or (beside if beside.is_file() and beside != source else None),
            system=only,
            part=part,
            normaliser=normaliser,
            missing=missing,
            command=command_line(),
            progress=tell,
        )
    scored.write(output)
    _print_bands(scored.system, scored.metrics, scored.notes)
    typer.echo(f"\nTurns: {output / 'turns.csv'}")


def _print_bands(system: str, metrics: tuple[TurnMetrics, ...], notes: tuple[str, ...]) -> None:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from fairasr.report.numbers import MINUS, percent

    def seconds(value: float) -> str:
        return f"{value:.2f} s".replace("-", MINUS) if math.isfinite(value) else NOTHING

    def share(value: float) -> str:
        return percent(value) if math.isfinite(value) else NOTHING

    console = Console()
    for note in notes:
        console.print(f"[bold]![/bold] {escape(note)}", highlight=False)
    console.print(f"\n{escape(system)}", highlight=False)
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    for position, heading in enumerate(HEADINGS):
        shown.add_column(heading, justify="left" if position == 0 else "right", overflow="fold")
    for band in metrics:
        shown.add_row(
            band.band,
            f"{band.n_mixtures:,}",
            f"{band.n_turns:,}",
            share(band.orc_wer),
            share(band.lost_rate),
            share(band.counting_accuracy),
            share(band.majority_accuracy),
            f"{band.counting_error:+.2f}".replace("-", MINUS),
            f"{seconds(band.end_latency_median_s)}, {seconds(band.end_latency_p90_s)}" if band.n_ended else NOTHING,
            share(band.early_rate),
        )
    console.print(shown)
