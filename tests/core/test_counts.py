"""Counts: integers per speaker and cell, rates as ratios of sums."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairasr.core import Counts
from fairasr.core.errors import SchemaError

TABLE = pd.DataFrame(
    {
        "speaker_id": ["b", "a", "b"],
        "cell": ["u1", "u2", "u3"],
        "n_ref_words": [10, 5, 0],
        "substitutions": [1, 2, 0],
        "deletions": [2, 0, 0],
        "insertions": [0, 1, 4],
    }
)


def made(**changes: Any) -> Counts:
    return Counts(table=TABLE.assign(**changes), system="drawn", normaliser="none")


def test_the_rate_is_the_ratio_of_sums_and_not_the_mean_of_rates() -> None:
    counts = made()
    assert counts.rate == counts.wer == pytest.approx(10 / 15)
    np.testing.assert_array_equal(counts.numerators, [3, 3, 4])


def test_the_rate_over_no_words_is_nan() -> None:
    assert np.isnan(made(n_ref_words=[0, 0, 0]).rate)


def test_speakers_are_summed_over_their_cells_and_sorted() -> None:
    table = made().by_speaker().table
    assert table["speaker_id"].tolist() == ["a", "b"]
    assert table["cell"].tolist() == ["", ""]
    assert table["n_ref_words"].tolist() == [5, 10]
    assert table["insertions"].tolist() == [1, 4]


def test_the_counts_of_some_speakers_are_their_rows() -> None:
    assert made().of_speakers(pd.Index(["b", "nobody"])).table["cell"].tolist() == ["u1", "u3"]


def test_any_two_columns_make_a_rate() -> None:
    sentences = replace(
        made(wrong=[1, 1, 0], n_sentences=[2, 1, 1]), numerator=("wrong",), denominator="n_sentences", rate_name="SER"
    )
    assert sentences.rate == pytest.approx(0.5)
    with pytest.raises(SchemaError, match="these counts are of SER"):
        _ = sentences.wer


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"deletions": [1, -1, 0]}, "'deletions' must hold integers >= 0"),
        ({"deletions": [1.0, 1.0, 0.5]}, "'deletions' must hold integers >= 0, is float64"),
        (
            {"speaker_id": ["b", "a", "b"], "cell": ["u1", "u2", "u1"]},
            r"1 of 3 speaker x cell rows repeat \(first: \('b', 'u1'\)\)",
        ),
    ],
    ids=str,
)
def test_counts_that_break_a_rule_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        made(**changes)


def test_all_missing_columns_are_named() -> None:
    with pytest.raises(SchemaError, match="lack deletions, n_ref_words; they have"):
        Counts(table=TABLE.drop(columns=["deletions", "n_ref_words"]), system="drawn", normaliser="none")


def test_the_table_given_is_not_touched() -> None:
    table = TABLE.set_index(pd.Index([7, 8, 9]))
    before = table.copy()
    Counts(table=table, system="drawn", normaliser="none").by_speaker()
    pd.testing.assert_frame_equal(table, before)
