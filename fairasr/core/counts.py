"""Counts: the currency. Integer counts per speaker x cell; every rate is a ratio of their sums."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from fairasr.core.errors import SchemaError

KEYS = ("speaker_id", "cell")


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Counts of one system's errors, one row per speaker x cell.

    `cell` is whatever a speaker's speech is divided by: the utterance_id as scored, "" once collapsed by `by_speaker`.
    A rate is `numerator` / `denominator`: any pair of columns makes one (errors/words, wrong/all sentences,
    characters, compute per second of audio), and discovery and statistics take the pair.

    Attributes:
        table: `speaker_id`, `cell` and integer columns >= 0, such as n_utterances, n_ref_words, hits, substitutions,
            deletions, insertions, n_missing (no hypothesis, scored as deletions), n_empty (heard nothing), n_loops.
        system: which system.
        normaliser: the profile the texts went through, with its version.
        rate_name: what the rate is called in reports.
        numerator: columns whose sum is the numerator.
        denominator: column that is the denominator.

    Raises:
        SchemaError: a column is missing, negative or not an integer, or a speaker x cell appears twice.
    """

    table: pd.DataFrame
    system: str
    normaliser: str
    rate_name: str = "WER"
    numerator: tuple[str, ...] = ("substitutions", "deletions", "insertions")
    denominator: str = "n_ref_words"

    def __post_init__(self) -> None:
        missing = [c for c in (*KEYS, *self.numerator, self.denominator) if c not in self.table]
        if missing:
            raise SchemaError(f"counts of {self.system!r} lack {', '.join(missing)}; they have {', '.join(self.table.columns)}.")
        for column in self.count_columns:
            values = self.table[column]
            if values.dtype.kind not in "iu" or (values < 0).any():
                raise SchemaError(f"counts of {self.system!r}: column '{column}' must hold integers >= 0, is {values.dtype}.")
        twice = self.table.duplicated(list(KEYS))
        if twice.any():
            first = tuple(self.table.loc[twice, list(KEYS)].iloc[0])
            raise SchemaError(
                f"counts of {self.system!r}: {twice.sum():,} of {len(self.table):,} speaker x cell rows repeat (first: {first})."
            )
        object.__setattr__(self, "table", self.table.reset_index(drop=True))

    @property
    def count_columns(self) -> list[str]:
        """Every column that is a count."""
        return [column for column in self.table.columns if column not in KEYS]

    @cached_property
    def numerators(self) -> np.ndarray:
        """Numerator of each row: int array (n_rows,)."""
        return self.table[list(self.numerator)].sum(axis=1).to_numpy()

    @cached_property
    def denominators(self) -> np.ndarray:
        """Denominator of each row: int array (n_rows,)."""
        return self.table[self.denominator].to_numpy()

    @property
    def rate(self) -> float:
        """Pooled rate: sum of numerators / sum of denominators; NaN over nothing."""
        total = self.denominators.sum()
        return float(self.numerators.sum() / total) if total else float("nan")

    @property
    def wer(self) -> float:
        """Pooled word error rate.

        Raises:
            SchemaError: the numerator and denominator are those of another rate.
        """
        if self.rate_name != "WER":
            raise SchemaError(f"these counts are of {self.rate_name}, not WER; read `rate`.")
        return self.rate

    def by_speaker(self) -> Counts:
        """One row per speaker, sorted by speaker_id, every cell summed."""
        table = self.table.groupby("speaker_id", sort=True, as_index=False)[self.count_columns].sum()
        table.insert(1, "cell", "")
        return replace(self, table=table)

    def of_speakers(self, speakers: pd.Index) -> Counts:
        """The rows of `speakers` alone."""
        return replace(self, table=self.table[self.table["speaker_id"].isin(speakers)])
