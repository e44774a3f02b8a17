"""`fairasr validate`: read a corpus, name every broken rule, say what an audit of it could do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairasr.cli.options import Reading


def validate(
    *,
    census: Annotated[
        Path | None, typer.Option("--census", metavar="FILE", help="TOML card of a census table, to check it too.")
    ] = None,
    min_speakers: Annotated[int, typer.Option("--min-speakers", min=2, metavar="NUMBER", help="Fewest speakers of a cohort.")] = 10,
    reading: Reading,
) -> None:
    """Check a corpus: every broken rule with counts and first rows, or what is there and which discoveries fit."""
    from fairasr.auditing import fitting_methods, recommended_groups
    from fairasr.core.plural import counted

    corpus = reading.corpus()
    manifest = corpus.manifest
    obstacles = fitting_methods(manifest, census=census, groups=recommended_groups(corpus), min_speakers=min_speakers)
    typer.echo(f"{corpus.title}: {counted(len(manifest), 'utterance')} of {counted(len(manifest.speaker_ids), 'speaker')}.")
    if not manifest.has_speaker_ids:
        typer.echo("No speaker ids: each utterance stands for a speaker.")
    typer.echo(f"Systems: {', '.join(f'{system.system} ({len(system):,} hypotheses)' for system in corpus.systems) or 'none'}.")
    if len(manifest.set_aside):
        typer.echo(f"Set aside: {counted(len(manifest.set_aside), 'row')}.")
    for note in corpus.notes:
        typer.echo(f"- {note}")
    typer.echo(f"Discoveries that its columns allow: {', '.join(name for name, why in obstacles.items() if not why) or 'none'}.")
    for name, why in obstacles.items():
        if why:
            typer.echo(f"- not {name}: {why.rstrip('.')}.")
