"""Column rules: name, wording, rule; one `check` for every table, every broken rule reported together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fairasr.core.errors import SchemaError

Rule = Callable[[pd.Series], np.ndarray]
"""Column values to a bool array (n_rows,): True where the value keeps the rule."""

FIRST_ROWS = 3


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table: what a value must be (`wording`) and the test of it (`rule`)."""

    name: str
    wording: str
    rule: Rule
    required: bool = False
    unique: bool = False


def is_text(values: pd.Series) -> np.ndarray:
    """Text, the empty string included."""
    return np.fromiter((isinstance(v, str) for v in values), dtype=bool, count=len(values))


def is_identifier(values: pd.Series) -> np.ndarray:
    """Text with something other than white space in it."""
    return np.fromiter((isinstance(v, str) and v.strip() != "" for v in values), dtype=bool, count=len(values))


def is_positive(values: pd.Series) -> np.ndarray:
    """A finite number above zero, or missing."""
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    kept: np.ndarray = np.isnan(numbers) | (np.isfinite(numbers) & (numbers > 0))
    return kept


def is_within(low: float, high: float) -> Rule:
    """Rule: a number in [low, high], or missing."""

    def rule(values: pd.Series) -> np.ndarray:
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        kept: np.ndarray = np.isnan(numbers) | ((numbers >= low) & (numbers <= high))
        return kept

    return rule


def is_zip_code(values: pd.Series) -> np.ndarray:
    """Five digits kept as text, or missing."""
    missing: np.ndarray = values.isna().to_numpy()
    digits = np.fromiter(
        (isinstance(v, str) and len(v) == 5 and v.isascii() and v.isdigit() for v in values), dtype=bool, count=len(values)
    )
    kept: np.ndarray = missing | digits
    return kept


def broken_rows(table: pd.DataFrame, columns: Iterable[Column]) -> dict[str, np.ndarray]:
    """Rows that break each rule: wording of the breach -> bool array (n_rows,). Missing required columns are not rows."""
    broken: dict[str, np.ndarray] = {}
    for column in columns:
        if column.name not in table:
            continue
        wrong = ~column.rule(table[column.name])
        if wrong.any():
            broken[f"column '{column.name}' is not {column.wording}"] = wrong
        if column.unique:
            twice = table[column.name].duplicated(keep="first").to_numpy() & ~wrong
            if twice.any():
                broken[f"column '{column.name}' repeats an earlier value"] = twice
    return broken


def check(table: pd.DataFrame, columns: Iterable[Column], *, what: str) -> None:
    """Raise one SchemaError naming every broken rule of `columns` in `table`, or return.

    Rows are numbered from 0, as in `table.iloc`.

    Raises:
        SchemaError: a required column is missing, or rows break a rule.
    """
    columns = tuple(columns)
    lines = [
        f"column '{column.name}' is missing ({column.wording})"
        for column in columns
        if column.required and column.name not in table
    ]
    for column in columns:
        for wrong in broken_rows(table, [column]).items():
            lines.append(_line(table, column, *wrong))
    if lines:
        raise SchemaError(f"{what} breaks its schema:\n" + "\n".join(f"  - {line}" for line in lines))


def _line(table: pd.DataFrame, column: Column, breach: str, wrong: np.ndarray) -> str:
    rows = np.flatnonzero(wrong)
    first = ", ".join(str(row) for row in rows[:FIRST_ROWS]) + (", ..." if len(rows) > FIRST_ROWS else "")
    example = table[column.name].iloc[rows[0]]
    shown = repr(example) if len(repr(example)) <= 60 else repr(example)[:57] + "..."
    if "repeats" in breach:
        return (
            f"column '{column.name}': {len(rows):,} of {len(table):,} rows repeat an earlier value (rows {first}; first: {shown})"
        )
    return f"column '{column.name}': {len(rows):,} of {len(table):,} rows are not {column.wording} (rows {first}; first: {shown})"
