"""Breach: a rule that rows of a table break, and the sentence about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

FIRST_ROWS = 3
LONGEST_EXAMPLE = 60


@dataclass(frozen=True, kw_only=True, eq=False)
class Breach:
    """Rows that break one rule.

    Attributes:
        column: the column the rule is about.
        wording: the rule's breach as a verb phrase after "N of M rows", such as "are not a number in -90..90".
        rows: bool array (n_rows,), True where the rule is broken.
        remedy: what to do about it, as a sentence; "" where the wording says it.
        reason: why such a row is set aside, for `Manifest.set_aside`; "" for rules whose breach only blanks a value.
        called: what the message calls the column where the file has none of this name; "" where it has.
        blanks: columns whose values are left out of such rows under bad_rows="set-aside"; none: the row itself is set aside.
    """

    column: str
    wording: str
    rows: np.ndarray
    remedy: str = ""
    reason: str = ""
    called: str = ""
    blanks: tuple[str, ...] = ()

    def sentence(self, table: pd.DataFrame) -> str:
        """What, how many of how many, the first rows (numbered from 0), the first value and the remedy."""
        positions = np.flatnonzero(self.rows)
        first = ", ".join(str(row) for row in positions[:FIRST_ROWS]) + (", ..." if len(positions) > FIRST_ROWS else "")
        shown = repr(table[self.column].iloc[positions[0]])
        if len(shown) > LONGEST_EXAMPLE:
            shown = shown[: LONGEST_EXAMPLE - 3] + "..."
        column = self.called or f"column '{self.column}'"
        found = f"{column}: {len(positions):,} of {len(table):,} rows {self.wording} (rows {first}; first: {shown})"
        return f"{found}. {self.remedy}" if self.remedy else found


def committed(breaches: Sequence[Breach]) -> list[Breach]:
    """The breaches that any row commits."""
    return [breach for breach in breaches if breach.rows.any()]


def blanked(table: pd.DataFrame, breaches: Sequence[Breach]) -> pd.DataFrame:
    """`table` with the values that break an optional column's rule left out (None)."""
    table = table.copy()
    for breach in breaches:
        for column in breach.blanks:
            if column in table:
                table.loc[breach.rows, column] = None
    return table


def unusable_rows(table: pd.DataFrame, breaches: Sequence[Breach]) -> tuple[np.ndarray, np.ndarray]:
    """Rows that cannot be used: bool array (n_rows,), and why: str object array (n_rows,), "" where they can."""
    reasons = np.full(len(table), "", dtype=object)
    for breach in breaches:
        if not breach.blanks:
            reasons[breach.rows] = [f"{before}; {breach.reason}" if before else breach.reason for before in reasons[breach.rows]]
    return reasons != "", reasons
