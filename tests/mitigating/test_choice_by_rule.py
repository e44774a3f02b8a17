"""Strength and checkpoint are chosen by the rule, on means over seeds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairasr.core import Counts
from fairasr.mitigating.job import SelectionRule
from fairasr.mitigating.selection import chosen_by_method, rates_of, splits_openly


def table_of(rows: list[tuple[str, float, int, float, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["block", "strength", "seed", "worst", "overall"])
    return table.assign(step=10, setting=[f"strength = {s:g}" if s == s else "" for s in table["strength"]])


def test_the_lowest_target_rate_within_the_cap_is_chosen() -> None:
    table = table_of([("ewc", 1, 0, 0.10, 0.30), ("ewc", 10, 0, 0.20, 0.19), ("ewc", 100, 0, 0.25, 0.15)])
    chosen = chosen_by_method(table, SelectionRule(overall_cap=1.0), base_overall=0.20)
    assert chosen["strength"].tolist() == [10]
    assert chosen["within_cap"].tolist() == [True]


def test_without_any_within_the_cap_the_lowest_overall_rate_is_chosen_and_it_says_so() -> None:
    table = table_of([("ewc", 1, 0, 0.10, 0.30), ("ewc", 10, 0, 0.20, 0.25)])
    chosen = chosen_by_method(table, SelectionRule(overall_cap=1.0), base_overall=0.20)
    assert chosen["strength"].tolist() == [10]
    assert chosen["within_cap"].tolist() == [False]


def test_a_wider_cap_lets_the_target_gain_more() -> None:
    table = table_of([("ewc", 1, 0, 0.10, 0.30), ("ewc", 10, 0, 0.20, 0.19)])
    assert chosen_by_method(table, SelectionRule(overall_cap=1.5), base_overall=0.20)["strength"].tolist() == [1]


def test_means_over_seeds_decide_not_the_luckiest_seed() -> None:
    table = table_of([("ewc", 1, 0, 0.05, 0.1), ("ewc", 1, 1, 0.45, 0.1), ("ewc", 10, 0, 0.2, 0.1), ("ewc", 10, 1, 0.2, 0.1)])
    assert chosen_by_method(table, SelectionRule(), base_overall=0.2)["strength"].tolist() == [10]


def test_methods_within_the_cap_come_first_and_better_ones_before_worse() -> None:
    nan = float("nan")
    table = table_of([("plain", nan, 0, 0.05, 0.40), ("mix", nan, 0, 0.20, 0.10), ("replay", nan, 0, 0.15, 0.18)])
    chosen = chosen_by_method(table, SelectionRule(), base_overall=0.2)
    assert chosen["block"].tolist() == ["replay", "mix", "plain"]


def test_rates_are_pooled_by_hand() -> None:
    table = pd.DataFrame({"speaker_id": ["a", "b", "c"], "cell": "", "errors": [1, 2, 6], "words": [10, 10, 20]})
    counts = Counts(table=table, system="s", normaliser="none", numerator=("errors",), denominator="words")
    rates = rates_of(counts, np.array([True, False, True]))
    assert (rates.worst, rates.general, rates.overall) == (7 / 30, 0.2, 9 / 40)
    assert np.isnan(rates_of(counts, np.zeros(3, dtype=bool)).worst)


def test_rates_of_few_speakers_are_withheld_with_those_that_give_them_away() -> None:
    many = np.arange(40) < 10
    assert splits_openly(many, min_speakers=10)
    assert not splits_openly(many, min_speakers=11), "the target is small"
    assert not splits_openly(~many, min_speakers=11), "everyone else is"
