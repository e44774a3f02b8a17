"""Counts of a rate from columns of the utterance table: the numerator of each system, and the denominator they share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from fairasr.core import Counts, Rate
from fairasr.core.manifest import KNOWN
from fairasr.core.schema import is_identifier
from fairasr.ingest.breach import Breach
from fairasr.ingest.columns import WIDE, or_similar
from fairasr.ingest.numbers import numbers_in
from fairasr.ingest.systems import DEFAULT_SYSTEM, one_row_per_utterance

LARGEST_COUNT = 2.0**53
"""Whole numbers from here on, a column's sum among them, are not told apart by the arithmetic behind a rate."""


def one_row_per_counted_utterance(table: pd.DataFrame, rate: Rate) -> tuple[pd.DataFrame, list[str], list[str]]:
    """`table` without hypotheses and, of rows for each utterance x system, one per utterance; what is wrong, and what was done.

    A numerator in a table with a column `system` becomes a column `NUMERATOR:SYSTEM` of each system. Of an utterance that a
    system has no row for, it is missing.
    """
    texts = [column for column in table.columns if column == "hypothesis" or column.startswith(WIDE)]
    notes = [f"Transcripts are not needed for {rate.name} and were left out: {', '.join(texts)}."] if texts else []
    table = table.drop(columns=texts)
    if not {"system", "utterance_id", rate.numerator} <= set(table.columns):
        return table.drop(columns=["system"], errors="ignore"), [], notes
    if rate.denominator in table:
        table = table.assign(**{rate.denominator: _written_alike(table[rate.denominator])})
    problems = _problems(table, rate)
    if problems:
        return table.drop(columns=["system"]), problems, notes
    wide = table.pivot(index="utterance_id", columns="system", values=rate.numerator)
    reduced, disagreements, left_out = one_row_per_utterance(table.drop(columns=[rate.numerator]).assign(hypothesis=""))
    for system in table["system"].unique():
        given = reduced["utterance_id"].map(wide[system]).astype(object)
        reduced[f"{rate.numerator}:{system}"] = given.where(given.notna(), None)
    return reduced, disagreements, [*notes, *left_out]


def _written_alike(values: pd.Series) -> pd.Series:
    """Equal numbers as equal texts, so that 1000 and 1000.0 are one value; what is no number stays, and is refused later."""
    numbers = numbers_in(values)
    texts = [
        value if np.isnan(number) else np.format_float_positional(number, trim="-")
        for value, number in zip(values, numbers, strict=True)
    ]
    return pd.Series(texts, index=values.index, dtype=object)


def _problems(table: pd.DataFrame, rate: Rate) -> list[str]:
    """What keeps rows for each utterance x system from becoming columns, in sentences."""
    problems = []
    unnamed = ~(is_identifier(table["system"]) & is_identifier(table["utterance_id"]))
    if unnamed.any():
        problems.append(
            f"columns 'utterance_id' and 'system': {unnamed.sum():,} of {len(table):,} rows lack one (first: row "
            f"{int(unnamed.argmax())}). Name both in every row."
        )
    repeats = table.duplicated(["utterance_id", "system"]).to_numpy() & ~unnamed
    if repeats.any():
        first = int(repeats.argmax())
        problems.append(
            f"column 'utterance_id': {repeats.sum():,} of {len(table):,} rows are a second one of the same system (first: row "
            f"{first}, {table['utterance_id'].iloc[first]!r}). Keep one row per utterance and system."
        )
    if rate.denominator in table and rate.denominator not in KNOWN:  # fairasr's own columns are checked with the others
        distinct = table[["utterance_id", rate.denominator]].drop_duplicates()
        several = distinct["utterance_id"][distinct["utterance_id"].duplicated()]
        if len(several):
            problems.append(
                f"column '{rate.denominator}': {several.nunique():,} of {table['utterance_id'].nunique():,} utterances have "
                f"several values over their systems (first: {several.iloc[0]!r}). Systems are compared on one denominator: "
                "give each utterance one."
            )
    return problems


def numerator_columns(table: pd.DataFrame, rate: Rate, *, system: str | None) -> dict[str, str]:
    """System name -> column of `table` that holds its numerator."""
    prefix = f"{rate.numerator}:"
    found = {column.removeprefix(prefix): column for column in table.columns if column.startswith(prefix) and column != prefix}
    if rate.numerator in table:
        found = {system or DEFAULT_SYSTEM: rate.numerator} | found
    return found


def absent_counts(table: pd.DataFrame, rate: Rate) -> list[str]:
    """A sentence for each of the two columns that the table lacks."""
    present = list(table.columns)
    wanted = {rate.numerator: numerator_columns(table, rate, system=None), rate.denominator: rate.denominator in table}
    return [
        f"column '{name}' is missing (whole numbers >= 0, for {rate.name}){or_similar(name, present)} Name it as the file does."
        for name, there in wanted.items()
        if not there
    ]


def count_breaches(table: pd.DataFrame, rate: Rate, numerators: Iterable[str]) -> list[Breach]:
    """Rows without a whole number >= 0 in a column of counts; of a share, rows whose part is larger than the whole."""
    breaches = []
    whole = numbers_in(table[rate.denominator]) if rate.denominator in table else None
    for column in (*numerators, *(() if whole is None else (rate.denominator,))):
        values = numbers_in(table[column])
        system = _system_of(column, rate)
        wrong = ~((values >= 0) & (values < LARGEST_COUNT) & (values == np.floor(values)))
        breaches.append(
            Breach(
                column=column,
                called=_called(column, rate),
                wording="are not a whole number >= 0",
                rows=wrong,
                remedy="Count in a unit that is whole (milliseconds, not seconds), or pass bad_rows='set-aside' to count these "
                "rows apart.",
                reason=f"no count in {rate.numerator} of {system}" if system else f"no count in {column}",
            )
        )
        if rate.share and whole is not None and column != rate.denominator:
            breaches.append(
                Breach(
                    column=column,
                    called=_called(column, rate),
                    wording=f"are larger than '{rate.denominator}', which they are to be a share of",
                    rows=~wrong & (values > whole),
                    remedy="Mend the counts, or do not call the rate a share.",
                    reason=f"{rate.numerator} larger than {rate.denominator}" + (f", {system}" if system else ""),
                )
            )
    return breaches


def _system_of(column: str, rate: Rate) -> str:
    """The system whose numerator is in `column`; "" where there is but one."""
    prefix = f"{rate.numerator}:"
    return column.removeprefix(prefix) if column.startswith(prefix) else ""


def _called(column: str, rate: Rate) -> str:
    """What a message calls `column`: NUMERATOR:SYSTEM may be made of a column `system`, and then no file has it."""
    system = _system_of(column, rate)
    return f"column '{rate.numerator}' of the system '{system}'" if system else f"column '{column}'"


def nothing_to_divide_by(table: pd.DataFrame, usable: np.ndarray, rate: Rate) -> list[str]:
    """A sentence if the denominator is 0 in every usable row."""
    if rate.denominator not in table or not usable.any() or numbers_in(table[rate.denominator])[usable].any():
        return []
    return [
        f"column '{rate.denominator}': all {int(usable.sum()):,} usable rows are 0, so {rate.name} is not defined (first: "
        f"{table['utterance_id'][usable].iloc[0]!r}). Give the counts that the rate is over."
    ]


def too_large_in_all(table: pd.DataFrame, usable: np.ndarray, rate: Rate, numerators: Iterable[str]) -> list[str]:
    """A sentence for each column of counts whose usable rows add up to `LARGEST_COUNT` or more."""
    columns = [column for column in (*numerators, rate.denominator) if column in table]
    sums = {column: float(numbers_in(table[column])[usable].sum()) for column in columns}
    n_rows = int(usable.sum())
    return [
        f"{_called(column, rate)}: its {n_rows:,} usable rows add up to {total:.3g}, and sums of {LARGEST_COUNT:,.0f} or more are "
        f"not exact (first: {table['utterance_id'][usable].iloc[0]!r}, {table[column][usable].iloc[0]!r}). Count in a larger unit "
        "(megaflop, not flop)."
        for column, total in sums.items()
        if total >= LARGEST_COUNT
    ]


def counted_over_nothing(counts: Iterable[Counts], rate: Rate) -> list[str]:
    """A sentence for each system with rows whose denominator is 0 and whose numerator is not."""
    notes = []
    for one in counts:
        numerators, denominators = one.table[rate.numerator], one.table[rate.denominator]
        rows = ((denominators == 0) & (numerators > 0)).to_numpy()
        if rows.any():
            first = one.table["cell"].iloc[int(rows.argmax())]
            notes.append(
                f"{one.system}: {rows.sum():,} of {len(rows):,} rows have a '{rate.numerator}' above 0 over a '{rate.denominator}' "
                f"of 0 (first: {first!r}). They count in the numerator of their speaker."
            )
    return notes


def counts_of(table: pd.DataFrame, rate: Rate, numerators: Mapping[str, str]) -> tuple[Counts, ...]:
    """Counts of every system, one row per utterance of `table`, whose counts have been checked."""
    return tuple(
        Counts(
            table=pd.DataFrame(
                {
                    "speaker_id": table["speaker_id"].to_numpy(),
                    "cell": table["utterance_id"].to_numpy(),
                    "n_utterances": np.ones(len(table), dtype=np.int64),
                    rate.numerator: numbers_in(table[column]).astype(np.int64),
                    rate.denominator: numbers_in(table[rate.denominator]).astype(np.int64),
                }
            ),
            system=system,
            normaliser="",
            rate_name=rate.name,
            numerator=(rate.numerator,),
            denominator=rate.denominator,
        )
        for system, column in numerators.items()
    )


def count_columns(rate: Rate | None, numerators: Mapping[str, str]) -> list[str]:
    """Columns that are counts and no attributes of the speakers; fairasr's own stay."""
    return [] if rate is None else [column for column in (*numerators.values(), rate.denominator) if column not in KNOWN]
