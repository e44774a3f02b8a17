"""`fairasr audit`: an utterance table in, an honest disparity report out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fairasr.cli.options import DISCOVERY, SCORING, Reading, Scoring, Search, Seed, command_line
from fairasr.cli.rate import RateOptions

if TYPE_CHECKING:
    from fairasr.core import AuditResult

ESTIMATION = "Estimation"
GATE_EXCEEDED, GATE_INCONCLUSIVE = 3, 4


def audit(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder of the results.")] = Path(
        "reports/audit"
    ),
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="Of the report.")] = None,
    focus: Annotated[
        str | None, typer.Option("--focus", metavar="SYSTEM", help="Shown in full; default: the system with the lowest rate.")
    ] = None,
    max_gap: Annotated[
        float | None,
        typer.Option(
            "--max-gap",
            min=0,
            metavar="FRACTION",
            help="Gate, such as 0.25: exit status 3 if a gap to the top cohorts is above it, 4 if that is unclear.",
        ),
    ] = None,
    seed: Seed = 0,
    search: Search,
    group: Annotated[
        list[str] | None,
        typer.Option(
            "--group",
            metavar="COLUMN",
            help="Audit it as declared groups; accent*gender crosses two; repeat for more.",
            rich_help_panel=DISCOVERY,
        ),
    ] = None,
    rule: Annotated[
        list[Path] | None,
        typer.Option(
            "--rule",
            metavar="FILE",
            help="Saved rule to use as it is, from rules/ of another audit; repeat for more.",
            rich_help_panel=DISCOVERY,
        ),
    ] = None,
    permutations: Annotated[
        int,
        typer.Option(
            "--permutations",
            min=0,
            metavar="NUMBER",
            help="Of the whole procedure, per method and system; 0: no p.",
            rich_help_panel=ESTIMATION,
        ),
    ] = 199,
    basis: Annotated[
        Literal["auto", "confirmation", "cross-fit"],
        typer.Option(
            "--basis",
            metavar="NAME",
            help="Of the headline: confirmation, cross-fit, or auto: cross-fit below 1,000 speakers.",
            rich_help_panel=ESTIMATION,
        ),
    ] = "auto",
    folds: Annotated[
        int, typer.Option("--folds", min=2, metavar="NUMBER", help="Of cross-fitting.", rich_help_panel=ESTIMATION)
    ] = 5,
    min_speakers: Annotated[
        int,
        typer.Option(
            "--min-speakers",
            min=2,
            metavar="NUMBER",
            help="Cohorts with fewer are suppressed in every output.",
            rich_help_panel=ESTIMATION,
        ),
    ] = 10,
    bottom_share: Annotated[
        float,
        typer.Option(
            "--bottom-share",
            metavar="FRACTION",
            help="Share of speakers the worst cohorts are pooled to.",
            rich_help_panel=ESTIMATION,
        ),
    ] = 0.1,
    allow_double_dipping: Annotated[
        bool,
        typer.Option(
            "--allow-double-dipping",
            help="Estimate cohorts on the speakers they were found on too; the report says so.",
            rich_help_panel=ESTIMATION,
        ),
    ] = False,
    keep_utterances: Annotated[
        bool,
        typer.Option(
            "--keep-utterances",
            help="Write every transcript with its errors beside the report, for `fairasr dashboard`. They are private.",
        ),
    ] = False,
    scoring: Scoring,
    normalisers: Annotated[
        str,
        typer.Option(
            "--normalisers",
            "--normalizers",
            metavar="A,B,C",
            help="Show each gap under these profiles as well, and flag those that flip.",
            rich_help_panel=SCORING,
        ),
    ] = "",
    rates: RateOptions,
    reading: Reading,
) -> None:
    """Say which groups of speakers a recogniser fails, by how much and how surely: a report with maps.

    With --rate, for which groups any other ratio of two counts is higher.
    Cohorts are discovered on one part of the speakers and their gaps estimated on the other.
    Written: report.html, report.json, cohorts.parquet, cohorts.csv, regions.geojson, rules/; with --keep-utterances also
    utterances.arrow and confusions.parquet.
    """
    from fairasr.auditing import audit as audit_corpus
    from fairasr.cli.destination import require_folder
    from fairasr.cli.progress import progress
    from fairasr.cli.settings import settings_by_method
    from fairasr.cli.summary import print_summary

    require_folder(output)
    rate = rates.asked(
        of_texts={
            "--hypotheses": bool(reading.hypotheses),
            "--normaliser": scoring.normaliser is not None,
            "--unit": scoring.unit is not None,
            "--missing": scoring.missing != "error",
            "--normalisers": bool(normalisers),
            "--keep-utterances": keep_utterances,
        }
    )
    method_settings = settings_by_method(search.settings or ())
    corpus = reading.corpus_with(rate=rate)
    with progress() as tell:
        result = audit_corpus(
            corpus,
            seed=seed,
            systems=scoring.only or (),
            methods=search.method or (),
            groups=group or (),
            rules=rule or (),
            census=search.census,
            method_settings=method_settings,
            normaliser=scoring.normaliser,
            also_normalisers=[name for name in normalisers.split(",") if name],
            unit=scoring.unit,
            missing=scoring.missing,
            focus=focus,
            title=title,
            n_permutations=permutations,
            folds=folds,
            basis=basis,
            min_speakers=min_speakers,
            bottom_share=bottom_share,
            allow_double_dipping=allow_double_dipping,
            keep_utterances=keep_utterances,
            command=command_line(),
            progress=tell,
        )
        tell("writing the report", 0, 1)
        result.write(output)
    print_summary(result)
    typer.echo(f"\nReport: {output / 'report.html'}")
    if max_gap is not None:
        _gate(result, max_gap)


def _gate(result: AuditResult, max_gap: float) -> None:
    """Exit status by whether every gap of the focus system is at most `max_gap`, as far as its interval tells."""
    gaps = {name: report.honest.relative_to_top for name, report in result.system(result.focus).reports.items()}
    exceeded = [name for name, gap in gaps.items() if gap.lo > max_gap]
    unclear = [name for name, gap in gaps.items() if not gap.hi <= max_gap]
    if exceeded:
        typer.echo(f"Gate exceeded: the gap by {', '.join(exceeded)} is above {max_gap:.0%} with 95 % confidence.", err=True)
        raise typer.Exit(GATE_EXCEEDED)
    if unclear:
        typer.echo(
            f"Gate inconclusive: the gap by {', '.join(unclear)} may be above {max_gap:.0%}; more speakers would tell.", err=True
        )
        raise typer.Exit(GATE_INCONCLUSIVE)
