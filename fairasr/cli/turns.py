"""`fairasr turns`: what a recogniser made of every turn of mixtures, as a table that `fairasr audit` takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from fairasr.cli.options import Reading, command_line


def turns(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder of the results.")] = Path(
        "reports/turns"
    ),
    table: Annotated[
        Path | None,
        typer.Option(
            "--turns",
            metavar="FILE",
            help="Who said what when: turn_id, utterance_id, speaker_id, start_s, end_s, reference. Default: turns.csv beside the "
            "mixtures; without it speakers are those of the mixtures.",
        ),
    ] = None,
    part: Annotated[str, typer.Option("--part", metavar="NAME", help="Only mixtures of this part, such as test.")] = "",
    only: Annotated[str, typer.Option("--only", metavar="SYSTEM", help="Which system, where there are several.")] = "",
    normaliser: Annotated[
        str, typer.Option("--normaliser", "--normalizer", metavar="PROFILE", help="What both texts go through.")
    ] = "basic",
    missing: Annotated[
        Literal["error", "deletions", "set-aside"],
        typer.Option("--missing", metavar="RULE", help="What a mixture without hypothesis is: error, deletions or set-aside."),
    ] = "error",
    reading: Reading,
) -> None:
    """Score mixtures of several speakers turn by turn: errors, lost turns, turns counted, latency, by overlap.

    The source is mixtures.csv, or the folder of `fairasr mix`; references and hypotheses are in the notation of turns, hypotheses
    with channels. Written: turns.csv, one row per turn with its speaker, which `fairasr audit` takes, and metrics.json.
    """
    from dataclasses import replace

    from fairasr.cli.destination import require_folder
    from fairasr.cli.progress import progress
    from fairasr.cli.turns_summary import print_turns
    from fairasr.mixtures import score_turns

    require_folder(output)
    _refuse_folder_without_mixtures(reading)
    source = reading.source / "mixtures.csv" if (reading.source / "mixtures.csv").is_file() else reading.source
    beside = source.parent / "turns.csv"
    corpus = replace(reading, source=source).corpus()
    with progress() as tell:
        scored = score_turns(
            corpus,
            turns=table or (beside if beside.is_file() and beside != source else None),
            system=only,
            part=part,
            normaliser=normaliser,
            missing=missing,
            command=command_line(),
            progress=tell,
        )
    scored.write(output)
    print_turns(scored.system, scored.metrics, scored.notes)
    typer.echo(f"\nTurns: {output / 'turns.csv'}")


def _refuse_folder_without_mixtures(reading: Reading) -> None:
    """A folder is that of `fairasr mix`, unless a recipe or Kaldi's files say how to read it."""
    from fairasr.core.errors import IngestError

    is_known = reading.recipe is not None or (reading.source / "utt2spk").is_file()
    if reading.source.is_dir() and not is_known and not (reading.source / "mixtures.csv").is_file():
        raise IngestError(
            f"'{reading.source}' is a folder without mixtures.csv. Give the folder of `fairasr mix`, or a table of mixtures."
        )
