"""`fairasr discover`: find cohorts and save their rules; or assign a saved rule to a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairasr.cli import options


def discover(
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
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for rules and cohorts.")] = Path("cohorts"),
    method: Annotated[
        list[str] | None, typer.Option("--method", help="Discovery to run, such as geo-tree; default: all that fit.")
    ] = None,
    rule: Annotated[Path | None, typer.Option("--rule", help="Assign this saved rule instead of finding cohorts.")] = None,
    census: Annotated[Path | None, typer.Option("--census", help="TOML card of a census table, for zip-demographics.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="METHOD.SETTING=VALUE, such as geo-tree.max_leaves=50; see `fairasr methods`.")
    ] = None,
    normaliser: options.Normaliser = None,
    unit: options.Unit = None,
    missing: options.Missing = "error",
    seed: options.Seed = 0,
) -> None:
    """Find cohorts on all speakers, for use on OTHER speakers: rules as JSON, and who is in which cohort.

    No rate is printed: on the speakers the cohorts were found on it would look worse than it is. `fairasr audit` estimates honestly.
    """
    from fairasr.auditing import discover_rules
    from fairasr.cli.progress import progress
    from fairasr.discovery import read_rule
    from fairasr.report import write_cohorts

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
    if rule is not None:
        rules = {(saved := read_rule(rule)).method: saved}
    else:
        with progress() as tell:
            rules = discover_rules(
                corpus,
                seed=seed,
                methods=method or (),
                census=census,
                method_settings=options.nested(settings or (), "--set"),
                normaliser=normaliser,
                unit=unit,
                missing=missing,
                progress=tell,
            )
    partitions = {name: found.assign(corpus.manifest) for name, found in rules.items()}
    for name, partition in partitions.items():
        typer.echo(f"{name}: {len(partition.cohorts):,} cohorts of {len(partition.labels):,} speakers")
        for note in partition.notes:
            typer.echo(f"  - {note}")
    write_cohorts(partitions, {name: found.to_json() for name, found in rules.items()}, output)
    typer.echo(f"Rules and cohorts: {output}")
