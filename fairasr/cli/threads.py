"""The option `--threads` of the verbs that train."""

from __future__ import annotations

from typing import Annotated

import typer

Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        metavar="NUMBER",
        help="Threads to compute with on the processor; default: OMP_NUM_THREADS where it is set, else 1.",
    ),
]
