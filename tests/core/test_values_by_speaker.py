"""One value per speaker from many utterances."""

from __future__ import annotations

import pandas as pd

from fairasr.core import UNKNOWN, Manifest
from fairasr.discovery.declared import DeclaredRule


def manifest() -> Manifest:
    table = pd.DataFrame(
        {
            "utterance_id": ["u1", "u2", "u3", "u4", "u5", "u6"],
            "speaker_id": ["ann", "ann", "bob", "cat", "cat", "dan"],
            "reference": "a b",
            "accent": ["north", None, None, "north", "south", " "],
        }
    )
    return Manifest(table=table)


def test_a_speaker_without_a_value_has_none_and_not_the_text_nan():
    values, disagreeing = manifest().values_by_speaker("accent")
    assert values.to_dict() == {"ann": "north", "bob": None, "cat": None, "dan": ""}
    assert list(disagreeing) == ["cat"]


def test_missing_blank_and_contradictory_values_are_unknown():
    partition = DeclaredRule(columns=("accent",)).assign(manifest())
    assert partition.labels.to_dict() == {"ann": "north", "bob": UNKNOWN, "cat": UNKNOWN, "dan": UNKNOWN}
    assert partition.notes == (
        "fewer than 10 of 4 speakers carry more than one accent; they are in cohort 'unknown', and a gap by accent is suspect.",
        "fewer than 10 of 4 speakers have no accent; they are in cohort 'unknown'.",
    )


def test_a_value_given_in_some_utterances_stands_for_the_speaker():
    assert manifest().values_by_speaker("accent")[0]["ann"] == "north"
