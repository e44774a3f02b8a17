"""The form every reader hands on: a table of text, None where there is no value. Only named columns are cast, and later."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

VECTORS = "embedding"
"""The one column that may hold vectors; it passes through untouched."""


def text_table(columns: Mapping[str, Sequence[str | None]]) -> pd.DataFrame:
    """Table of text: object columns of str or None, index 0..n-1."""
    return pd.DataFrame({name: pd.Series(list(values), dtype=object) for name, values in columns.items()})


def as_text_table(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` as a table of text, so that one corpus reads alike from CSV, JSONL, Parquet and memory.

    Missing values become None. Whole numbers lose a ".0" (an integer id column with a gap arrives as floats); other numbers keep
    their shortest exact form. Lists are joined by ", ", other structures become JSON. A column named "embedding" is left as it is.
    """
    columns = {}
    for position, name in enumerate(frame.columns):
        values = frame.iloc[:, position]
        columns[str(name)] = values.astype(object).to_numpy() if name == VECTORS else _as_text(values)
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


def _as_text(values: pd.Series) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(values):  # a number is written once, however often it occurs
        codes, distinct = pd.factorize(values)
        written = np.array([*(_text_of(value) for value in np.asarray(distinct)), None], dtype=object)
        return written[codes]
    missing = values.isna().to_numpy()
    out = np.full(len(values), None, dtype=object)
    out[~missing] = [value if isinstance(value, str) else _text_of(value) for value in values.astype(object).to_numpy()[~missing]]
    return out


def _text_of(value: Any) -> str | None:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item() if not isinstance(value, np.floating) else float(str(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (list, tuple)):
        return ", ".join(str(part) for part in value) or None
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)
