"""`fairasr verify`: speaker verifiers. `audit`: how often they err on each group, from scores or vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fairasr.cli.options import Reading, Scoring, Seed, command_line, pairs
from fairasr.cli.recordings import recordings_of
from fairasr.cli.verify_training import embed, train

if TYPE_CHECKING:
    from fairasr.core import VerificationResult
    from fairasr.ingest import Corpus

TRIALS = "Trials"
GROUPS = "Groups"


@dataclass(frozen=True, kw_only=True)
class VoiceReading(Reading):
    """How a corpus is read whose voices are looked at: references may be absent, and there is a file of vectors per verifier."""

    # Several NAME=FILE here, where other verbs take one file under the same option.
    embeddings: Annotated[
        list[str] | None,
        typer.Option(
            "--embeddings",
            metavar="NAME=FILE",
            help="Vectors of a verifier, scored by cosine (`fairasr embed`); repeat for more.",
            rich_help_panel=TRIALS,
        ),
    ] = None  # type: ignore[assignment]

    def corpus(self) -> Corpus:
        """Read it."""
        return recordings_of(self)


def audit(
    *,
    scores: Annotated[
        list[str] | None,
        typer.Option(
            "--scores",
            metavar="NAME=FILE",
            help="What a verifier scored, one trial per line or row; repeat for more. The first verifier is the baseline.",
            rich_help_panel=TRIALS,
        ),
    ] = None,
    trials: Annotated[
        Path | None,
        typer.Option(
            "--trials",
            metavar="FILE",
            help="List of trials, where the scores name no utterances or only vectors are given. Else trials are made.",
            rich_help_panel=TRIALS,
        ),
    ] = None,
    n_per_speaker: Annotated[
        int,
        typer.Option("--per-speaker", min=1, metavar="NUMBER", help="Made trials of a kind per speaker.", rich_help_panel=TRIALS),
    ] = 20,
    p_target: Annotated[
        float,
        typer.Option("--p-target", min=0.0001, max=0.9999, metavar="FRACTION", help="Of minDCF.", rich_help_panel=TRIALS),
    ] = 0.01,
    group: Annotated[
        list[str] | None,
        typer.Option(
            "--group",
            metavar="COLUMN",
            help="Declared groups; sex*accent crosses two; repeat for more; default: every column that makes groups.",
            rich_help_panel=GROUPS,
        ),
    ] = None,
    rule: Annotated[
        list[Path] | None,
        typer.Option(
            "--rule",
            metavar="FILE",
            help="Saved rule from rules/ of an audit of other speakers; repeat for more.",
            rich_help_panel=GROUPS,
        ),
    ] = None,
    min_speakers: Annotated[
        int,
        typer.Option("--min-speakers", min=2, metavar="NUMBER", help="Groups with fewer show no number.", rich_help_panel=GROUPS),
    ] = 10,
    allow_double_dipping: Annotated[
        bool,
        typer.Option(
            "--allow-double-dipping",
            help="Take a rule that was found on these files too; the report says so.",
            rich_help_panel=GROUPS,
        ),
    ] = False,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder of the results.")] = Path(
        "reports/verify"
    ),
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="Of the report.")] = None,
    seed: Seed = 0,
    scoring: Scoring,
    reading: VoiceReading,
) -> None:
    """Audit speaker verifiers group by group: EER, minDCF, false acceptances and rejections at one threshold, with intervals.

    The table says who speaks in each utterance and which groups they are in; it needs no references. With hypotheses, word error
    rates of the same groups stand beside.
    """
    from fairasr.cli.destination import require_folder
    from fairasr.cli.progress import progress
    from fairasr.report import write_verification
    from fairasr.verifying import audit_verification

    require_folder(output)
    if scoring.only and len(scoring.only) > 1:
        raise typer.BadParameter("one recogniser can stand beside", param_hint="--only")
    if not scores and not reading.embeddings:
        raise typer.BadParameter("give --scores or --embeddings, each NAME=FILE", param_hint="--scores")
    corpus = reading.corpus()
    with progress() as tell:
        result = audit_verification(
            corpus,
            seed=seed,
            scores=pairs(scores or (), "--scores"),
            trials=trials,
            embeddings=pairs(reading.embeddings or (), "--embeddings"),
            groups=group or (),
            rules=rule or (),
            n_per_speaker=n_per_speaker,
            p_target=p_target,
            min_speakers=min_speakers,
            recogniser=(scoring.only or [""])[0],
            normaliser=scoring.normaliser,
            unit=scoring.unit,
            missing=scoring.missing,
            allow_double_dipping=allow_double_dipping,
            title=title,
            command=command_line(),
            progress=tell,
        )
        tell("writing the report", 0, 1)
        write_verification(result, output)
    _print_rates(result)
    typer.echo(f"\nReport: {output / 'report.html'}")


def _print_rates(result: VerificationResult) -> None:
    """Warnings, then each verifier's rates, and per way of grouping its gap and its worst group."""
    from rich.console import Console
    from rich.markup import escape

    from fairasr.report.numbers import percent, percent_interval, points_interval

    console = Console()
    for warning in result.warnings:
        console.print(f"[bold]![/bold] {escape(warning)}", highlight=False)
    for system in result.systems:
        console.print(
            f"\n[bold]{escape(system.system)}[/bold]: EER {escape(percent_interval(system.eer))}, "
            f"minDCF {system.min_dcf.value:.3f} over {system.n_target:,} target and {system.n_nontarget:,} non-target trials",
            highlight=False,
        )
        for method, report in system.reports.items():
            shown = report.groups[report.groups["eer"].notna()]
            worst = f"; highest {shown['cohort'].iloc[0]}, {percent(shown['eer'].iloc[0])}" if len(shown) else ""
            gap = points_interval(report.gap, because="fewer than two groups show a rate")
            console.print(f"- {escape(method)}: gap {escape(gap)}{escape(worst)}", highlight=False)


VERBS: tuple[Callable[..., None], ...] = (audit, train, embed)
"""Verbs of `fairasr verify`, in the order of its help."""
