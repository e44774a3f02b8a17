"""Several seeds of one system as one: counts summed over seeds, so that intervals are over speakers and not over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fairasr.core import Counts
from fairasr.core.counts import KEYS
from fairasr.core.errors import StatisticsError


def stacked(counts: Sequence[Counts], *, system: str) -> Counts:
    """Every count summed over the seeds of one system, words too: the rate is the mean over seeds.

    A speaker stays one unit, whose errors are those of all seeds. What seeds differ by is not in an interval over speakers: report
    it beside. The partner to compare with is the system before, `repeated` as often.

    Raises:
        StatisticsError: there are none, or they were not scored on the same speakers, words and texts.
    """
    if not counts:
        raise StatisticsError(f"{system!r} has the counts of no seed; give at least those of one.")
    parts = [_sorted(one) for one in counts]
    first = parts[0]
    for number, other in enumerate(parts[1:], start=2):
        same = len(first.table) == len(other.table) and all(
            (first.table[column] == other.table[column]).all() for column in (*KEYS, first.denominator)
        )
        if not same or (first.normaliser, first.rate_name) != (other.normaliser, other.rate_name):
            raise StatisticsError(
                f"seed {number} of {len(parts)} of {system!r} was not scored on the same utterances, words and texts as the first "
                f"({len(other.table):,} rows and {other.denominators.sum():,} words against {len(first.table):,} and "
                f"{first.denominators.sum():,}). Score every seed on one manifest with one normaliser."
            )
    table = first.table.copy()
    for column in first.count_columns:
        table[column] = np.sum([part.table[column].to_numpy() for part in parts], axis=0)
    return replace(first, table=table, system=system)


def repeated(counts: Counts, times: int) -> Counts:
    """Every count times `times`: the system before, to be compared with as many stacked seeds. Its rate is as it was."""
    table = counts.table.copy()
    table[counts.count_columns] *= times
    return replace(counts, table=table)


def paired(first: Sequence[Counts], second: Sequence[Counts], *, names: tuple[str, str]) -> tuple[Counts, Counts]:
    """Both systems stacked over their seeds, and repeated until they count the same words.

    Raises:
        StatisticsError: as `stacked`.
    """
    n = int(np.lcm(max(1, len(first)), max(1, len(second))))
    one, other = (stacked(seeds, system=name) for seeds, name in zip((first, second), names, strict=True))
    return repeated(one, n // len(first)), repeated(other, n // len(second))


def _sorted(counts: Counts) -> Counts:
    return replace(counts, table=counts.table.sort_values(list(KEYS), ignore_index=True))
