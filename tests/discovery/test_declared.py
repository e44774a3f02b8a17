"""Declared groups: the values of a column, two crossed, and speakers who cannot be placed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairasr.core import UNKNOWN, Manifest
from fairasr.core.errors import RuleError
from fairasr.discovery import CohortRule
from fairasr.discovery.declared import Declared, DeclaredRule


def manifest_of(**columns: list[Any]) -> Manifest:
    n = len(next(iter(columns.values())))
    table = pd.DataFrame({"utterance_id": [f"u{i}" for i in range(n)], "speaker_id": [f"s{i}" for i in range(n)], "reference": "a"})
    for name, values in columns.items():
        table[name] = values
    return Manifest(table=table)


def layer_of(rule: CohortRule) -> object:
    return rule.map_layer()


def labels_of(manifest: Manifest, *columns: str) -> dict[str, str]:
    return dict(DeclaredRule(columns=columns).assign(manifest).labels)


def test_the_cohort_is_the_value_without_spaces_around_it() -> None:
    manifest = manifest_of(accent=["north", " south ", "", None, "  "])
    partition = DeclaredRule(columns=("accent",)).assign(manifest)
    assert dict(partition.labels) == {"s0": "north", "s1": "south", "s2": UNKNOWN, "s3": UNKNOWN, "s4": UNKNOWN}
    assert partition.descriptions == {"north": "accent: north", "south": "accent: south"}
    assert partition.notes == ("fewer than 10 of 5 speakers have no accent; they are in cohort 'unknown'.",)
    assert not partition.used_scores


def test_speakers_whose_utterances_disagree_are_unknown_and_named_in_a_note() -> None:
    table = pd.DataFrame(
        {
            "utterance_id": list("abcde"),
            "speaker_id": ["s0", "s0", "s1", "s1", "s2"],
            "reference": "x",
            "accent": ["north", "south", "north", None, "south"],
        }
    )
    partition = DeclaredRule(columns=("accent",)).assign(Manifest(table=table))
    assert dict(partition.labels) == {"s0": UNKNOWN, "s1": "north", "s2": "south"}
    assert partition.notes == (
        "fewer than 10 of 3 speakers carry more than one accent; they are in cohort 'unknown', and a gap by accent is suspect.",
    )


def test_two_columns_are_crossed_and_a_missing_half_is_unknown() -> None:
    manifest = manifest_of(accent=["north", "north", "south", None], gender=["f", "m", "f", "f"])
    assert labels_of(manifest, "accent", "gender") == {"s0": "north × f", "s1": "north × m", "s2": "south × f", "s3": UNKNOWN}
    assert Declared(columns=("accent", "gender")).method == "declared:accent*gender"


def test_numbers_and_truth_values_are_groups_too() -> None:
    assert labels_of(manifest_of(band=[30, 30, 40], native=[True, False, True]), "band", "native") == {
        "s0": "30 × True",
        "s1": "30 × False",
        "s2": "40 × True",
    }


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", "a", "b", "b", "b"], None),
        (["a", "a", "a", "a", None], "has 1 value(s) that speakers keep"),
        ([None] * 5, "has 0 value(s) that speakers keep"),
        (["a", "b", "c", "d", "e"], "has 5 values for the 5 speakers looked at: it names them"),
    ],
    ids=str,
)
def test_obstacles_say_why_a_column_makes_no_cohorts(values: list[object], expected: str | None) -> None:
    obstacle = Declared(columns=("accent",)).obstacle(manifest_of(accent=values))
    assert obstacle is None if expected is None else expected in str(obstacle)


def test_a_column_that_is_not_there_is_an_obstacle_that_lists_those_that_are() -> None:
    obstacle = Declared(columns=("dialect",)).obstacle(manifest_of(accent=["a", "b"], gender=["f", "m"]))
    assert obstacle == "there is no column 'dialect'; there are accent, gender"


def test_the_rule_is_the_same_for_any_counts_and_reads_back() -> None:
    manifest = manifest_of(accent=["a", "b", "a"])
    search = Declared(columns=("accent",)).search(manifest, seed=0)
    rule = search.fit(np.array([0, 1, 2]), np.array([5, 5, 5]))
    assert rule == search.fit(np.zeros(3, dtype=int), np.zeros(3, dtype=int))
    again = DeclaredRule.from_json(json.loads(json.dumps(rule.to_json())))
    assert again == rule
    assert again.method == "declared:accent"
    assert layer_of(again) is None


@pytest.mark.parametrize("columns", [None, [], "accent", [1]], ids=str)
def test_a_broken_rule_is_refused(columns: object) -> None:
    with pytest.raises(RuleError, match="'columns' is"):
        DeclaredRule.from_json({"columns": columns})
