"""`fairasr verify train` and `fairasr verify embed`: a speaker encoder trained with adversarial reweighting, and its vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from fairasr.cli.failures import tell_failures
from fairasr.cli.options import Reading, Seed, pairs
from fairasr.cli.recordings import recordings_of
from fairasr.cli.threads import Threads


def train(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the encoder.")] = Path("encoder"),
    formulation: Annotated[
        Literal["plain", "accumulated", "pseudo-label", "pairwise"],
        typer.Option("--formulation", metavar="NAME", help="plain, accumulated, pseudo-label or pairwise."),
    ] = "pairwise",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SETTING=VALUE", help="Of the formulation, such as n_clusters=12; repeat for more."),
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=1, metavar="NUMBER", help="Optimiser steps.")] = 2000,
    batch_speakers: Annotated[
        int, typer.Option("--batch-speakers", min=2, metavar="NUMBER", help="Speakers of a batch, two stretches of each.")
    ] = 32,
    learning_rate: Annotated[float, typer.Option("--learning-rate", metavar="NUMBER", help="Peak.")] = 1e-3,
    held_out: Annotated[
        float,
        typer.Option("--held-out", metavar="SHARE", help="Share of the speakers kept out, for `fairasr verify audit`; 0: none."),
    ] = 0.2,
    exclude_speakers: Annotated[
        Path | None,
        typer.Option("--exclude-speakers", metavar="FILE", help="Speakers not to be trained on either: one on a line."),
    ] = None,
    seed: Seed = 0,
    threads: Threads = None,
    reading: Reading,
) -> None:
    """Train a speaker encoder from recordings; no group labels are needed. Needs the extra `train`.

    Recordings are the column audio_path, relative to the corpus's folder. An interrupted training goes on where it stopped.
    held_out.csv names the utterances of the speakers kept out.
    """
    from fairasr.cli.destination import require_folder
    from fairasr.cli.progress import progress
    from fairasr.models.architectures import extra_needed

    with extra_needed():
        from fairasr.training.threads import chosen_threads
        from fairasr.verification.reweighting import formulation_of
        from fairasr.verification.training import EncoderBudget
    from fairasr.verifying.training import train_speaker_encoder
    from fairasr.verifying.training_speakers import read_speakers

    require_folder(output)
    chosen = formulation_of(formulation, {name: _value(text) for name, text in pairs(settings or (), "--set").items()})
    excluded = read_speakers(exclude_speakers) if exclude_speakers else frozenset()
    source = reading.source.absolute()
    corpus = recordings_of(reading, source=source)
    with chosen_threads(threads), progress() as tell:
        found = train_speaker_encoder(
            corpus.manifest,
            audio_root=source if source.is_dir() else source.parent,
            folder=output,
            formulation=chosen,
            seed=seed,
            budget=EncoderBudget(n_steps=steps, n_speakers=batch_speakers, learning_rate=learning_rate),
            held_out_share=held_out,
            excluded=excluded,
            progress=tell,
        )
    typer.echo(f"{found.name} is trained on {found.n_utterances:,} utterances of {found.n_speakers:,} speakers: {output}")
    for note in found.notes:
        typer.echo(f"- {note}")
    if found.held_out:
        typer.echo(f"{len(found.parts.held_out):,} speakers were kept out: {found.held_out}")


def embed(
    *,
    model: Annotated[
        Path, typer.Option("--model", metavar="FOLDER", show_default=False, help="Encoder that `fairasr verify train` wrote.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Embeddings: .npz or .parquet.")] = Path(
        "embeddings.npz"
    ),
    threads: Threads = None,
    reading: Reading,
) -> None:
    """Embed the voice of every recording by an encoder of one's own. Needs the extra `train`.

    As `fairasr embed`: goes on where an interrupted run stopped.
    """
    from fairasr.cli.destination import require_file
    from fairasr.cli.progress import progress
    from fairasr.models import embed_to_file
    from fairasr.models.architectures import extra_needed
    from fairasr.models.embedding_file import SUFFIXES

    with extra_needed():
        from fairasr.training.threads import chosen_threads
        from fairasr.verification.encoder_model import TrainedSpeakerEncoder

    require_file(output, endings=SUFFIXES)
    encoder = TrainedSpeakerEncoder.load(model)
    source = reading.source.absolute()
    corpus = recordings_of(reading, source=source)
    with chosen_threads(threads), progress() as tell:
        found = embed_to_file(
            corpus.manifest,
            encoder=encoder,
            audio_root=source if source.is_dir() else source.parent,
            path=output,
            progress=lambda done, total: tell("embedding", done, total),
        )
    tell_failures(found.failures, total=len(corpus.manifest), done="embedded")
    typer.echo(f"{len(found.utterance_ids) - len(found.failures):,} of {len(found.utterance_ids):,} utterances embedded: {output}")


def _value(text: str) -> int | float | str:
    """A setting as typed: a whole number, a number, or text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
