"""Verdicts: by hand on small counts, and as rates over worlds with planted gains and losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from changed_worlds import changed_world, counts_of
from rates import require_rate

from fairasr.core import ChangeReport, Verdict
from fairasr.core.comparison import EVERYONE
from fairasr.core.disparity import SMALL_TOGETHER, TARGET_TOGETHER
from fairasr.core.errors import StatisticsError
from fairasr.statistics import compare, judge

EQUAL = {"target": 300, "b": 300, "c": 300}
SMALLER = {"target": 100, "b": 100, "c": 100}


def report(*, change: float, reach: float = 0.01, n_speakers: int = 40, seed: int = 0) -> ChangeReport:
    """A forgetting set of speakers with 20 errors in 100 words, whose rates change by `change` +- noise."""
    rng = np.random.default_rng(seed)
    extra = np.round(100 * change + rng.normal(scale=100 * reach, size=n_speakers)).astype(int)
    words = np.full(n_speakers, 100)
    return compare(counts_of("before", words, np.full(n_speakers, 20)), counts_of("after", words, 20 + extra), seed=0)


def verdict(
    sizes: Mapping[str, int], ratios: Mapping[str, float], *, seed: int, target: tuple[str, ...] = ("target",), margin: float = 0.01
) -> Verdict:
    before, after, partition = changed_world(sizes, ratios, seed=seed)
    return judge(compare(before, after, partition, seed=0, target=target, margin=margin, n_permutations=0))


def test_a_gain_that_costs_nobody_anything_is_accepted() -> None:
    found = judge(report(change=-0.05), forgetting={"general": report(change=-0.02)})
    assert (found.outcome, found.harmed, found.unsettled, found.n_more_speakers) == ("accepted", (), (), None)
    assert found.target == (EVERYONE,)
    assert found.worst_harm == ""
    assert found.reasons[0].startswith("All speakers gain: relative change \N{MINUS SIGN}25.")
    assert found.reasons[1] == "For all of the 1 other groups a loss above 1\N{NO-BREAK SPACE}% is ruled out."


def test_a_gain_paid_for_by_a_forgetting_set_is_rejected_and_names_it() -> None:
    found = judge(report(change=-0.05), forgetting={"general": report(change=0.04), "other": report(change=-0.02)})
    assert (found.outcome, found.harmed, found.worst_harm) == ("rejected", ("general",), "general")
    assert found.reasons[0].startswith("“general” loses more than the margin of 1\N{NO-BREAK SPACE}%: relative change +")


def test_a_target_that_is_shown_to_lose_or_changes_not_at_all_is_rejected() -> None:
    assert judge(report(change=0.05)).outcome == "rejected"
    nothing = judge(report(change=0, reach=0))
    assert nothing.outcome == "rejected"
    assert nothing.reasons[0] == "All speakers do not change at all."


def test_a_gain_that_may_be_none_is_inconclusive_and_says_how_many_speakers_would_tell() -> None:
    change = report(change=-0.005, reach=0.05, seed=3)
    row = change.changes.iloc[0]
    assert row["change"] < 0 < row["change_hi"]
    found = judge(change)
    assert found.outcome == "inconclusive"
    needed = 40 * ((row["change_hi"] - row["change"]) / row["change"] * (1.960 + 0.8416) / 1.960) ** 2 - 40
    assert found.n_more_speakers == pytest.approx(needed, rel=0.06)
    assert f"About {found.n_more_speakers:,} more speakers of the same mix" in found.reasons[-1]


def test_what_a_forgetting_set_needs_is_told_in_its_own_speakers() -> None:
    found = judge(report(change=-0.05), forgetting={"general": report(change=0, reach=0.03, seed=8)})
    assert found.outcome == "inconclusive"
    assert found.unsettled == ("general",)
    assert "more speakers of “general”" in found.reasons[-1]


def test_too_few_speakers_for_any_interval_give_no_number() -> None:
    two = counts_of("a", np.array([50]), np.array([5])), counts_of("b", np.array([50]), np.array([4]))
    found = judge(compare(*two, seed=0))
    assert (found.outcome, found.n_more_speakers) == ("inconclusive", None)


def test_small_cohorts_are_judged_together_and_show_no_number() -> None:
    before, after, partition = changed_world({"target": 200, "b": 200, "x": 6, "y": 7}, {"target": 0.8, "x": 2, "y": 2}, seed=4)
    change = compare(before, after, partition, seed=0, target=["target"])
    rows = change.changes.set_index("cohort")
    assert rows.loc[["x", "y"], "suppressed"].tolist() == ["small", "small"]
    assert rows.loc[["x", "y"]].drop(columns=["role", "suppressed"]).isna().all(axis=None)
    together = partition.labels.isin(["x", "y"]).to_numpy()
    assert rows.loc[SMALL_TOGETHER, "n_speakers"] == 13
    assert rows.loc[SMALL_TOGETHER, "rate_after"] == pytest.approx(
        after.numerators[together].sum() / after.denominators[together].sum()
    )
    found = judge(change)
    assert (found.outcome, found.harmed) == ("rejected", (SMALL_TOGETHER,))


def test_several_targets_are_judged_together_the_small_ones_too_where_that_gives_none_away() -> None:
    sizes = {"t1": 100, "t2": 6, "t3": 7, "b": 100, "x": 6, "y": 7}
    before, after, partition = changed_world(sizes, {}, seed=4)
    rows = compare(before, after, partition, seed=0, target=["t1", "t2", "t3"]).changes.set_index("cohort")
    assert rows.loc[TARGET_TOGETHER, "n_speakers"] == 113
    assert rows.loc[SMALL_TOGETHER, "n_speakers"] == 13
    lonely = {label: n for label, n in sizes.items() if label != "y"}
    before, after, partition = changed_world(lonely, {}, seed=4)
    rows = compare(before, after, partition, seed=0, target=["t1", "t2", "t3"]).changes.set_index("cohort")
    assert TARGET_TOGETHER not in rows.index, "with it, x could be had by subtraction"
    assert rows.loc[SMALL_TOGETHER, "n_speakers"] == 19
    alone = {"t1": 100, "t2": 6, "b": 100, "x": 6, "y": 7}
    before, after, partition = changed_world(alone, {}, seed=4)
    rows = compare(before, after, partition, seed=0, target=["t1", "t2"]).changes.set_index("cohort")
    assert TARGET_TOGETHER not in rows.index, "with it, t2 could be had by subtraction"
    assert rows.loc[SMALL_TOGETHER, "n_speakers"] == 19


@pytest.mark.parametrize(("p_harm", "harmed"), [(0.009, ("b",)), (0.011, ())])
def test_harm_among_five_others_is_shown_below_a_fifth_of_five_percent(p_harm: float, harmed: tuple[str, ...]) -> None:
    before, after, partition = changed_world({"target": 50, **dict.fromkeys("bcdef", 50)}, {"target": 0.5}, seed=2)
    change = compare(before, after, partition, seed=0, target=["target"])
    rows = change.changes.assign(p_harm=[p_harm if label == "b" else 0.5 for label in change.changes["cohort"]])
    assert judge(replace(change, changes=rows)).harmed == harmed


def test_targets_that_are_all_too_small_leave_the_verdict_open() -> None:
    found = verdict({"target": 5, "b": 100, "c": 100, "d": 30}, {"target": 0.1}, seed=1)
    assert found.outcome == "inconclusive"
    assert found.reasons[0] == "None of the 1 target cohorts has enough speakers to be judged."


def test_a_target_that_nobody_is_in_is_refused() -> None:
    before, after, partition = changed_world(EQUAL, {}, seed=0)
    with pytest.raises(StatisticsError, match="1 of 2 target cohorts hold none of these speakers"):
        compare(before, after, partition, seed=0, target=["b", "nowhere"])


def test_speakers_without_a_cohort_are_judged_as_unknown() -> None:
    before, after, partition = changed_world({"target": 60, "b": 60}, {}, seed=0)
    partial = replace(partition, labels=partition.labels.iloc[:80])
    rows = compare(before, after, partial, seed=0).changes.set_index("cohort")["n_speakers"]
    assert rows[["b", "unknown"]].tolist() == [20, 40]


@pytest.mark.rates
def test_a_system_that_only_differs_by_noise_is_seldom_accepted_or_rejected() -> None:
    outcomes = [verdict(SMALLER, {}, seed=seed).outcome for seed in range(120)]
    require_rate([outcome == "accepted" for outcome in outcomes], high=0.05, what="noise accepted")
    require_rate([outcome == "rejected" for outcome in outcomes], high=0.075, what="noise rejected")


@pytest.mark.rates
@pytest.mark.parametrize("n_harmed", [30, 300])
def test_a_planted_loss_of_a_tenth_in_one_cohort_is_seldom_accepted_and_mostly_rejected_with_enough_speakers(n_harmed: int) -> None:
    sizes = {"target": 300, "harmed": n_harmed, "c": 300}
    found = [verdict(sizes, {"target": 0.7, "c": 0.9, "harmed": 1.1}, seed=seed) for seed in range(60)]
    require_rate([one.outcome == "accepted" for one in found], high=0.05, what="planted loss accepted")
    if n_harmed == 300:
        require_rate([one.harmed == ("harmed",) for one in found], low=0.9, what="planted loss found")


@pytest.mark.rates
def test_a_loss_of_exactly_the_margin_is_accepted_at_most_as_often_as_promised() -> None:
    sizes = {"target": 200, "b": 200}
    found = [verdict(sizes, {"target": 0.7, "b": 1.05}, seed=seed, margin=0.05) for seed in range(120)]
    require_rate([one.outcome == "accepted" for one in found], high=0.05, what="loss at the margin accepted")


@pytest.mark.rates
def test_a_planted_gain_for_all_is_mostly_accepted_with_many_speakers() -> None:
    found = [verdict(EQUAL, {"target": 0.8, "b": 0.95, "c": 0.95}, seed=seed) for seed in range(40)]
    require_rate([one.outcome == "accepted" for one in found], low=0.8, what="planted gain accepted")
    few = [verdict({"target": 15, "b": 15, "c": 15}, {"target": 0.8, "b": 0.95, "c": 0.95}, seed=seed) for seed in range(40)]
    require_rate([one.outcome == "rejected" for one in few], high=0.05, what="planted gain rejected with few speakers")


@pytest.mark.rates
def test_the_speakers_named_would_mostly_settle_it() -> None:
    """Worlds of 12 speakers per cohort that are open; the same truth with as many more speakers as the median verdict names."""
    truth = {"target": 0.9, "b": 0.97, "c": 0.97}
    needs = [verdict(dict.fromkeys(EQUAL, 12), truth, seed=seed).n_more_speakers for seed in range(40)]
    told = [need for need in needs if need is not None]
    assert len(told) > 20
    size = 12 + round(float(np.median(told)) / 3)
    settled = [verdict(dict.fromkeys(EQUAL, size), truth, seed=1000 + seed).outcome == "accepted" for seed in range(40)]
    require_rate(settled, low=0.5, what=f"accepted with {size} speakers per cohort")
