"""Options that several verbs share: how a corpus is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from fairasr.ingest import Corpus

READING = "Reading the corpus"

Source = Annotated[Path, typer.Argument(help="Table (CSV, TSV, JSONL, Parquet), NeMo manifest, Kaldi folder, Common Voice TSV, trn, stm, or the folder of a recipe's files.")]
HypothesesFile = Annotated[
    Path | None, typer.Option("--hypotheses", help="Second file: utterance_id, system, hypothesis; or a second trn or Kaldi text.", rich_help_panel=READING)
]
RecipeFile = Annotated[str | None, typer.Option("--recipe", help="TOML that says how the corpus is read, by path or name.", rich_help_panel=READING)]
Variant = Annotated[str | None, typer.Option("--variant", help="Which of the recipe's variants to read.", rich_help_panel=READING)]
ColumnMap = Annotated[
    list[str] | None, typer.Option("--column", help="NAME=COLUMN, such as reference=text; repeat for more.", rich_help_panel=READING)
]
Layout = Annotated[str, typer.Option("--layout", help="auto, table, nemo, kaldi, common-voice, trn or stm.", rich_help_panel=READING)]
SystemName = Annotated[str | None, typer.Option("--system", help="Name of the system where the source names none.", rich_help_panel=READING)]
EmbeddingsFile = Annotated[
    Path | None, typer.Option("--embeddings", help=".npz or .parquet with utterance_id and embedding.", rich_help_panel=READING)
]
NoSpeakerIds = Annotated[
    bool,
    typer.Option(
        "--no-speaker-ids", help="The corpus names no speakers: each utterance stands for one, and every result says so.", rich_help_panel=READING
    ),
]
BadRows = Annotated[
    Literal["error", "set-aside"], typer.Option("--bad-rows", help="error: stop and name every broken rule. set-aside: count them in the report.", rich_help_panel=READING)
]
Encoding = Annotated[str, typer.Option("--encoding", help="Of text files.", rich_help_panel=READING)]
Delimiter = Annotated[str | None, typer.Option("--delimiter", help="Of CSV files; recognised without.", rich_help_panel=READING)]

Normaliser = Annotated[
    str | None, typer.Option("--normaliser", "--normalizer", help="Profile both texts go through; default: the recipe's, else basic.")
]
Unit = Annotated[Literal["word", "character", "auto"] | None, typer.Option("--unit", help="word (WER), character (CER) or auto; default: the recipe's, else word.")]
Missing = Annotated[Literal["error", "deletions"], typer.Option("--missing", help="What an utterance without hypothesis is: error, or deletions.")]
Seed = Annotated[int, typer.Option("--seed", help="Of every split, permutation and restart.")]


def read_source(
    source: Path,
    *,
    hypotheses: Path | None,
    recipe: str | None,
    variant: str | None,
    column: Sequence[str] | None,
    layout: str,
    system: str | None,
    embeddings: Path | None,
    no_speaker_ids: bool,
    bad_rows: Literal["error", "set-aside"],
    encoding: str,
    delimiter: str | None,
) -> Corpus:
    """The corpus that the reading options describe."""
    from fairasr.ingest import read

    return read(
        source,
        hypotheses=hypotheses,
        recipe=recipe,
        variant=variant,
        columns=pairs(column or (), "--column"),
        layout=layout,
        system=system,
        embeddings=embeddings,
        speaker_ids=not no_speaker_ids,
        bad_rows=bad_rows,
        encoding=encoding,
        delimiter=delimiter,
    )


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """NAME=VALUE texts as a dict."""
    split = [text.partition("=") for text in texts]
    wrong = [text for text, (name, equals, value) in zip(texts, split, strict=True) if not (name and equals and value)]
    if wrong:
        raise typer.BadParameter(f"{len(wrong)} of {len(texts)} are not NAME=VALUE (first: {wrong[0]!r})", param_hint=option)
    return {name: value for name, _, value in split}


def command_line() -> str:
    """The command as typed, for the provenance; the program by its name."""
    import shlex
    import sys

    return shlex.join(["fairasr", *sys.argv[1:]])


def nested(texts: Sequence[str], option: str) -> dict[str, dict[str, object]]:
    """METHOD.SETTING=VALUE texts as {method: {setting: value}}; values as JSON where they are, else as text."""
    import json

    found: dict[str, dict[str, object]] = {}
    for name, value in pairs(texts, option).items():
        method, dot, setting = name.partition(".")
        if not dot or not setting:
            raise typer.BadParameter(f"{name!r} is not METHOD.SETTING", param_hint=option)
        try:
            read = json.loads(value)
        except ValueError:
            read = value
        found.setdefault(method, {})[setting] = tuple(read) if isinstance(read, list) else read
    return found
