"""`fairasr compare`: may a new system replace the one in use? From transcripts alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fairasr.cli.options import Reading, Scoring, Seed, command_line, pairs

if TYPE_CHECKING:
    from fairasr.core import Comparison
    from fairasr.ingest import Corpus

JUDGING = "Judging"
FORGETTING = "Forgetting sets"
GATE_REJECTED, GATE_INCONCLUSIVE = 3, 4


def compare(
    *,
    before: Annotated[str, typer.Option("--before", metavar="SYSTEM", show_default=False, help="The system in use.")],
    after: Annotated[
        list[str], typer.Option("--after", metavar="SYSTEM", show_default=False, help="A new system; repeat for more.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder of the results.")] = Path(
        "reports/change"
    ),
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="Of the report.")] = None,
    gate: Annotated[
        bool,
        typer.Option("--gate", help="Exit status 3 if a new system is rejected, 4 if one is not settled and none is rejected."),
    ] = False,
    seed: Seed = 0,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="COLUMN", help="Declared groups; accent*gender crosses two.", rich_help_panel=JUDGING),
    ] = None,
    rule: Annotated[
        Path | None,
        typer.Option(
            "--rule",
            metavar="FILE",
            help="Saved rule that makes the cohorts, from rules/ of an audit of other speakers.",
            rich_help_panel=JUDGING,
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            metavar="COHORT",
            help="Cohort that is to gain, by its label; repeat for more; default: everyone.",
            rich_help_panel=JUDGING,
        ),
    ] = None,
    margin: Annotated[
        float,
        typer.Option(
            "--margin",
            min=0,
            max=1,
            metavar="FRACTION",
            help="Relative loss that is tolerated of everyone else.",
            rich_help_panel=JUDGING,
        ),
    ] = 0.01,
    min_speakers: Annotated[
        int,
        typer.Option(
            "--min-speakers",
            min=2,
            metavar="NUMBER",
            help="Cohorts with fewer show no number.",
            rich_help_panel=JUDGING,
        ),
    ] = 10,
    allow_double_dipping: Annotated[
        bool,
        typer.Option(
            "--allow-double-dipping",
            help="Judge on the files a rule was found on too; the report says so.",
            rich_help_panel=JUDGING,
        ),
    ] = False,
    forgetting: Annotated[
        list[str] | None,
        typer.Option(
            "--forgetting",
            metavar="NAME=TABLE",
            help="Speech on which nothing should be lost; repeat for more.",
            rich_help_panel=FORGETTING,
        ),
    ] = None,
    forgetting_hypotheses: Annotated[
        list[str] | None,
        typer.Option("--forgetting-hypotheses", metavar="NAME=FILE", help="Second file of a set.", rich_help_panel=FORGETTING),
    ] = None,
    forgetting_recipe: Annotated[
        list[str] | None,
        typer.Option("--forgetting-recipe", metavar="NAME=TOML", help="How a set is read.", rich_help_panel=FORGETTING),
    ] = None,
    forgetting_system: Annotated[
        list[str] | None,
        typer.Option(
            "--forgetting-system",
            metavar="SYSTEM=NAME",
            help="What a system is called in the sets, where it is called otherwise.",
            rich_help_panel=FORGETTING,
        ),
    ] = None,
    scoring: Scoring,
    reading: Reading,
) -> None:
    """Judge whether a new system may replace the one in use: accepted, rejected or not settled, cohort by cohort.

    Both must have transcribed the same utterances; no model is needed. Written: report.html, report.json, changes.csv,
    changes.parquet.
    """
    from fairasr.cli.destination import require_folder
    from fairasr.cli.progress import progress
    from fairasr.comparing import compare_systems
    from fairasr.report import write_comparison

    require_folder(output)
    if by is not None and rule is not None:
        raise typer.BadParameter("give either --by or --rule", param_hint="--rule")
    if scoring.only:
        raise typer.BadParameter("--before and --after say which systems are compared", param_hint="--only")
    renamed = pairs(forgetting_system or (), "--forgetting-system")
    sets = _forgetting_sets(
        reading,
        tables=pairs(forgetting or (), "--forgetting"),
        hypotheses=pairs(forgetting_hypotheses or (), "--forgetting-hypotheses"),
        recipes=pairs(forgetting_recipe or (), "--forgetting-recipe"),
    )
    corpus = reading.corpus()
    with progress() as tell:
        comparison = compare_systems(
            corpus,
            before=before,
            after=after,
            seed=seed,
            group=by,
            rule=rule,
            target=target or (),
            forgetting=sets,
            forgetting_systems=renamed,
            margin=margin,
            normaliser=scoring.normaliser,
            unit=scoring.unit,
            missing=scoring.missing,
            min_speakers=min_speakers,
            allow_double_dipping=allow_double_dipping,
            title=title,
            command=command_line(),
            progress=tell,
        )
        tell("writing the report", 0, 1)
        write_comparison(comparison, output)
    _print_verdicts(comparison)
    typer.echo(f"\nReport: {output / 'report.html'}")
    if gate:
        outcomes = {system.verdict.outcome for system in comparison.systems}
        if "rejected" in outcomes:
            raise typer.Exit(GATE_REJECTED)
        if "inconclusive" in outcomes:
            raise typer.Exit(GATE_INCONCLUSIVE)


def _forgetting_sets(
    reading: Reading, *, tables: dict[str, str], hypotheses: dict[str, str], recipes: dict[str, str]
) -> dict[str, Corpus]:
    """Each set, read like the corpus but for its own files and recipe."""
    for option, given in (("--forgetting-hypotheses", hypotheses), ("--forgetting-recipe", recipes)):
        unknown = [name for name in given if name not in tables]
        if unknown:
            raise typer.BadParameter(f"there is no forgetting set {unknown[0]!r}", param_hint=option)
    return {
        name: replace(
            reading,
            source=Path(table),
            hypotheses=[hypotheses[name]] if name in hypotheses else None,
            recipe=recipes.get(name),
            variant=None,
            embeddings=None,
            column=None if name in recipes else reading.column,
        ).corpus()
        for name, table in tables.items()
    }


def _print_verdicts(comparison: Comparison) -> None:
    """Warnings, then each new system's rate and verdict with its reasons."""
    from rich.console import Console
    from rich.markup import escape

    from fairasr.core.disparity import ALL
    from fairasr.report.change_wording import OUTCOMES
    from fairasr.report.numbers import rate

    console = Console()
    for warning in comparison.warnings:
        console.print(f"[bold]![/bold] {escape(warning)}", highlight=False)
    for system in comparison.systems:
        changes = {"": system.change, **system.forgetting}
        everyone = {name: change.changes[change.changes["role"] == ALL].iloc[0] for name, change in changes.items()}
        rates = [
            f"{name + ' ' if name else ''}{comparison.rate_name} {rate(row['rate_before'])} → {rate(row['rate_after'])}"
            for name, row in everyone.items()
        ]
        word = OUTCOMES[system.verdict.outcome].upper()
        console.print(f"\n[bold]{escape(system.after)}: {word}[/bold] ({escape('; '.join(rates))})", highlight=False)
        for reason in system.verdict.reasons:
            console.print(f"- {escape(reason)}", highlight=False)
        for name, share in system.undone.items():
            console.print(
                f"- It undoes {100 * share:.0f} % of what {escape(comparison.against)} forgot of {escape(name)}.", highlight=False
            )
