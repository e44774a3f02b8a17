"""`fairasr demo`: a made-up world through the ordinary commands: planted gaps, or speech that a recogniser is tuned on."""

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
    speech: Annotated[
        bool,
        typer.Option(
            "--speech",
            help="Another world: a synthesiser's accents, a small recogniser of one of them, its audit, and fine-tuning for the "
            "worst region. About five minutes on two cores.",
        ),
    ] = False,
    seed: Seed = 0,
) -> None:
    """Make a seeded world of 2,000 speakers, audit it, say what was planted, what was found and what was missed."""
    from fairasr.cli.destination import require_folder

    require_folder(output)
    if speech:
        _speech(output, permutations=permutations, seed=seed)
    else:
        _planted_gaps(output, permutations=permutations, seed=seed)


def _planted_gaps(output: Path, *, permutations: int, seed: int) -> None:
    from fairasr.auditing import audit
    from fairasr.cli.progress import progress
    from fairasr.cli.summary import print_summary
    from fairasr.ingest import read
    from fairasr.testing import verdict, what_was_planted, write_demo

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
            keep_utterances=True,  # nobody said them
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


def _speech(output: Path, *, permutations: int, seed: int) -> None:
    from fairasr.cli.league import print_league
    from fairasr.cli.progress import progress
    from fairasr.cli.summary import print_summary
    from fairasr.mitigating.speech_demo import speech_demo
    from fairasr.testing.speech import CAUTION

    with progress() as tell:
        found = speech_demo(
            output, seed=seed, n_permutations=permutations, command=f"fairasr demo --speech --seed {seed}", progress=tell
        )
    typer.echo("Before fine-tuning, on all accents:")
    print_summary(found.audit)
    typer.echo("")
    print_league(found.mitigated.result)
    typer.echo(f"\n{CAUTION}")
    typer.echo(f"\nThe audit before: {found.audit_report}")
    typer.echo(f"Before and after fine-tuning: {found.mitigation_report}")
