"""Options that several verbs share: how a corpus is read, how it is scored, which cohorts are looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from fairasr.core import Rate
    from fairasr.ingest import Corpus

READING = "Reading the corpus"
SCORING = "Scoring"
DISCOVERY = "Discovery of cohorts"

Seed = Annotated[int, typer.Option("--seed", min=0, metavar="NUMBER", help="Of every split, permutation and restart.")]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a corpus is read; fields as the arguments of `fairasr.read`."""

    source: Annotated[
        Path,
        typer.Argument(
            show_default=False,
            help="Table (CSV, TSV, JSONL, Parquet), NeMo manifest, Kaldi folder, Common Voice TSV, trn, stm, "
            "or the folder of a recipe's files.",
        ),
    ]
    hypotheses: Annotated[
        list[str] | None,
        typer.Option(
            "--hypotheses",
            metavar="FILE",
            help="Second file: utterance_id, system, hypothesis; or a second trn or Kaldi text. Repeat for more systems; NAME=FILE "
            "names the system of a file that does not.",
            rich_help_panel=READING,
        ),
    ] = None
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="NAME=COLUMN",
            help="fairasr's name for a column, such as reference=text; repeat for more.",
            rich_help_panel=READING,
        ),
    ] = None
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", metavar="TOML", help="How the corpus is read, by path or name.", rich_help_panel=READING),
    ] = None
    variant: Annotated[
        str | None, typer.Option("--variant", metavar="NAME", help="Which of the recipe's variants.", rich_help_panel=READING)
    ] = None
    embeddings: Annotated[
        Path | None,
        typer.Option(
            "--embeddings", metavar="FILE", help=".npz or .parquet with utterance_id and embedding.", rich_help_panel=READING
        ),
    ] = None
    system: Annotated[
        str | None,
        typer.Option("--system", metavar="NAME", help="Of the system, where the source names none.", rich_help_panel=READING),
    ] = None
    no_speaker_ids: Annotated[
        bool,
        typer.Option(
            "--no-speaker-ids",
            help="The corpus names no speakers: each utterance stands for one, and every result says so.",
            rich_help_panel=READING,
        ),
    ] = False
    bad_rows: Annotated[
        Literal["error", "set-aside"],
        typer.Option(
            "--bad-rows",
            metavar="RULE",
            help="error: stop and name every broken rule. set-aside: go on, and count the rows in the report.",
            rich_help_panel=READING,
        ),
    ] = "error"
    layout: Annotated[
        str,
        typer.Option(
            "--layout", metavar="NAME", help="auto, table, nemo, kaldi, common-voice, trn or stm.", rich_help_panel=READING
        ),
    ] = "auto"
    encoding: Annotated[str, typer.Option("--encoding", metavar="NAME", help="Of text files.", rich_help_panel=READING)] = "utf-8"
    delimiter: Annotated[
        str | None,
        typer.Option("--delimiter", metavar="CHARACTER", help="Of CSV files; recognised without.", rich_help_panel=READING),
    ] = None

    @property
    def hypothesis_files(self) -> Path | dict[str, Path] | None:
        """Files of hypotheses as `fairasr.read` takes them: none, one, or several by the name of their system.

        Raises:
            typer.BadParameter: two have the same name.
        """
        given = self.hypotheses or []
        if not given:
            return None
        if len(given) == 1 and (Path(given[0]).exists() or "=" not in given[0]):
            return Path(given[0])
        named = [(Path(text).stem, text) if Path(text).exists() else _named(text) for text in given]
        names = [name for name, _ in named]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise typer.BadParameter(f"two files are called {twice!r}: write NAME=FILE", param_hint="--hypotheses")
        return {name: Path(file) for name, file in named}

    def corpus(self) -> Corpus:
        """Read it."""
        return self.corpus_with(rate=None)

    def corpus_with(self, *, rate: Rate | None) -> Corpus:
        """Read it, with the counts of `rate` instead of hypotheses where one is given."""
        from fairasr.ingest import read

        return read(
            self.source,
            hypotheses=self.hypothesis_files,
            recipe=self.recipe,
            variant=self.variant,
            columns=pairs(self.column or (), "--column"),
            layout=self.layout,
            system=self.system,
            embeddings=self.embeddings,
            rate=rate,
            speaker_ids=not self.no_speaker_ids,
            bad_rows=self.bad_rows,
            encoding=self.encoding,
            delimiter=self.delimiter,
        )


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """How hypotheses are scored; None is what the corpus's recipe says."""

    normaliser: Annotated[
        str | None,
        typer.Option(
            "--normaliser",
            "--normalizer",
            metavar="PROFILE",
            help="What both texts go through: none, basic or english; default: the recipe's, else basic.",
            rich_help_panel=SCORING,
        ),
    ] = None
    unit: Annotated[
        Literal["word", "character", "auto"] | None,
        typer.Option(
            "--unit",
            metavar="UNIT",
            help="word (WER), character (CER) or auto; default: the recipe's, else word.",
            rich_help_panel=SCORING,
        ),
    ] = None
    missing: Annotated[
        Literal["error", "deletions", "set-aside"],
        typer.Option(
            "--missing",
            metavar="RULE",
            help="What an utterance without hypothesis is: error, deletions of its words, or set-aside: left out for every system, "
            "and counted.",
            rich_help_panel=SCORING,
        ),
    ] = "error"
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="SYSTEM", help="Look at this system alone; repeat for more.", rich_help_panel=SCORING),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Search:
    """Which discoveries are run, and with what."""

    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            metavar="METHOD",
            help="Discovery to run, such as geo-tree or declared:accent; repeat for more; default: all that the columns allow.",
            rich_help_panel=DISCOVERY,
        ),
    ] = None
    census: Annotated[
        Path | None,
        typer.Option(
            "--census", metavar="FILE", help="TOML card of a census table, for zip-demographics.", rich_help_panel=DISCOVERY
        ),
    ] = None
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="METHOD.SETTING=VALUE",
            help="Such as geo-tree.max_leaves=50; see `fairasr methods`.",
            rich_help_panel=DISCOVERY,
        ),
    ] = None


def _named(text: str) -> tuple[str, str]:
    """NAME=FILE as both; a file alone is called by its own name."""
    name, equals, file = text.partition("=")
    return (name, file) if equals and name and file else (Path(text).stem, text)


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
