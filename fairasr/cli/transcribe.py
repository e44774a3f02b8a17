"""`fairasr transcribe`: what a recogniser from a local folder hears in a corpus's recordings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from fairasr.cli.options import Reading

FIRST_FAILURES = 5


def transcribe(
    *,
    model: Annotated[
        Path,
        typer.Option(
            "--model",
            metavar="FOLDER",
            show_default=False,
            help="Of the recogniser: one that fairasr trained, or in the Hugging Face layout. Never downloaded.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Hypotheses: .parquet.")] = Path(
        "hypotheses.parquet"
    ),
    reading: Reading,
) -> None:
    """Transcribe every recording. Needs the extra `train`.

    Recordings are the column audio_path, relative to the corpus's folder. Goes on where an interrupted run stopped. The result is
    what --hypotheses of the other commands reads; --system names it, else the model's name.
    """
    from fairasr.cli.destination import require_file
    from fairasr.cli.progress import progress
    from fairasr.models import Recordings, load, transcribe_to_file
    from fairasr.models.hypothesis_file import SUFFIXES

    require_file(output, endings=SUFFIXES)
    source = reading.source.absolute()
    manifest = replace(reading, source=source).corpus().manifest
    recognizer = load(model)
    recordings = Recordings(
        manifest,
        audio_root=source if source.is_dir() else source.parent,
        sample_rate_hz=recognizer.sample_rate_hz,
        kept_bytes=0,
    )
    with progress() as tell:
        hypotheses, failures = transcribe_to_file(
            recognizer,
            manifest,
            recordings,
            path=output,
            system=reading.system,
            progress=lambda done, total: tell("transcribing", done, total),
        )
    for utterance, reason in list(failures.items())[:FIRST_FAILURES]:
        typer.echo(f"- {utterance}: {reason}")
    typer.echo(f"{len(hypotheses):,} of {len(manifest):,} utterances transcribed by {hypotheses.system}: {output}")
