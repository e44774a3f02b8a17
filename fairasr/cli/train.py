"""`fairasr train`: a recogniser from nothing, by a job file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairasr.cli.threads import Threads


def train(
    *,
    job: Annotated[
        Path,
        typer.Argument(
            show_default=False,
            metavar="JOB",
            help="TOML file: architecture, name, seed, \\[settings], and \\[corpus] and \\[budget] as in docs/mitigation.md; "
            "docs/streaming.md has an example.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the model.")] = Path("out/model"),
    threads: Threads = None,
) -> None:
    """Train a small recogniser from nothing: a base model for trials where no pretrained one can be had.

    An interrupted training goes on where it stopped.
    """
    from fairasr.cli.destination import require_folder
    from fairasr.cli.progress import progress
    from fairasr.mitigating import train_recogniser
    from fairasr.training.threads import chosen_threads

    require_folder(output)
    with chosen_threads(threads), progress() as tell:
        model = train_recogniser(job, folder=output, progress=tell)
    typer.echo(f"{model.name} is trained: {output}")
