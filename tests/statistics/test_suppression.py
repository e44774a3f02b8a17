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


@settings(deadline=None)
@given(sizes=st.lists(st.integers(0, 40), max_size=12), min_speakers=st.integers(2, 15))
def test_nothing_is_hidden_where_nobody_is_in_a_small_cohort(sizes: list[int], min_speakers: int) -> None:
    n_speakers = np.array([size if size >= min_speakers else 0 for size in sizes], dtype=int)
    assert (suppressed(n_speakers, min_speakers=min_speakers)[n_speakers > 0] == "").all()
