"""`fairasr audit`: an utterance table in, an honest disparity report out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fairasr.cli import options

if TYPE_CHECKING:
    from fairasr.core import AuditResult

GATE_EXCEEDED, GATE_INCONCLUSIVE = 3, 4


def audit(
    source: options.Source,
    hypotheses: options.HypothesesFile = None,
    recipe: options.RecipeFile = None,
    variant: options.Variant = None,
    column: options.ColumnMap = None,
    layout: options.Layout = "auto",
    system: options.SystemName = None,
    embeddings: options.EmbeddingsFile = None,
    no_speaker_ids: options.NoSpeakerIds = False,
    bad_rows: options.BadRows = "error",
    encoding: options.Encoding = "utf-8",
    delimiter: options.Delimiter = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the results.")] = Path("reports/audit"),
    method: Annotated[
        list[str] | None, typer.Option("--method", help="Discovery to run, such as geo-tree or declared:accent; default: all that fit.")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option("--group", help="Column to audit as declared groups; accent*gender crosses two.")
    ] = None,
    rule: Annotated[list[Path] | None, typer.Option("--rule", help="Saved rule to use as it is, from rules/ of another audit.")] = None,
    census: Annotated[Path | None, typer.Option("--census", help="TOML card of a census table, for zip-demographics.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="METHOD.SETTING=VALUE, such as geo-tree.max_leaves=50; see `fairasr methods`.")
    ] = None,
    normaliser: options.Normaliser = None,
    normalisers: Annotated[
        str, typer.Option("--normalisers", "--normalizers", help="a,b,c: show each gap under these as well, and flag those that flip.")
    ] = "",
    unit: options.Unit = None,
    missing: options.Missing = "error",
    focus: Annotated[str | None, typer.Option("--focus", help="System shown in full; default: the one with the lowest rate.")] = None,
    title: Annotated[str | None, typer.Option("--title", help="Of the report.")] = None,
    permutations: Annotated[int, typer.Option("--permutations", help="Of the whole procedure, per method and system.")] = 199,
    folds: Annotated[int, typer.Option("--folds", help="K of cross-fitting.")] = 5,
    basis: Annotated[
        Literal["auto", "confirmation", "cross-fit"], typer.Option("--basis", help="Of the headline; auto: cross-fit below 1,000 speakers.")
    ] = "auto",
    min_speakers: Annotated[int, typer.Option("--min-speakers", help="Cohorts with fewer are suppressed in every output.")] = 10,
    bottom_share: Annotated[float, typer.Option("--bottom-share", help="Share of speakers the worst cohorts are pooled to.")] = 0.1,
    allow_double_dipping: Annotated[
        bool, typer.Option("--allow-double-dipping", help="Estimate cohorts on the speakers they were found on too; the report says so.")
    ] = False,
    max_gap: Annotated[
        float | None, typer.Option("--max-gap", help="Gate: exit 3 if a gap to the top cohorts is above this, 4 if that is unclear.")
    ] = None,
    seed: options.Seed = 0,
) -> None:
    """Score, split the speakers, discover cohorts, estimate the gaps honestly, write the report."""
    from fairasr.auditing import audit as audit_corpus
    from fairasr.cli.progress import progress
    from fairasr.cli.summary import print_summary

    corpus = options.read_source(
        source,
        hypotheses=hypotheses,
        recipe=recipe,
        variant=variant,
        column=column,
        layout=layout,
        system=system,
        embeddings=embeddings,
        no_speaker_ids=no_speaker_ids,
        bad_rows=bad_rows,
        encoding=encoding,
        delimiter=delimiter,
    )
    with progress() as tell:
        result = audit_corpus(
            corpus,
            seed=seed,
            methods=method or (),
            groups=group or (),
            rules=rule or (),
            census=census,
            method_settings=options.nested(settings or (), "--set"),
            normaliser=normaliser,
            also_normalisers=[name for name in normalisers.split(",") if name],
            unit=unit,
            missing=missing,
            focus=focus,
            title=title,
            n_permutations=permutations,
            folds=folds,
            basis=basis,
            min_speakers=min_speakers,
            bottom_share=bottom_share,
            allow_double_dipping=allow_double_dipping,
            command=options.command_line(),
            progress=tell,
        )
    written = result.write(output)
    print_summary(result)
    typer.echo(f"\nReport: {next((path for path in written if path.suffix == '.html'), output)}")
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
        typer.echo(f"Gate inconclusive: the gap by {', '.join(unclear)} may be above {max_gap:.0%}; more speakers would tell.", err=True)
        raise typer.Exit(GATE_INCONCLUSIVE)
