"""`fairasr mix`: mixtures of several speakers, or strings of one, made of a corpus of recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fairasr.cli.options import Reading, Seed, command_line

if TYPE_CHECKING:
    import pandas as pd

OVERLAP = "Turns and overlap"
PARTS = "Training and test"
SOUND = "Sound"


def mix(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder of the mixtures.")] = Path(
        "out/mixtures"
    ),
    n_train: Annotated[
        int, typer.Option("--train", min=0, metavar="NUMBER", help="Mixtures of the part train.", rich_help_panel=PARTS)
    ] = 1000,
    n_test: Annotated[
        int,
        typer.Option(
            "--test",
            min=0,
            metavar="NUMBER",
            help="Mixtures of the part test; 0: all but --held-out is for training.",
            rich_help_panel=PARTS,
        ),
    ] = 100,
    held_out: Annotated[
        float | None,
        typer.Option(
            "--held-out",
            metavar="FRACTION",
            help="Share of the recordings that test mixtures are made of, and no others. Default: 0.1, or none with --test 0; "
            "a share that is named is held out even then, for a test made later.",
            rich_help_panel=PARTS,
        ),
    ] = None,
    hold_out: Annotated[
        Literal["recordings", "speakers"],
        typer.Option(
            "--hold-out",
            metavar="WHAT",
            help="recordings: a share of each speaker's. speakers: the parts share no speaker either.",
            rich_help_panel=PARTS,
        ),
    ] = "recordings",
    turns: Annotated[
        str, typer.Option("--turns", metavar="RANGE", help="Of a mixture, such as 1-3 or 2.", rich_help_panel=OVERLAP)
    ] = "1-3",
    recordings_per_turn: Annotated[
        str,
        typer.Option(
            "--recordings-per-turn",
            metavar="RANGE",
            help="Recordings of one speaker put one after the other, such as 2-5.",
            rich_help_panel=OVERLAP,
        ),
    ] = "1-3",
    overlap: Annotated[
        str,
        typer.Option(
            "--overlap",
            metavar="RANGE",
            help="Share of the speech in which two speak, aimed at; never more than two speak at once.",
            rich_help_panel=OVERLAP,
        ),
    ] = "0-0.6",
    apart: Annotated[
        float,
        typer.Option(
            "--apart", metavar="FRACTION", help="Share of the mixtures whose turns do not overlap.", rich_help_panel=OVERLAP
        ),
    ] = 0.25,
    speakers: Annotated[
        Literal["different", "any"],
        typer.Option("--speakers", metavar="RULE", help="different for every turn of a mixture, or any.", rich_help_panel=OVERLAP),
    ] = "different",
    level_db: Annotated[
        float | None,
        typer.Option(
            "--level-db",
            min=0,
            metavar="NUMBER",
            help="Bring turns to one level, then let them differ by up to this; without, they stay as recorded.",
            rich_help_panel=SOUND,
        ),
    ] = None,
    sample_rate_hz: Annotated[
        int | None,
        typer.Option(
            "--sample-rate-hz", min=1000, metavar="NUMBER", help="Default: that of the first recording.", rich_help_panel=SOUND
        ),
    ] = None,
    audio_format: Annotated[
        Literal["flac", "wav"], typer.Option("--format", metavar="NAME", help="flac or wav, 16 bit.", rich_help_panel=SOUND)
    ] = "flac",
    seed: Seed = 0,
    reading: Reading,
) -> None:
    """Make mixtures of several speakers with known turns. Needs the extra `train`.

    Recordings are the column audio_path, relative to the corpus's folder; one person speaks in each. Written: audio/,
    mixtures.csv (one row per mixture, to train on and to transcribe), turns.csv (who says what when), mixtures.json. With --turns 1
    strings of one speaker are made, and mixtures.csv is an ordinary corpus.
    """
    from dataclasses import replace

    from fairasr.cli.destination import require_folder
    from fairasr.cli.progress import progress
    from fairasr.mixtures import MixtureSettings, simulate

    settings = MixtureSettings(
        n_train=n_train,
        n_test=n_test,
        turns=_whole_range(turns, "--turns"),
        recordings_per_turn=_whole_range(recordings_per_turn, "--recordings-per-turn"),
        overlap=_range(overlap, "--overlap"),
        apart=apart,
        speakers=speakers,
        held_out=held_out,
        hold_out=hold_out,
        level_db=level_db,
        audio_format=audio_format,
    )
    require_folder(output)
    source = reading.source.absolute()
    corpus = replace(reading, source=source).corpus()
    with progress() as tell:
        made = simulate(
            corpus,
            settings,
            audio_root=source if source.is_dir() else source.parent,
            folder=output,
            seed=seed,
            sample_rate_hz=sample_rate_hz,
            command=command_line(),
            progress=tell,
        )
    for note in made.notes:
        typer.echo(f"- {note}")
    for part in ("train", "test"):
        _print_part(part, made.mixtures[made.mixtures["part"] == part])
    typer.echo(f"Mixtures: {output / 'mixtures.csv'}")


def _print_part(part: str, mixtures: pd.DataFrame) -> None:
    from fairasr.core.plural import counted

    if mixtures.empty:
        return
    bands = mixtures["overlap_band"].value_counts()
    shares = ", ".join(f"{bands[band]:,} of {band} overlap" for band in sorted(bands.index, key=_band_order))
    typer.echo(
        f"{part}: {counted(len(mixtures), 'mixture')}, {counted(int(mixtures['n_turns'].sum()), 'turn')}, "
        f"{mixtures['duration_s'].sum():,.0f} s; {shares}"
    )


def _band_order(band: str) -> int:
    from fairasr.core.turns import OVERLAP_BANDS

    return OVERLAP_BANDS.index(band) if band in OVERLAP_BANDS else len(OVERLAP_BANDS)


def _range(text: str, option: str) -> tuple[float, float]:
    """Both ends of "0.1-0.4", or of "0.2"."""
    low, dash, high = text.partition("-")
    try:
        return float(low), float(high if dash else low)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no range such as 1-3, nor a number", param_hint=option) from None


def _whole_range(text: str, option: str) -> tuple[int, int]:
    low, high = _range(text, option)
    if not (low.is_integer() and high.is_integer()):
        raise typer.BadParameter(f"{text!r} is no range of whole numbers such as 1-3", param_hint=option)
    return int(low), int(high)
