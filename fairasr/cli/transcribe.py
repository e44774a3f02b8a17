"""`fairasr transcribe`: what a recogniser from a local folder hears in a corpus's recordings, or in one recording."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fairasr.cli.failures import tell_failures
from fairasr.cli.options import Reading

if TYPE_CHECKING:
    from fairasr.models import Recognizer

RECORDINGS = (".wav", ".flac", ".ogg", ".opus", ".mp3")
"""Endings of a source that is a recording itself."""


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
    chunk_s: Annotated[
        float | None,
        typer.Option(
            "--chunk-s",
            metavar="SECONDS",
            show_default=False,
            help="Hear each recording as a stream, in chunks of so many seconds; for streaming models. The texts are the same.",
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Hypotheses: .parquet.")] = Path(
        "hypotheses.parquet"
    ),
    compute: Annotated[
        Path | None,
        typer.Option(
            "--compute",
            metavar="FILE",
            show_default=False,
            help="Also write what was computed for each recording (.csv), for `audit --rate kiloflop/audio_ms`; streaming models.",
        ),
    ] = None,
    reading: Reading,
) -> None:
    """Transcribe every recording. Needs the extra `train`.

    Recordings are the column audio_path, relative to the corpus's folder. Goes on where an interrupted run stopped. The result is
    what --hypotheses of the other commands reads; --system names it, else the model's name. Where the source is a recording itself
    (.wav, .flac, .ogg, .opus, .mp3) its text is printed, with --chunk-s as it grows, and nothing is written.
    """
    if reading.source.suffix.lower() in RECORDINGS:
        _print_recording(reading.source, model=model, chunk_s=chunk_s)
        return
    from fairasr.cli.destination import require_file
    from fairasr.cli.progress import progress
    from fairasr.core.atomic import write_file
    from fairasr.models import Recordings, load, transcribe_to_file
    from fairasr.models.computed import computed_table, require_counts
    from fairasr.models.hypothesis_file import SUFFIXES

    require_file(output, endings=SUFFIXES)
    if compute is not None:
        require_file(compute, endings=(".csv",))
    source = reading.source.absolute()
    manifest = replace(reading, source=source).corpus().manifest
    recognizer = load(model)
    hears = _in_chunks(recognizer, chunk_s=chunk_s)
    if compute is not None:
        require_counts(recognizer)
    recordings = Recordings(
        manifest,
        audio_root=source if source.is_dir() else source.parent,
        sample_rate_hz=recognizer.sample_rate_hz,
        kept_bytes=0,
    )
    with progress() as tell:
        hypotheses, failures = transcribe_to_file(
            hears,
            manifest,
            recordings,
            path=output,
            system=reading.system,
            progress=lambda done, total: tell("transcribing", done, total),
        )
        if compute is not None:
            table, uncounted = computed_table(
                recognizer, manifest, recordings, system=reading.system, progress=lambda done, total: tell("computing", done, total)
            )
            # A text of an earlier run may be of a recording that is now gone.
            failures = {**uncounted, **failures}
            write_file(compute, table.to_csv(index=False, lineterminator="\n").encode())
    tell_failures(failures, total=len(manifest), done="transcribed")
    typer.echo(f"{len(hypotheses):,} of {len(manifest):,} utterances transcribed by {hypotheses.system}: {output}")
    if compute is not None:
        typer.echo(f"Computation of {len(table):,} of {len(manifest):,} recordings: {compute}")


def _in_chunks(recognizer: Recognizer, *, chunk_s: float | None) -> Recognizer:
    from fairasr.models.streamed import Streamed

    return recognizer if chunk_s is None else Streamed(recognizer, chunk_s=chunk_s)


def _print_recording(path: Path, *, model: Path, chunk_s: float | None) -> None:
    """Print the text of one recording; of a stream a line whenever it changed, with the seconds heard, and the whole at the end."""
    from fairasr.core.errors import IngestError
    from fairasr.models import UnreadableAudioError, load
    from fairasr.models.audio import audible, read_audio
    from fairasr.models.streamed import Streamed

    recognizer = _in_chunks(load(model), chunk_s=chunk_s)
    try:
        samples = audible(read_audio(path, sample_rate_hz=recognizer.sample_rate_hz))
    except UnreadableAudioError as error:
        raise IngestError(f"the recording '{path}' cannot be used: {error}. Give a recording, or a corpus.") from error
    if not isinstance(recognizer, Streamed):
        typer.echo(recognizer.transcribe([samples])[0])
        return
    text = ""
    for heard_s, so_far in recognizer.texts(samples):
        if so_far != text:
            typer.echo(f"{heard_s:.2f} s: {so_far}")
        text = so_far
    typer.echo(text)
