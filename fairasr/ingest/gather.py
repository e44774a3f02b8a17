"""Everything a corpus is made of, read and named, before its rules are checked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fairasr.core import Rate, sha256_of
from fairasr.core.errors import IngestError
from fairasr.core.schema import is_identifier
from fairasr.ingest.columns import WIDE, mapped, missing_columns, unmapped_columns, without_empty_cells
from fairasr.ingest.coordinates import coordinate_problems
from fairasr.ingest.counted import absent_counts, numerator_columns, one_row_per_counted_utterance
from fairasr.ingest.embeddings import Vectors, read_embeddings, vectors_in_column
from fairasr.ingest.joins import prepared
from fairasr.ingest.layouts import layout_of, read_hypotheses, read_layout
from fairasr.ingest.raw import RawCorpus
from fairasr.ingest.recipe import Recipe
from fairasr.ingest.systems import is_long, one_row_per_utterance, stacked
from fairasr.ingest.table import read_table
from fairasr.ingest.text_table import VECTORS

Source = str | Path | pd.DataFrame
SPOKEN = ("system", "hypothesis")
IN_MEMORY = "DataFrame"


@dataclass(frozen=True, kw_only=True, eq=False)
class Gathered:
    """Utterances, hypotheses and vectors as text, under fairasr's names.

    Attributes:
        name: of the source, for messages.
        folder: audio stays below it.
        table: utterances, one row each.
        long: hypotheses in long form; None where none were given.
        vectors: embeddings; None where none were given.
        set_aside: rows the layout says are not to be scored.
        numerators: where a rate is read, system -> column of `table` with its numerator.
        has_speaker_ids: False where each utterance stands for a speaker.
        problems: what is wrong beyond single rows, in sentences.
        notes: what was recognised, assumed and done, in sentences.
        inputs: file name -> SHA-256.
        utterances_sha256: of the files that the utterances are in, and no others.
    """

    name: str
    folder: Path
    table: pd.DataFrame
    long: pd.DataFrame | None
    vectors: Vectors | None
    set_aside: pd.DataFrame
    numerators: Mapping[str, str]
    has_speaker_ids: bool
    problems: list[str]
    notes: list[str]
    inputs: Mapping[str, str]
    utterances_sha256: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the caller of `read` asked for, and the recipe; see `read` for the meaning of each."""

    source: Path | pd.DataFrame
    recipe: Recipe
    hypotheses: Source | Mapping[str, Source] | None
    columns: Mapping[str, str]
    layout: str
    system: str | None
    embeddings: Path | None
    speaker_ids: bool
    encoding: str
    delimiter: str | None
    rate: Rate | None = None

    @property
    def folder(self) -> Path:
        """Folder that the recipe's files are in."""
        if isinstance(self.source, pd.DataFrame):
            return Path()
        return self.source if self.source.is_dir() else self.source.parent


def gather(request: Request) -> Gathered:
    """Read every file that `request` names.

    Raises:
        IngestError: a file cannot be read, or the recipe does not fit it.
    """
    raw, layout = _utterances(request)
    name = IN_MEMORY if isinstance(request.source, pd.DataFrame) else request.source.name or "."
    names = {**request.recipe.columns, **request.columns}
    spoken = {ours: theirs for ours, theirs in names.items() if ours in SPOKEN or ours.startswith(WIDE)}
    files = _hypothesis_files(request)
    table, problems = mapped(raw.utterances, {k: v for k, v in names.items() if not files or k not in spoken}, what=f"'{name}'")
    notes = [*raw.notes]
    long: pd.DataFrame | None = None
    if request.rate is not None:
        table, problems_of_counts, done = one_row_per_counted_utterance(table, request.rate)
        problems += problems_of_counts
        notes += done
    elif files:
        table = table.drop(columns=[column for column in table.columns if column in SPOKEN or column.startswith(WIDE)])
        wanted = {"utterance_id": names.get("utterance_id", "utterance_id"), **spoken, **request.recipe.hypotheses}
        long = _second_files(request, files, wanted, layout, problems, notes)
    elif "utterance_id" in table:
        if is_long(table):
            long = stacked(table, system=request.system)
            table, disagreements, left_out = one_row_per_utterance(table)
            problems += disagreements
            notes += left_out
        else:  # rows whose id is missing or repeated are the utterance table's fault, and are reported once
            own = is_identifier(table["utterance_id"]) & ~table["utterance_id"].duplicated().to_numpy()
            long = stacked(table[own], system=request.system)
    table = without_empty_cells(table)
    before = table
    if not problems:
        table, done = prepared(table, request.recipe, request.folder)
        notes += done
    numerators: Mapping[str, str] = {}
    if request.rate is not None:  # a recipe that chooses attributes knows nothing of counts
        counted = [*numerator_columns(before, request.rate, system=None).values(), request.rate.denominator]
        table = table.assign(**{name: before[name] for name in counted if name in before and name not in table}, reference="")
        numerators = numerator_columns(table, request.rate, system=request.system)
        problems += [] if problems else absent_counts(before, request.rate)
    has_speaker_ids = request.speaker_ids and bool(request.recipe.options.get("speaker_ids", True))
    problems += [*missing_columns(table, speaker_ids=has_speaker_ids), *coordinate_problems(table)]
    notes += unmapped_columns(table)
    if not has_speaker_ids and "utterance_id" in table:
        table = table.assign(speaker_id=table["utterance_id"])
        notes.append(
            "The corpus names no speakers: each utterance stands for one, so intervals are too narrow where a speaker has several."
        )
    vectors, vector_files = _vectors(request, table)
    inputs = _inputs(request, [*raw.files, *(file for _, file in files if isinstance(file, Path)), *vector_files])
    return Gathered(
        name=name,
        folder=raw.folder,
        table=table,
        long=None if long is None or long.empty else long,
        vectors=vectors,
        set_aside=raw.set_aside,
        numerators=numerators,
        has_speaker_ids=has_speaker_ids,
        problems=problems,
        notes=[*notes, *request.recipe.notes],
        inputs=inputs,
        utterances_sha256=tuple(sha256_of(file) for file in raw.files) if raw.files else (inputs[IN_MEMORY],),
    )


def _utterances(request: Request) -> tuple[RawCorpus, str]:
    recipe, source = request.recipe, request.source
    if isinstance(source, pd.DataFrame):
        table, notes = read_table(source)
        return RawCorpus(
            utterances=table, folder=Path(), notes=(f"A DataFrame of {len(table):,} rows was read as a table.", *notes)
        ), "table"
    if not source.exists():
        raise IngestError(f"'{source}' does not exist. Check the path.")
    if source.is_dir() and "utterances" in recipe.files:
        source = source / recipe.files["utterances"]
    layout = request.layout if request.layout != "auto" else recipe.files.get("layout", "auto")
    if layout == "auto" and source.exists():
        layout = layout_of(source)
    return read_layout(source, layout, encoding=request.encoding, delimiter=request.delimiter), layout


def _hypothesis_files(request: Request) -> list[tuple[str | None, Path | pd.DataFrame]]:
    given = request.hypotheses
    if request.rate is not None:
        return []
    if given is None:
        file = request.recipe.files.get("hypotheses")
        return [] if file is None else [(request.system, request.folder / file)]
    pairs = given.items() if isinstance(given, Mapping) else [(request.system, given)]
    return [(name, Path(file) if isinstance(file, str) else file) for name, file in pairs]


def _second_files(
    request: Request,
    files: list[tuple[str | None, Path | pd.DataFrame]],
    wanted: Mapping[str, str],
    layout: str,
    problems: list[str],
    notes: list[str],
) -> pd.DataFrame:
    parts = []
    for system, file in files:
        part, wrong, remarks = read_hypotheses(
            file, columns=wanted, system=system, layout=layout, encoding=request.encoding, delimiter=request.delimiter
        )
        parts.append(part)
        problems += wrong
        notes += remarks
    return pd.concat(parts, ignore_index=True)


def _vectors(request: Request, table: pd.DataFrame) -> tuple[Vectors | None, list[Path]]:
    path = request.embeddings
    if path is None and "embeddings" in request.recipe.files:
        path = request.folder / request.recipe.files["embeddings"]
    if path is not None:
        return read_embeddings(path), [path]
    if VECTORS in table and "utterance_id" in table:
        return vectors_in_column(table), []
    return None, []


def _inputs(request: Request, files: list[Path]) -> dict[str, str]:
    """Short name of each file read -> SHA-256. A folder's files go by their path in it; names that clash keep their folder's."""
    side = [request.folder / join.file for join in request.recipe.joins]
    recipe = [request.recipe.path] if request.recipe.path else []
    inputs: dict[str, str] = {}
    if isinstance(request.source, pd.DataFrame):
        inputs[IN_MEMORY] = hashlib.sha256(request.source.to_csv(index=False).encode(errors="surrogatepass")).hexdigest()
    for file in dict.fromkeys([*files, *side, *recipe]):
        name = file.name if file.name not in inputs else f"{file.parent.name}/{file.name}"
        inputs[name] = sha256_of(file)
    return inputs
