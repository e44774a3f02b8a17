"""Suppression: small cohorts are hidden, and whatever would give one away by subtraction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairasr.statistics import suppressed


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([50, 20, 10], ["", "", ""]),
        ([50, 20, 9], ["", "complementary", "small"]),
        ([50, 4, 4, 20], ["", "small", "small", "complementary"]),
        ([50, 5, 5, 20], ["", "small", "small", ""]),
        ([50, 0, 20], ["", "small", ""]),
        ([50, 3], ["complementary", "small"]),
        ([3], ["small"]),
        ([], []),
    ],
    ids=str,
)
def test_the_cohorts_hidden_are_those_of_the_hand_table(sizes: list[int], expected: list[str]) -> None:
    assert suppressed(np.array(sizes, dtype=int), min_speakers=10).tolist() == expected


@settings(deadline=None)
@given(sizes=st.lists(st.integers(0, 40), max_size=12), min_speakers=st.integers(2, 15))
def test_no_small_cohort_is_shown_and_none_can_be_had_by_subtraction(sizes: list[int], min_speakers: int) -> None:
    n_speakers = np.array(sizes, dtype=int)
    hidden = suppressed(n_speakers, min_speakers=min_speakers) != ""
    assert hidden[n_speakers < min_speakers].all()
    people_hidden = n_speakers[hidden & (n_speakers > 0)]
    everybody_hidden = hidden[n_speakers > 0].all()
    assert not len(people_hidden) or everybody_hidden or (len(people_hidden) >= 2 and people_hidden.sum() >= min_speakers)


def test_in_crossed_columns_the_row_and_the_column_of_a_small_cohort_each_hide_another() -> None:
    """Rows a, b and columns x, y, z: a x is small, so a y and b x are hidden, and with them b y, or its row would tell b x."""
    sizes = np.array([4, 30, 40, 50, 20, 60])
    rows, columns = [[0, 1, 2], [3, 4, 5]], [[0, 3], [1, 4], [2, 5]]
    hidden = suppressed(sizes, min_speakers=10, lines=[np.array(line) for line in (*rows, *columns)]) != ""
    assert hidden.tolist() == [True, True, False, True, True, False]


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(0, 60), min_size=12, max_size=12),
    min_speakers=st.integers(2, 15),
    keep=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_no_line_of_crossed_columns_gives_a_hidden_cohort_away(sizes: list[int], min_speakers: int, keep: list[bool]) -> None:
    n_speakers, table = np.array(sizes), np.arange(12).reshape(3, 4)
    lines = [*table, *table.T]
    hidden = suppressed(n_speakers, min_speakers=min_speakers, lines=lines, keep=np.array(keep)) != ""
    assert hidden[n_speakers < min_speakers].all()
    for line in (*lines, np.arange(12)):
        people_hidden = n_speakers[line][hidden[line] & (n_speakers[line] > 0)]
        safe = len(people_hidden) >= 2 and people_hidden.sum() >= min_speakers
        assert not len(people_hidden) or safe or hidden[line].all()


def test_cohorts_to_be_kept_are_hidden_last() -> None:
    sizes = np.array([5, 12, 30, 40])
    assert suppressed(sizes, min_speakers=10).tolist() == ["small", "complementary", "", ""]
    kept = suppressed(sizes, min_speakers=10, keep=np.array([False, True, False, False]))
    assert kept.tolist() == ["small", "", "complementary", ""]


@settings(deadline=None)
@given(sizes=st.lists(st.integers(0, 40), max_size=12), min_speakers=st.integers(2, 15))
def test_nothing_is_hidden_where_nobody_is_in_a_small_cohort(sizes: list[int], min_speakers: int) -> None:
    n_speakers = np.array([size if size >= min_speakers else 0 for size in sizes], dtype=int)
    assert (suppressed(n_speakers, min_speakers=min_speakers)[n_speakers > 0] == "").all()
