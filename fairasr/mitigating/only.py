"""`only` of a corpus: which utterances have the values that are asked for, and what to say where none has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fairasr.core.errors import JobError

MOST_VALUES = 8
"""Values of a column that a message names."""

Only = Mapping[str, tuple[Any, ...]]


def wanted(table: pd.DataFrame, only: Only) -> np.ndarray:
    """Which utterances have one of the wanted values in each column: bool (n_utterances,).

    Raises:
        JobError: a column is not there, or no utterance is left.
    """
    absent = [column for column in only if column not in table]
    if absent:
        raise JobError(
            f"'only' names {len(absent)} columns that are not there (first: '{absent[0]}'); "
            f"there are {', '.join(map(str, table.columns))}."
        )
    kept = {column: table[column].astype(str).isin([str(value) for value in values]).to_numpy() for column, values in only.items()}
    together = np.ones(len(table), dtype=bool)
    for rows in kept.values():
        together &= rows
    if not together.any():
        empty = [column for column in only if not kept[column].any()]
        raise JobError(
            f"none of the {len(table):,} utterances is left by {as_toml(only)}: "
            + ("; ".join(_values_of(table[column]) for column in empty) or "none has a wanted value in every column")
            + ". Widen it."
        )
    return together


def in_words(only: Only) -> str:
    """What is wanted, for notes: "accent plain, shifted; part test"."""
    return "; ".join(f"{column} {', '.join(map(str, values))}" for column, values in only.items())


def as_toml(only: Only) -> str:
    """`only` as a job file has it.

    Examples:
        >>> as_toml({"part": ("trian", 3)})
        'only = { part = ["trian", 3] }'
    """
    return "only = { " + ", ".join(f"{_key(column)} = [{_items(values)}]" for column, values in only.items()) + " }"


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "_").isidentifier()
    return name if bare else json.dumps(name, ensure_ascii=False)


def _items(values: tuple[Any, ...]) -> str:
    return ", ".join(json.dumps(value, ensure_ascii=False, default=str) for value in values)


def _values_of(column: pd.Series) -> str:
    values = column.dropna().astype(str).value_counts(sort=False).index.sort_values()
    shown = ", ".join(json.dumps(value, ensure_ascii=False) for value in values[:MOST_VALUES])
    more = ", ..." if len(values) > MOST_VALUES else ""
    return f"'{column.name}' has {len(values):,} other value{'' if len(values) == 1 else 's'} ({shown}{more})"
