"""read: any corpus layout to a Manifest and the Hypotheses of its systems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from fairasr.core import Counts, Hypotheses, Manifest, Rate
from fairasr.core.errors import IngestError
from fairasr.ingest.breach import committed
from fairasr.ingest.checks import Checked, checked_utterances, refuse, unusable_table, usable_table
from fairasr.ingest.counted import (
    count_breaches,
    count_columns,
    counted_over_nothing,
    counts_of,
    nothing_to_divide_by,
    too_large_in_all,
)
from fairasr.ingest.embeddings import aligned, embedding_breaches
from fairasr.ingest.gather import Gathered, Request, Source, gather
from fairasr.ingest.recipe import Recipe, read_recipe
from fairasr.ingest.systems import hypotheses_of, hypothesis_breaches, joins_nothing

BAD_ROWS = ("error", "set-aside")
DEFAULTS = ("normaliser", "unit", "groups")


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """What was read.

    Attributes:
        manifest: the utterances.
        systems: what each system wrote, in order of appearance; empty where no hypotheses were given.
        inputs: file name -> SHA-256, for provenance. A table from memory is "DataFrame", hashed as CSV.
        utterances_sha256: of the files that the utterances are in, by which a rule knows the corpus it was found on.
        title: of the corpus.
        notes: what was recognised, assumed, joined, left out and set aside, in sentences.
        defaults: what the recipe recommends for an audit of this corpus: normaliser, unit, groups, each where it says.
        rate: what is audited instead of errors; None: errors, once the systems' hypotheses are scored.
        counts: of that rate, of every system in order of appearance, one row per utterance of the manifest.
    """

    manifest: Manifest
    systems: tuple[Hypotheses, ...]
    inputs: Mapping[str, str]
    title: str
    utterances_sha256: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    rate: Rate | None = None
    counts: tuple[Counts, ...] = ()


def read(
    source: Source,
    *,
    hypotheses: Source | Mapping[str, Source] | None = None,
    recipe: str | Path | None = None,
    variant: str | None = None,
    columns: Mapping[str, str] | None = None,
    layout: str = "auto",
    system: str | None = None,
    embeddings: str | Path | None = None,
    rate: Rate | None = None,
    speaker_ids: bool = True,
    bad_rows: Literal["error", "set-aside"] = "error",
    encoding: str = "utf-8",
    delimiter: str | None = None,
) -> Corpus:
    """Read a corpus.

    A null hypothesis, or none, is a failed utterance; "" is a system that heard nothing. CSV and TSV cannot tell the two apart: an
    empty cell there is "". Failed utterances are left out of such a file, or the table is given as JSONL or Parquet. A null
    reference is unusable; "" is silence. In every other column a blank cell is a missing value.

    Args:
        source: a CSV, TSV, JSONL or Parquet table, a NeMo manifest, a Kaldi data folder, a Common Voice TSV, a NIST trn or stm,
            a DataFrame, or the folder that a recipe's files are in.
        hypotheses: a second file in long form (utterance_id, system, hypothesis), a second trn, stm or Kaldi text, or several:
            system name -> file. None: the table has a column `hypothesis` (with `system`: one row per utterance and system),
            or columns `hypothesis:NAME`, or there are none.
        recipe: TOML that says how the corpus is read, by path or by name (see data_manifests/README.md).
        variant: which of the recipe's variants to read, such as another normalisation of the texts.
        columns: fairasr's name -> column of the source, over the recipe's; {"hypothesis:NAME": column} for several systems.
        layout: "auto", "table", "nemo", "kaldi", "common-voice", "trn" or "stm".
        system: name of the system where the source names none; "system" by default.
        embeddings: .npz or .parquet with utterance_id and embedding; a column `embedding` of the table is taken without.
        rate: two columns of counts to be audited instead of errors. Then no transcripts are needed, and none is read. Several
            systems have columns `NUMERATOR:NAME`, or a row per utterance and system with a column `system`.
        speaker_ids: False where the corpus names no speakers: each utterance then stands for one, and every result says so.
        bad_rows: "error" raises one SchemaError that names every broken rule. "set-aside" counts rows without a usable id, speaker
            or reference in `manifest.set_aside`, leaves bad optional values out, and says so in the notes.
        encoding: of text files, as Python names it.
        delimiter: of CSV files; None: recognised from the header.

    Raises:
        IngestError: a file cannot be read, or a recipe is broken.
        SchemaError: the table breaks rules: all of them, each with counts, first rows and remedy.
    """
    if bad_rows not in BAD_ROWS:
        raise IngestError(f"bad_rows is {bad_rows!r}; it must be 'error' or 'set-aside'.")
    if variant is not None and recipe is None:
        raise IngestError(f"variant {variant!r} was named without a recipe. Name the recipe too.")
    if rate is not None and hypotheses is not None:
        raise IngestError(
            f"{rate.name!r} is read from {rate.numerator!r} and {rate.denominator!r}, and hypotheses were given too: one audit is "
            "of one of the two. Leave out the rate or the hypotheses."
        )
    where = source if isinstance(source, pd.DataFrame) else Path(source)
    near = None if isinstance(where, pd.DataFrame) else where if where.is_dir() else where.parent
    plan = Recipe() if recipe is None else read_recipe(recipe, near=near, variant=variant)
    gathered = gather(
        Request(
            source=where,
            recipe=plan,
            hypotheses=hypotheses,
            columns=columns or {},
            layout=layout,
            system=system,
            embeddings=None if embeddings is None else Path(embeddings),
            speaker_ids=speaker_ids,
            encoding=encoding,
            delimiter=delimiter,
            rate=rate,
        )
    )
    return _corpus(gathered, plan, rate, bad_rows=bad_rows)


def _corpus(gathered: Gathered, plan: Recipe, rate: Rate | None, *, bad_rows: str) -> Corpus:
    numerators = gathered.numerators
    utterances = checked_utterances(
        gathered.table,
        gathered.folder,
        points_on_land=bool(plan.options.get("points_on_land", True)),
        also=() if rate is None else count_breaches(gathered.table, rate, numerators.values()),
    )
    if "utterance_id" not in gathered.table:  # nothing can be joined, so only the table itself is checked
        refuse(gathered.name, gathered.problems + utterances.sentences)
    identifiers = [name for name in gathered.table["utterance_id"] if name is not None]
    known = identifiers + (list(gathered.set_aside["utterance_id"]) if "utterance_id" in gathered.set_aside else [])
    spoken = (
        None
        if gathered.long is None
        else Checked(table=gathered.long, breaches=committed(hypothesis_breaches(gathered.long, known)))
    )
    given = gathered.vectors
    vectors = None if given is None else Checked(table=given.table, breaches=committed(embedding_breaches(given, known)))
    sentences = [sentence for part in (utterances, spoken, vectors) if part is not None for sentence in part.sentences]
    fatal = [*gathered.problems, *_nothing_left(utterances, gathered.long, known, rate)]
    if rate is not None:
        fatal += nothing_to_divide_by(gathered.table, utterances.usable, rate)
        fatal += too_large_in_all(gathered.table, utterances.usable, rate, numerators.values())
    refuse(gathered.name, fatal + (sentences if bad_rows == "error" or fatal else []))

    not_of_speakers = count_columns(rate, numerators)
    table = usable_table(utterances, gathered.folder, without=not_of_speakers)
    usable_ids = list(table["utterance_id"])
    notes = [*gathered.notes, *(f"Set aside or left out: {sentence}" for sentence in sentences)]
    systems: tuple[Hypotheses, ...] = ()
    if spoken is not None:
        systems, gaps = hypotheses_of(spoken.table[spoken.usable], usable_ids)
        notes += gaps
    embeddings = None
    if given is not None and vectors is not None:
        embeddings = aligned(given, vectors.usable, usable_ids)
        without = len(usable_ids) if embeddings is None else int(np.isnan(embeddings).all(axis=1).sum())
        if without:
            notes.append(f"{without:,} of {len(usable_ids):,} utterances have no embedding.")
    aside = [part for part in (gathered.set_aside, unusable_table(utterances, without=not_of_speakers)) if len(part)]
    manifest = Manifest(
        table=table,
        embeddings=embeddings,
        source=gathered.name,
        has_speaker_ids=gathered.has_speaker_ids,
        **({"set_aside": pd.concat(aside, ignore_index=True)} if aside else {}),
    )
    counts = () if rate is None else counts_of(gathered.table[utterances.usable], rate, numerators)
    notes += [] if rate is None else counted_over_nothing(counts, rate)
    return Corpus(
        manifest=manifest,
        systems=systems,
        inputs=gathered.inputs,
        utterances_sha256=gathered.utterances_sha256,
        title=plan.title or Path(gathered.name).stem,
        notes=tuple(notes),
        defaults={key: plan.options[key] for key in DEFAULTS if key in plan.options},
        rate=rate,
        counts=counts,
    )


def _nothing_left(utterances: Checked, long: pd.DataFrame | None, known: list[str], rate: Rate | None) -> list[str]:
    """Sentences on what no setting of `bad_rows` can go on with."""
    sentences = []
    needed = "a reference" if rate is None else f"counts for {rate.name}"
    if not utterances.usable.any():
        sentences.append(
            f"none of the {len(utterances.table):,} rows can be used: each lacks an id of its own, a speaker or {needed}."
        )
    if long is not None and joins_nothing(long, known):
        sentences.append(
            f"none of the {len(long):,} hypotheses joins an utterance (first: {long['utterance_id'].iloc[0]!r}; the utterances "
            f"have {known[0] if known else None!r}). Write the ids alike in both files."
        )
    return sentences
