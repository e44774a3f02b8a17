"""One utterance word by word, for people to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fairasr.scoring.edit_counts import ERROR_WEIGHT

LARGEST_TABLE = 1 << 24
"""Cells of the largest table of costs kept whole (128 MiB); longer texts are halved first."""


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """One step of an alignment.

    Attributes:
        kind: what happened.
        reference: the word said, None for an insertion.
        hypothesis: the word recognised, None for a deletion.
    """

    kind: Literal["hit", "substitution", "deletion", "insertion"]
    reference: str | None
    hypothesis: str | None


def align(*, reference: str, hypothesis: str) -> tuple[Aligned, ...]:
    """Align the words of two texts: fewest errors first, then most hits, as `score` counts them.

    Words are what stands between white space: normalise both texts before. Which of several equally good alignments comes out
    depends on the two texts alone. Memory stays bounded for texts of any length (Hirschberg 1975); two empty texts give ().

    Example:
        >>> [step.kind for step in align(reference="the cat sat", hypothesis="the cat has sat")]
        ['hit', 'hit', 'insertion', 'hit']
    """
    return tuple(_aligned(reference.split(), hypothesis.split()))


def _aligned(reference: list[str], hypothesis: list[str]) -> list[Aligned]:
    numbers: dict[str, int] = {}
    said = np.array([numbers.setdefault(word, len(numbers)) for word in reference], dtype=np.int64)
    heard = np.array([numbers.setdefault(word, len(numbers)) for word in hypothesis], dtype=np.int64)
    steps: list[Aligned] = []
    parts = [(0, len(said), 0, len(heard))]
    while parts:
        top, bottom, left, right = parts.pop()
        if (bottom - top) * (right - left) <= LARGEST_TABLE or bottom - top == 1:
            steps.extend(_traced(said[top:bottom], heard[left:right], reference[top:bottom], hypothesis[left:right]))
            continue
        middle = (top + bottom) // 2
        forward = _last_row(said[top:middle], heard[left:right])
        backward = _last_row(said[middle:bottom][::-1], heard[left:right][::-1])[::-1]
        cut = left + int(np.argmin(forward + backward))
        parts += [(middle, bottom, cut, right), (top, middle, left, cut)]
    return steps


def _next_row(row: np.ndarray, word: int, heard: np.ndarray, ramp: np.ndarray) -> np.ndarray:
    """Least cost of the reference up to `word` against each prefix of `heard`: int64 array (n_heard + 1,).

    An insertion adds ERROR_WEIGHT to the cell on the left: a running minimum once that slope (`ramp`) is taken off.
    """
    cost = row + ERROR_WEIGHT
    np.minimum(cost[1:], row[:-1] + np.where(heard == word, 0, ERROR_WEIGHT + 1), out=cost[1:])
    least: np.ndarray = np.minimum.accumulate(cost - ramp) + ramp
    return least


def _ramp(heard: np.ndarray) -> np.ndarray:
    return np.arange(len(heard) + 1, dtype=np.int64) * ERROR_WEIGHT


def _last_row(said: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """Least cost of all of `said` against each prefix of `heard`: int64 array (n_heard + 1,)."""
    row = ramp = _ramp(heard)
    for word in said:
        row = _next_row(row, word, heard, ramp)
    return row


def _traced(said: np.ndarray, heard: np.ndarray, reference: Sequence[str], hypothesis: Sequence[str]) -> list[Aligned]:
    """Steps of the cheapest path through the whole table of costs, first to last."""
    ramp = _ramp(heard)
    costs = np.empty((len(said) + 1, len(heard) + 1), dtype=np.int64)
    costs[0] = ramp
    for position, word in enumerate(said):
        costs[position + 1] = _next_row(costs[position], word, heard, ramp)
    steps: list[Aligned] = []
    row, column = len(said), len(heard)
    while row or column:
        cost = costs[row, column]
        if row and column and said[row - 1] == heard[column - 1] and cost == costs[row - 1, column - 1]:
            row, column = row - 1, column - 1
            steps.append(Aligned(kind="hit", reference=reference[row], hypothesis=hypothesis[column]))
        elif row and column and cost == costs[row - 1, column - 1] + ERROR_WEIGHT + 1:
            row, column = row - 1, column - 1
            steps.append(Aligned(kind="substitution", reference=reference[row], hypothesis=hypothesis[column]))
        elif row and cost == costs[row - 1, column] + ERROR_WEIGHT:
            row -= 1
            steps.append(Aligned(kind="deletion", reference=reference[row], hypothesis=None))
        else:
            column -= 1
            steps.append(Aligned(kind="insertion", reference=None, hypothesis=hypothesis[column]))
    return steps[::-1]
