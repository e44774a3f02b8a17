"""`fairasr validate`: read a corpus, name every broken rule, say what an audit of it could do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairasr.cli import options


def validate(
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
    census: Annotated[Path | None, typer.Option("--census", help="TOML card of a census table, to check it too.")] = None,
    min_speakers: Annotated[int, typer.Option("--min-speakers", help="Fewest speakers of a cohort.")] = 10,
) -> None:
    """Check a corpus: every broken rule with counts and first rows, or what is there and which discoveries fit."""
    from fairasr.auditing import fitting_methods

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
    manifest = corpus.manifest
    typer.echo(f"{corpus.title}: {len(manifest):,} utterances of {len(manifest.speaker_ids):,} speakers.")
    if not manifest.has_speaker_ids:
        typer.echo("No speaker ids: each utterance stands for a speaker.")
    typer.echo(f"Systems: {', '.join(f'{h.system} ({len(h):,} hypotheses)' for h in corpus.systems) or 'none'}.")
    if len(manifest.set_aside):
        typer.echo(f"Set aside: {len(manifest.set_aside):,} rows.")
    for note in corpus.notes:
        typer.echo(f"- {note}")
    methods = fitting_methods(manifest, census=census, groups=corpus.defaults.get("groups", ()), min_speakers=min_speakers)
    typer.echo(f"Discoveries that fit its columns: {', '.join(methods) or 'none'}.")
