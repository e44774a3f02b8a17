"""Two systems on the same speakers: by hand, against all signs, and what cannot be paired."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fairasr.core import Counts, Partition
from fairasr.core.errors import DoubleDippingError, StatisticsError
from fairasr.statistics import compare

WORDS = np.array([20, 30, 25, 40, 15, 35, 10, 25])
BEFORE = np.array([5, 9, 4, 8, 5, 7, 3, 6])
AFTER = np.array([4, 5, 5, 6, 2, 7, 2, 1])


def counts(errors: np.ndarray, *, system: str, words: np.ndarray = WORDS, normaliser: str = "none") -> Counts:
    table = pd.DataFrame({"speaker_id": [f"s{i}" for i in range(len(errors))], "cell": "", "n_ref_words": words, "errors": errors})
    return Counts(table=table, system=system, normaliser=normaliser, numerator=("errors",))


def partition(labels: list[str], *, fitted: frozenset[str] = frozenset()) -> Partition:
    index = pd.Index([f"s{i}" for i in range(len(labels))], name="speaker_id")
    return Partition(
        method="made", labels=pd.Series(labels, index=index), descriptions={}, used_scores=bool(fitted), fitted_speakers=fitted
    )


def test_the_change_and_its_interval_are_those_of_the_hand_computation() -> None:
    """D = -1, -4, 1, -2, -3, 0, -1, -5: change -15 / 200 = -0.075."""
    row = compare(counts(BEFORE, system="a"), counts(AFTER, system="b"), seed=0).changes.iloc[0]
    residuals = (AFTER - BEFORE) + 0.075 * WORDS
    reach = stats.t.ppf(0.975, 7) * np.sqrt(8 / 7 * (residuals**2).sum()) / 200
    assert (row["rate_before"], row["rate_after"]) == pytest.approx((47 / 200, 32 / 200))
    assert row["change"] == pytest.approx(-0.075)
    assert (row["change_lo"], row["change_hi"]) == pytest.approx((-0.075 - reach, -0.075 + reach))


def test_with_equal_words_the_interval_is_that_of_a_paired_t_test() -> None:
    words = np.full(8, 25)
    row = compare(counts(BEFORE, system="a", words=words), counts(AFTER, system="b", words=words), seed=0).changes.iloc[0]
    interval = stats.ttest_rel(AFTER / 25, BEFORE / 25).confidence_interval(0.95)
    assert (row["change_lo"], row["change_hi"]) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize("after", [AFTER, BEFORE[::-1].copy(), BEFORE + np.array([1, 0, 0, -1, 1, 0, 0, 0])], ids=str)
def test_the_p_is_that_of_all_256_exchanges_of_eight_speakers(after: np.ndarray) -> None:
    extra = after - BEFORE
    sums = np.array([abs(np.dot(signs, extra)) for signs in product((-1, 1), repeat=8)])
    exact = (sums >= abs(extra.sum())).mean()
    n_permutations = 20_000
    row = compare(counts(BEFORE, system="a"), counts(after, system="b"), seed=1, n_permutations=n_permutations).changes.iloc[0]
    assert row["p_value"] == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / n_permutations) + 1 / n_permutations)


def test_a_system_against_itself_changes_nothing() -> None:
    row = compare(counts(BEFORE, system="a"), counts(BEFORE, system="b"), seed=0).changes.iloc[0]
    assert (row["change"], row["change_lo"], row["change_hi"], row["p_value"]) == (0.0, 0.0, 0.0, 1.0)


def test_cohorts_are_compared_on_their_own_speakers_and_small_ones_hidden() -> None:
    labels = ["x"] * 4 + ["y"] * 3 + ["z"]
    changes = compare(
        counts(BEFORE, system="a"), counts(AFTER, system="b"), partition(labels), seed=0, min_speakers=3
    ).changes.set_index("cohort")
    assert changes.loc["x", "change"] == pytest.approx(-6 / 115)
    assert changes.loc["z", "suppressed"] == "small"
    assert changes.loc["y", "suppressed"] == "complementary"
    assert np.isnan(changes.loc[["y", "z"], ["n_speakers", "rate_before", "change", "p_value"]].to_numpy(dtype=float)).all()


@pytest.mark.parametrize(
    "other",
    [
        counts(AFTER, system="b", words=WORDS + 1),
        counts(AFTER[:7], system="b", words=WORDS[:7]),
        counts(AFTER, system="b", normaliser="basic"),
    ],
    ids=["words", "speakers", "normaliser"],
)
def test_systems_scored_on_other_words_speakers_or_texts_are_refused(other: Counts) -> None:
    with pytest.raises(StatisticsError, match="not scored on the same"):
        compare(counts(BEFORE, system="a"), other, seed=0)


def test_cohorts_found_on_these_very_speakers_are_refused_unless_allowed() -> None:
    fitted = partition(["x"] * 4 + ["y"] * 4, fitted=frozenset({"s3"}))
    with pytest.raises(DoubleDippingError, match="1 of 8 test speakers"):
        compare(counts(BEFORE, system="a"), counts(AFTER, system="b"), fitted, seed=0, min_speakers=2)
    compare(counts(BEFORE, system="a"), counts(AFTER, system="b"), fitted, seed=0, min_speakers=2, allow_double_dipping=True)
