"""`fairasr embed`: speaker embeddings from audio, by the pretrained encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairasr.cli import options


def embed(
    source: options.Source,
    hypotheses: options.HypothesesFile = None,
    recipe: options.RecipeFile = None,
    variant: options.Variant = None,
    column: options.ColumnMap = None,
    layout: options.Layout = "auto",
    system: options.SystemName = None,
    no_speaker_ids: options.NoSpeakerIds = False,
    bad_rows: options.BadRows = "error",
    encoding: options.Encoding = "utf-8",
    delimiter: options.Delimiter = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Embeddings: .npz or .parquet.")] = Path("embeddings.npz"),
    audio_root: Annotated[Path | None, typer.Option("--audio-root", help="Folder that audio_path is relative to; default: the corpus's.")] = None,
    weights: Annotated[Path | None, typer.Option("--weights", help="Weights of the encoder; default: those of the installed package.")] = None,
) -> None:
    """Embed the voice of every recording; goes on where an interrupted run stopped. Needs the extra `speaker`."""
    from fairasr.cli.progress import progress
    from fairasr.models import ResemblyzerEncoder, embed_to_file

    corpus = options.read_source(
        source,
        hypotheses=hypotheses,
        recipe=recipe,
        variant=variant,
        column=column,
        layout=layout,
        system=system,
        embeddings=None,
        no_speaker_ids=no_speaker_ids,
        bad_rows=bad_rows,
        encoding=encoding,
        delimiter=delimiter,
    )
    encoder = ResemblyzerEncoder(weights=weights)
    with progress() as tell:
        found = embed_to_file(
            corpus.manifest,
            encoder=encoder,
            audio_root=audio_root or (source if source.is_dir() else source.parent),
            path=output,
            progress=lambda done, total: tell("embedding", done, total),
        )
    for utterance, reason in list(found.failures.items())[:5]:
        typer.echo(f"- {utterance}: {reason}")
    typer.echo(f"{len(found.utterance_ids) - len(found.failures):,} of {len(found.utterance_ids):,} utterances embedded: {output}")
