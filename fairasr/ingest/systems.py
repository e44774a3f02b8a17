"""Hypotheses of one system or several, from columns of the utterance table or from a table in long form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fairasr.core import Hypotheses
from fairasr.core.manifest import KNOWN
from fairasr.core.schema import is_identifier
from fairasr.ingest.breach import Breach
from fairasr.ingest.columns import WIDE

DEFAULT_SYSTEM = "system"
LONG = ("utterance_id", "system", "hypothesis")


def hypothesis_columns(table: pd.DataFrame, *, system: str | None) -> dict[str, str]:
    """System name -> column of `table` that holds its hypotheses."""
    found = {column.removeprefix(WIDE): column for column in table.columns if column.startswith(WIDE)}
    if "hypothesis" in table:
        found = {system or DEFAULT_SYSTEM: "hypothesis"} | found
    return found


def is_long(table: pd.DataFrame) -> bool:
    """Whether a table has one row per utterance and system."""
    return "system" in table and "hypothesis" in table


def stacked(table: pd.DataFrame, *, system: str | None) -> pd.DataFrame:
    """Table with hypothesis columns, in long form: utterance_id, system, hypothesis."""
    if is_long(table):
        return table[list(LONG)].reset_index(drop=True)
    parts = [
        pd.DataFrame({"utterance_id": table["utterance_id"], "system": name, "hypothesis": table[column]}).astype(object)
        for name, column in hypothesis_columns(table, system=system).items()
    ]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in LONG})
    return pd.concat(parts, ignore_index=True)


def one_row_per_utterance(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str], list[str]]:
    """A table of one row per utterance x system reduced to its utterances; sentences on what is wrong, and what was left out.

    fairasr's own columns must agree over the systems of an utterance. Other columns that do not (a confidence, a detected
    language) describe the output, not the utterance, and are left out.
    """
    problems, dropped = [], []
    for column in table.columns.difference([*LONG, "embedding"], sort=False):
        distinct = table[["utterance_id", column]].drop_duplicates()
        disagreeing = distinct["utterance_id"][distinct["utterance_id"].duplicated()]
        if disagreeing.empty:
            continue
        if column in KNOWN:
            problems.append(
                f"column '{column}': {disagreeing.nunique():,} of {table['utterance_id'].nunique():,} utterances have several "
                f"values over their systems (first: {disagreeing.iloc[0]!r}). Give each utterance one."
            )
        else:
            dropped.append(column)
    notes = [f"Columns that differ between the systems of an utterance were left out: {', '.join(dropped)}."] if dropped else []
    first = ~table["utterance_id"].duplicated() | ~is_identifier(table["utterance_id"])
    return table[first].drop(columns=["system", "hypothesis", *dropped]).reset_index(drop=True), problems, notes


def hypothesis_breaches(long: pd.DataFrame, utterance_ids: Sequence[str]) -> list[Breach]:
    """Rows of a table in long form that name no utterance of ours, no system, or one that has spoken already."""
    named = is_identifier(long["utterance_id"])
    known = long["utterance_id"].isin(set(utterance_ids)).to_numpy()
    repeats = long.duplicated(["utterance_id", "system"], keep="first").to_numpy() & known
    heard = set(long["utterance_id"][known])
    unheard = [identifier for identifier in utterance_ids if identifier not in heard]
    other_side = f"{len(unheard):,} of {len(utterance_ids):,} utterances have no hypothesis" + (
        f" (first: {unheard[0]!r})" if unheard else ""
    )
    return [
        Breach(
            column="utterance_id",
            wording="of the hypotheses have no id",
            rows=~named,
            remedy="Name the utterance of each.",
            reason="no utterance_id",
        ),
        Breach(
            column="utterance_id",
            wording="of the hypotheses join to no utterance",
            rows=named & ~known,
            remedy=f"On the other side, {other_side}. Write the ids alike in both files, or pass bad_rows='set-aside' to leave "
            "these out.",
            reason="joins to no utterance",
        ),
        Breach(
            column="system",
            wording="of the hypotheses name no system",
            rows=~is_identifier(long["system"]),
            remedy="Name the system of each.",
            reason="no system",
        ),
        Breach(
            column="utterance_id",
            wording="of the hypotheses are a second one of the same system",
            rows=repeats,
            remedy="Keep one hypothesis per utterance and system.",
            reason="second hypothesis of the same system",
        ),
    ]


def hypotheses_of(long: pd.DataFrame, utterance_ids: Sequence[str]) -> tuple[tuple[Hypotheses, ...], list[str]]:
    """One Hypotheses per system, in order of appearance; a null text is a failed utterance and is absent. And who lacks any."""
    kept = long[long["utterance_id"].isin(set(utterance_ids))]
    given = kept[kept["hypothesis"].notna()]
    systems, notes = [], []
    rows_of = given.groupby("system", sort=False).indices
    identifiers, written = (given[column].to_numpy(dtype=object) for column in ("utterance_id", "hypothesis"))
    for name in long["system"].unique():
        rows = rows_of.get(name, np.empty(0, dtype=np.intp))
        texts = dict(zip(identifiers[rows], written[rows], strict=True))
        systems.append(Hypotheses(system=name, texts=texts))
        failed = len(utterance_ids) - len(texts)
        if failed:
            first = next(identifier for identifier in utterance_ids if identifier not in texts)
            notes.append(f"{name!r} has no hypothesis for {failed:,} of {len(utterance_ids):,} utterances (first: {first!r}).")
    return tuple(systems), notes


def joins_nothing(long: pd.DataFrame, utterance_ids: Sequence[str]) -> bool:
    """Whether there are hypotheses and none is of an utterance of ours."""
    return bool(len(long)) and not np.any(long["utterance_id"].isin(set(utterance_ids)))
