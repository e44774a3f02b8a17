"""`fairasr score`: counts per utterance and system, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairasr.cli import options


def score(
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
    output: Annotated[Path, typer.Option("--output", "-o", help="Table of counts: .parquet or .csv.")] = Path("counts.parquet"),
    normaliser: options.Normaliser = None,
    unit: options.Unit = None,
    missing: options.Missing = "error",
) -> None:
    """Count words, hits, substitutions, deletions and insertions of every utterance; print each system's rate."""
    from fairasr.cli.progress import progress
    from fairasr.report import write_counts
    from fairasr.scoring import score as score_system

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
        counts = [
            score_system(
                corpus.manifest,
                system,
                normaliser=normaliser or corpus.defaults.get("normaliser", "basic"),
                unit=unit or corpus.defaults.get("unit", "word"),
                missing=missing,
                progress=lambda done, total, name=system.system: tell(f"{name}: scoring", done, total),
            )
            for system in corpus.systems
        ]
    for of_system in counts:
        typer.echo(f"{of_system.system}: {of_system.rate_name} {of_system.rate:.4f} ({of_system.normaliser})")
    typer.echo(f"Counts: {write_counts(counts, output)}")
