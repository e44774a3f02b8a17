"""`fairasr embed`: speaker embeddings from audio, by the pretrained encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairasr.cli.failures import tell_failures
from fairasr.cli.options import Reading
from fairasr.cli.recordings import recordings_of


def embed(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Embeddings: .npz or .parquet.")] = Path(
        "embeddings.npz"
    ),
    weights: Annotated[
        Path | None, typer.Option("--weights", metavar="FILE", help="Of the encoder; default: those of the installed package.")
    ] = None,
    reading: Reading,
) -> None:
    """Embed the voice of every recording. Needs the extra `speaker`.

    Recordings are the column audio_path, relative to the corpus's folder. Goes on where an interrupted run stopped.
    """
    from fairasr.cli.destination import require_file
    from fairasr.cli.progress import progress
    from fairasr.models import ResemblyzerEncoder, embed_to_file
    from fairasr.models.embedding_file import SUFFIXES

    require_file(output, endings=SUFFIXES)
    source = reading.source.absolute()
    corpus = recordings_of(reading, source=source)
    encoder = ResemblyzerEncoder(weights=weights)
    with progress() as tell:
        found = embed_to_file(
            corpus.manifest,
            encoder=encoder,
            audio_root=source if source.is_dir() else source.parent,
            path=output,
            progress=lambda done, total: tell("embedding", done, total),
        )
    tell_failures(found.failures, total=len(corpus.manifest), done="embedded")
    typer.echo(f"{len(found.utterance_ids) - len(found.failures):,} of {len(found.utterance_ids):,} utterances embedded: {output}")
