"""`fairasr demo`: a made-up world with planted gaps, audited through the ordinary commands, and the truth beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairasr.cli.options import Seed


def demo(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the corpus and the report.")] = Path(
        "out/demo"
    ),
    permutations: Annotated[
        int, typer.Option("--permutations", min=0, metavar="NUMBER", help="Of the whole procedure, per method and system.")
    ] = 199,
    seed: Seed = 0,
) -> None:
    """Make a seeded world of 2,000 speakers, audit it, say what was planted, what was found and what was missed."""
    from fairasr.auditing import audit
    from fairasr.cli.destination import require_folder
    from fairasr.cli.progress import progress
    from fairasr.cli.summary import print_summary
    from fairasr.ingest import read
    from fairasr.testing import verdict, what_was_planted, write_demo

    require_folder(output)
    corpus_folder, report_folder = output / "corpus", output / "report"
    with progress() as tell:
        tell("drawing the world", 0, 1)
        files = write_demo(corpus_folder, seed)
        corpus = read(files.utterances, hypotheses=files.hypotheses, embeddings=files.embeddings)
        result = audit(
            corpus,
            seed=seed,
            census=files.census,
            missing="deletions",
            focus=files.world.system,
            also_normalisers=("none",),
            title="Demo: a made-up world with planted gaps",
            n_permutations=permutations,
            command=f"fairasr demo --seed {seed}",
            progress=tell,
        )
        result.write(report_folder)
    print_summary(result)
    typer.echo("\nWhat was planted:")
    for sentence in what_was_planted(files.world):
        typer.echo(f"- {sentence}")
    typer.echo("\nWhat was found:")
    for sentence in verdict(
        result, files.world, partitions={name: rule.assign(corpus.manifest) for name, rule in result.rules.items()}
    ):
        typer.echo(f"- {sentence}")
    typer.echo(f"\nReport: {report_folder / 'report.html'}")
