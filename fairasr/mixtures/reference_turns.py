"""Who said what when in every mixture of a corpus: from its references, and from a table of turns beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from fairasr.core import Manifest, sha256_of
from fairasr.core.errors import IngestError, SchemaError
from fairasr.core.schema import is_identifier
from fairasr.core.turns import Turn, read_turns
from fairasr.ingest.table import read_table

NEEDED = ("turn_id", "utterance_id", "speaker_id", "start_s", "end_s", "reference")
LARGEST_DIFFERENCE_S = 0.01
"""Between the times of a table and of the references: the notation writes hundredths of a second."""

OF_MIXTURES = frozenset({"utterance_id", "reference", "audio_path", "duration_s", "speaker_id"})


@dataclass(frozen=True, kw_only=True)
class ReferenceTurn:
    """One turn that was spoken.

    Attributes:
        turn_id: names it.
        turn: speaker, words and times.
        columns: what is known of it or of its speaker besides: column -> value.
    """

    turn_id: str
    turn: Turn
    columns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ReferenceTurns:
    """The turns of a corpus of mixtures.

    Attributes:
        of: utterance_id -> its turns, by start; () for a recording without speech.
        columns: names of what is known besides, in order.
        inputs: file name -> SHA-256 of what was read.
    """

    of: Mapping[str, tuple[ReferenceTurn, ...]]
    columns: tuple[str, ...]
    inputs: Mapping[str, str] = field(default_factory=dict)


def reference_turns(manifest: Manifest, *, turns: str | Path | None) -> ReferenceTurns:
    """The turns of every utterance of `manifest`.

    Args:
        manifest: references in the notation of turns, or plain.
        turns: table with turn_id, utterance_id, speaker_id, start_s, end_s, reference and what else is known of a turn or its
            speaker; None: a turn's speaker, and what is known of it, are those of its utterance.

    Raises:
        IngestError: the table lacks columns or ids, or tells other turns than the references.
        SchemaError: a reference breaks the notation; the message names the utterance.
    """
    written = {
        identifier: turns_of(text, what=f"the reference of {identifier!r}")
        for identifier, text in zip(manifest.table["utterance_id"], manifest.table["reference"], strict=True)
    }
    return _from_references(manifest, written) if turns is None else _from_table(Path(turns), written)


def turns_of(text: str, *, what: str) -> tuple[Turn, ...]:
    """As `read_turns`; `what` says in a message where the text is from.

    Raises:
        SchemaError: it breaks the notation.
    """
    try:
        return read_turns(text)
    except SchemaError as error:
        raise SchemaError(f"{what} cannot be read: {error}") from error


def _from_references(manifest: Manifest, written: Mapping[str, tuple[Turn, ...]]) -> ReferenceTurns:
    columns = tuple(column for column in manifest.table.columns if column not in OF_MIXTURES)
    of = {}
    for row in manifest.table.to_dict("records"):
        identifier = row["utterance_id"]
        known = {column: row[column] for column in columns}
        of[identifier] = tuple(
            ReferenceTurn(turn_id=f"{identifier}-{number}", turn=replace(turn, speaker_id=row["speaker_id"]), columns=known)
            for number, turn in enumerate(written[identifier], start=1)
        )
    return ReferenceTurns(of=of, columns=columns)


def _from_table(path: Path, written: Mapping[str, tuple[Turn, ...]]) -> ReferenceTurns:
    table, _ = read_table(path)
    lacking = [column for column in NEEDED if column not in table]
    if lacking:
        raise IngestError(
            f"'{path}' lacks {len(lacking)} of {len(NEEDED)} columns of a table of turns (first: {lacking[0]!r}). Give "
            f"{', '.join(NEEDED)}."
        )
    _require_ids(table, path)
    columns = tuple(column for column in table.columns if column not in NEEDED)
    found: dict[str, list[ReferenceTurn]] = {identifier: [] for identifier in written}
    for row in table[table["utterance_id"].isin(written.keys())].to_dict("records"):
        found[row["utterance_id"]].append(
            ReferenceTurn(turn_id=row["turn_id"], turn=_turn(row, path), columns={column: row[column] for column in columns})
        )
    of = {identifier: tuple(sorted(turns, key=lambda one: one.turn.times[0])) for identifier, turns in found.items()}
    other = [identifier for identifier, turns in of.items() if not _same_turns([one.turn for one in turns], written[identifier])]
    if other:
        raise IngestError(
            f"'{path}' tells other turns than the references of {len(other):,} of {len(written):,} utterances (first: "
            f"{other[0]!r}): other words, or times more than {LARGEST_DIFFERENCE_S:g} s away. Give the table that belongs to them."
        )
    repeated = table["turn_id"][table["turn_id"].duplicated()]
    if len(repeated):
        raise IngestError(
            f"'{path}': {len(repeated):,} of {len(table):,} turns repeat the turn_id of an earlier one (first: "
            f"{repeated.iloc[0]!r}). Name every turn once."
        )
    return ReferenceTurns(of=of, columns=columns, inputs={path.name: sha256_of(path)})


def _require_ids(table: pd.DataFrame, path: Path) -> None:
    for column in ("turn_id", "utterance_id", "speaker_id"):
        blank = ~is_identifier(table[column])
        if blank.any():
            raise IngestError(
                f"'{path}': {blank.sum():,} of {len(table):,} turns have no {column} (first: row {int(blank.argmax())}, counted "
                "from 0). Name it in every row."
            )


def _same_turns(told: Sequence[Turn], written: Sequence[Turn]) -> bool:
    """Whether both have the same words at the same times, as far as these are written."""
    return len(told) == len(written) and all(
        one.text == " ".join(other.text.split())
        and (
            other.start_s is None
            or all(abs(a - b) < LARGEST_DIFFERENCE_S + 1e-6 for a, b in zip(one.times, other.times, strict=True))
        )
        for one, other in zip(told, written, strict=True)
    )


def _turn(row: Mapping[Any, Any], path: Path) -> Turn:
    start_s, end_s = (pd.to_numeric(row[name], errors="coerce") for name in ("start_s", "end_s"))
    try:
        return Turn(
            text=" ".join((row["reference"] or "").split()),
            start_s=float(start_s),
            end_s=float(end_s),
            speaker_id=row["speaker_id"] or "",
        )
    except SchemaError as error:
        raise SchemaError(f"'{path}', turn {row['turn_id']!r}: {error}") from error
