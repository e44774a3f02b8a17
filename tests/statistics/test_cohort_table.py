"""The table of cohorts: sums by hand, what is hidden, what is refused, and what must not matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairasr.core import UNKNOWN, Counts, Partition
from fairasr.core.disparity import COHORT_COLUMNS
from fairasr.core.errors import DoubleDippingError
from fairasr.statistics import BOTTOM, MIDDLE, TOP, band_gaps, cohort_table, partition_table, spread_of

KINDS = ("substitutions", "deletions", "insertions")
NUMBERS = [column for column in COHORT_COLUMNS if column not in ("cohort", "description", "role", "suppressed")]


def speakers(n: int) -> list[str]:
    return [f"s{i:03d}" for i in range(n)]


def counts(errors: np.ndarray, words: np.ndarray) -> Counts:
    """One row per speaker; errors are dealt to the three kinds in turn."""
    table = pd.DataFrame({"speaker_id": speakers(len(errors)), "cell": "", "n_ref_words": words, "n_utterances": 2, "n_loops": 1})
    for kind, name in enumerate(KINDS):
        table[name] = (errors + 2 - kind) // 3
    return Counts(table=table, system="made", normaliser="none")


def partition(labels: list[str], *, fitted: frozenset[str] = frozenset()) -> Partition:
    index = pd.Index(speakers(len(labels)), name="speaker_id")
    return Partition(
        method="made",
        labels=pd.Series(labels, index=index, dtype=object),
        descriptions={label: f"people of {label}" for label in sorted(set(labels)) if label != UNKNOWN},
        used_scores=bool(fitted),
        fitted_speakers=fitted,
    )


def table_of(made: Counts, cohorts: Partition, *, min_speakers: int = 3, n_permutations: int = 99) -> pd.DataFrame:
    return cohort_table(made, cohorts, min_speakers=min_speakers, seed=0, n_permutations=n_permutations).set_index("cohort")


GENERATOR = np.random.default_rng(11)
WORDS = GENERATOR.integers(20, 200, 24)
ERRORS = GENERATOR.binomial(WORDS, 0.2)
LABELS = ["x"] * 10 + ["y"] * 8 + ["z"] * 4 + [UNKNOWN] * 2


def test_rates_shares_and_kinds_are_those_of_sums_over_the_cohorts_speakers() -> None:
    made = counts(ERRORS, WORDS)
    table = table_of(made, partition(LABELS), min_speakers=2)
    per_label = made.table.assign(label=LABELS).groupby("label").sum(numeric_only=True)
    for label in sorted(set(LABELS)):
        row, sums = table.loc[label], per_label.loc[label]
        errors = sum(sums[kind] for kind in KINDS)
        assert row["rate"] == pytest.approx(errors / sums["n_ref_words"])
        assert row["difference_to_overall"] == pytest.approx(errors / sums["n_ref_words"] - ERRORS.sum() / WORDS.sum())
        assert row["substitution_rate"] == pytest.approx(sums["substitutions"] / sums["n_ref_words"])
        assert row["deletion_rate"] == pytest.approx(sums["deletions"] / sums["n_ref_words"])
        assert row["insertion_rate"] == pytest.approx(sums["insertions"] / sums["n_ref_words"])
        assert row["n_speakers"] == LABELS.count(label)
        assert row["n_utterances"] == 2 * LABELS.count(label)
        assert row["n_loops"] == LABELS.count(label)


def test_the_difference_to_overall_lies_in_the_middle_of_its_interval() -> None:
    table = table_of(counts(ERRORS, WORDS), partition(LABELS), min_speakers=2)
    middle = (table["difference_to_overall_lo"] + table["difference_to_overall_hi"]) / 2
    np.testing.assert_allclose(middle, table["difference_to_overall"])


def test_cohorts_come_worst_first_and_suppressed_and_unknown_last() -> None:
    table = table_of(counts(ERRORS, WORDS), partition(LABELS), min_speakers=5)
    assert table.index[-1] == UNKNOWN
    shown = table[table["suppressed"] == ""]
    assert list(shown["rate"]) == sorted(shown["rate"], reverse=True)
    assert table.index[: len(shown)].tolist() == shown.index.tolist()


def test_a_suppressed_cohort_keeps_its_name_and_loses_every_number() -> None:
    table = table_of(counts(ERRORS, WORDS), partition(LABELS), min_speakers=5)
    assert table.loc[["z", UNKNOWN], "suppressed"].tolist() == ["small", "small"]
    assert table.loc[["z", UNKNOWN], NUMBERS].isna().all().all()
    assert table.loc["z", "description"] == "people of z"
    assert table.loc[["x", "y"], "rate"].notna().all()


def test_speakers_the_partition_does_not_name_are_unknown_and_count_in_the_overall_rate() -> None:
    table = table_of(counts(ERRORS, WORDS), partition(LABELS[:20]), min_speakers=2)
    assert table.loc[UNKNOWN, "n_speakers"] == 4
    overall = ERRORS.sum() / WORDS.sum()
    assert (table["rate"] - table["difference_to_overall"]).to_numpy() == pytest.approx(overall)


def test_unknown_and_suppressed_cohorts_are_not_tested_and_not_corrected_for() -> None:
    table = table_of(counts(ERRORS, WORDS), partition(LABELS), min_speakers=3)
    assert table.loc[UNKNOWN, ["p_value", "p_holm", "p_bh", "rate_shrunken"]].isna().all()
    tested = table["p_value"].dropna().sort_values()
    assert table.loc[tested.index[0], "p_holm"] == pytest.approx(min(1, len(tested) * tested.iloc[0]))


def test_permutations_grow_with_the_cohorts_so_that_holm_can_still_reach_the_level() -> None:
    """Two cohorts stand out as far as can be; with R = 100 x 25 - 1 the smallest Holm p is 25 / 2500."""
    labels = [f"c{i // 8:02d}" for i in range(200)]
    words = np.full(200, 100)
    errors = np.where(np.arange(200) < 8, 60, 10) + np.arange(200) % 3
    table = table_of(counts(errors, words), partition(labels), min_speakers=5, n_permutations=19)
    assert table.loc["c00", "p_holm"] == pytest.approx(25 / 2_500)


def test_a_single_cohort_has_a_rate_and_no_gap() -> None:
    row = table_of(counts(ERRORS, WORDS), partition(["x"] * 24)).loc["x"]
    assert row["rate"] == pytest.approx(ERRORS.sum() / WORDS.sum())
    assert row[["difference_to_overall_lo", "difference_to_overall_hi", "p_value"]].isna().all()


def test_roles_apparent_rates_and_rows_set_aside_are_taken_over() -> None:
    table = cohort_table(
        counts(ERRORS, WORDS),
        partition(LABELS),
        min_speakers=2,
        seed=0,
        bands={"x": BOTTOM, "y": TOP, "z": MIDDLE},
        apparent={"x": 0.4},
        set_aside={"y": 3},
        n_permutations=0,
    ).set_index("cohort")
    assert table.loc[["x", "y", "z", UNKNOWN], "role"].tolist() == ["bottom", "top", "", ""]
    assert table.loc["x", "apparent_rate"] == 0.4
    assert table.loc[["x", "y"], "n_set_aside"].tolist() == [0, 3]
    assert table["p_value"].isna().all()


def test_columns_are_the_documented_ones_in_order() -> None:
    table = cohort_table(counts(ERRORS, WORDS), partition(LABELS), min_speakers=2, seed=0, n_permutations=0)
    assert table.columns.tolist() == list(COHORT_COLUMNS)


def test_estimates_on_speakers_the_cohorts_were_found_on_are_refused_unless_allowed() -> None:
    found = partition(LABELS, fitted=frozenset({"s001", "s002", "elsewhere"}))
    with pytest.raises(DoubleDippingError, match=r"2 of 24 test speakers .*'made'.*first: 's001'.*other speakers"):
        cohort_table(counts(ERRORS, WORDS), found, min_speakers=2, seed=0)
    cohort_table(counts(ERRORS, WORDS), found, min_speakers=2, seed=0, n_permutations=0, allow_double_dipping=True)


def test_cohorts_found_without_looking_at_errors_may_be_estimated_on_everybody() -> None:
    blind = Partition(
        method="made",
        labels=partition(LABELS).labels,
        descriptions={},
        used_scores=False,
        fitted_speakers=frozenset({"s001"}),
    )
    assert len(cohort_table(counts(ERRORS, WORDS), blind, min_speakers=2, seed=0, n_permutations=0)) == 4


def test_the_spread_is_over_the_cohorts_shown_and_leaves_the_unknown_out() -> None:
    table = pd.DataFrame(
        {
            "cohort": ["a", "b", "c", "d", UNKNOWN],
            "suppressed": ["", "", "", "small", ""],
            "rate": [0.5, 0.3, 0.1, np.nan, 0.9],
        }
    )
    spread = spread_of(table)
    assert (spread.n_cohorts, spread.max) == (3, 0.5)
    assert spread.mean == pytest.approx(0.3)
    assert spread.variance == pytest.approx((0.04 + 0 + 0.04) / 3)
    assert spread.percentile_90 == pytest.approx(0.46)


def test_nothing_shown_has_no_spread() -> None:
    spread = spread_of(pd.DataFrame({"cohort": ["a"], "suppressed": ["small"], "rate": [np.nan]}))
    assert spread.n_cohorts == 0
    assert np.isnan([spread.mean, spread.max, spread.variance, spread.percentile_90]).all()


def test_the_partition_table_hides_partitions_with_a_small_side() -> None:
    labels = {"good": ["bottom"] * 12 + ["rest"] * 12, "small": ["bottom"] * 2 + ["rest"] * 22}
    made = counts(ERRORS, WORDS)
    table = partition_table(made, made, {name: partition(of) for name, of in labels.items()}, min_speakers=5).set_index("partition")
    assert table["suppressed"].to_dict() == {"good": "", "small": "small"}
    hidden = table.loc["small", ["bottom_n_speakers", "bottom_rate", "relative_to_top", "relative_to_top_lo", "p_value", "p_holm"]]
    assert hidden.isna().all()
    rates = [ERRORS[half].sum() / WORDS[half].sum() for half in (slice(0, 12), slice(12, 24))]
    assert table.loc["good", "relative_to_top"] == pytest.approx(rates[0] / rates[1] - 1)
    assert table["p_holm"].tolist()[0] == table["p_value"].tolist()[0]


def _cells(draw: st.DrawFn) -> pd.DataFrame:
    """Counts of 8 to 20 speakers, one cell each, in a shuffled order."""
    n = draw(st.integers(8, 20))
    words = np.array(draw(st.lists(st.integers(2, 60), min_size=n, max_size=n)))
    table = pd.DataFrame({"speaker_id": speakers(n), "cell": "whole", "n_ref_words": words})
    for name in KINDS:
        table[name] = [draw(st.integers(0, int(w) // 3)) for w in words]
    return table


cells = st.composite(_cells)()
unhurried = settings(deadline=None, max_examples=40)


def estimates(table: pd.DataFrame, labels: pd.Series) -> tuple[pd.DataFrame, list[float]]:
    """Every number of the table that is no test, and the gap with its interval, on these counts."""
    made = Counts(table=table, system="made", normaliser="none")
    cohorts = Partition(method="made", labels=labels, descriptions={}, used_scores=False)
    shown = cohort_table(made, cohorts, min_speakers=2, seed=0, n_permutations=0).drop(columns="n_utterances")
    per_speaker = made.by_speaker()
    bands = labels.reindex(per_speaker.table["speaker_id"]).map({"x": BOTTOM, "y": TOP, "z": MIDDLE}).to_numpy()
    gaps = band_gaps(
        per_speaker.numerators, per_speaker.denominators, bands, basis="confirmation", bottom=(), top=(), min_speakers=2
    )
    ends = [
        end
        for gap in (
            gaps.relative_to_top,
            gaps.relative_to_bottom,
            gaps.relative_to_overall,
            gaps.difference_to_rest,
            gaps.overall_rate,
        )
        for end in (gap.value, gap.lo, gap.hi)
    ]
    return shown, ends


def require_same(first: tuple[pd.DataFrame, list[float]], second: tuple[pd.DataFrame, list[float]]) -> None:
    pd.testing.assert_frame_equal(first[0], second[0], check_exact=False, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(first[1], second[1], rtol=1e-9, atol=1e-12)


def labels_of(table: pd.DataFrame) -> pd.Series:
    index = pd.Index(sorted(table["speaker_id"]), name="speaker_id")
    return pd.Series(np.resize(np.array(["x", "y", "z"], dtype=object), len(index)), index=index)


@unhurried
@given(table=cells, seed=st.integers(0, 1_000))
def test_the_order_of_rows_changes_no_rate_gap_or_interval(table: pd.DataFrame, seed: int) -> None:
    labels = labels_of(table)
    require_same(estimates(table, labels), estimates(table.sample(frac=1, random_state=seed), labels))


@unhurried
@given(table=cells, seed=st.integers(0, 1_000))
def test_the_names_of_speakers_change_no_rate_gap_or_interval(table: pd.DataFrame, seed: int) -> None:
    labels = labels_of(table)
    names = dict(
        zip(labels.index, np.random.default_rng(seed).permutation([f"other {i}" for i in range(len(labels))]), strict=True)
    )
    renamed = labels.rename(names).sort_index().rename_axis("speaker_id")
    require_same(estimates(table, labels), estimates(table.assign(speaker_id=table["speaker_id"].map(names)), renamed))


@unhurried
@given(table=cells, seed=st.integers(0, 1_000), n_parts=st.integers(2, 5))
def test_splitting_speakers_words_into_more_utterances_changes_no_rate_gap_or_interval(
    table: pd.DataFrame, seed: int, n_parts: int
) -> None:
    generator = np.random.default_rng(seed)
    labels = labels_of(table)
    parts = []
    left = table.copy()
    for part in range(n_parts):
        piece = left.assign(cell=f"part {part}")
        for column in ("n_ref_words", *KINDS):
            piece[column] = left[column] if part == n_parts - 1 else generator.integers(0, left[column] + 1)
            left[column] = left[column] - piece[column]
        parts.append(piece)
    require_same(estimates(table, labels), estimates(pd.concat(parts), labels))
