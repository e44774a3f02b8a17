"""Which systems and utterances an audit looks at."""

from __future__ import annotations

import pandas as pd
import pytest

from fairasr.auditing import selected
from fairasr.core import Hypotheses, Manifest
from fairasr.core.errors import ScoringError
from fairasr.ingest import Corpus


def corpus() -> Corpus:
    table = pd.DataFrame(
        {
            "utterance_id": ["u1", "u2", "u3", "u4"],
            "speaker_id": ["ann", "ann", "bob", "cat"],
            "reference": "a b",
            "accent": ["north", "north", "south", "south"],
        }
    )
    return Corpus(
        manifest=Manifest(table=table),
        systems=(
            Hypotheses(system="one", texts={"u1": "a", "u2": "a b", "u3": ""}),
            Hypotheses(system="two", texts={"u2": "a b", "u3": "b", "u4": "a"}),
        ),
        inputs={},
        title="small",
    )


def test_utterances_that_one_system_lacks_are_set_aside_for_all_with_the_first_reason():
    kept = selected(corpus(), systems=(), missing="set-aside").manifest
    assert list(kept.table["utterance_id"]) == ["u2", "u3"]
    assert kept.set_aside[["utterance_id", "accent", "reason"]].to_dict("records") == [
        {"utterance_id": "u1", "accent": "north", "reason": "no hypothesis of two"},
        {"utterance_id": "u4", "accent": "south", "reason": "no hypothesis of one"},
    ]


def test_only_the_systems_asked_for_decide():
    kept = selected(corpus(), systems=["two"], missing="set-aside")
    assert [system.system for system in kept.systems] == ["two"]
    assert list(kept.manifest.table["utterance_id"]) == ["u2", "u3", "u4"]


def test_without_set_aside_the_manifest_is_untouched():
    assert selected(corpus(), systems=["one"], missing="error").manifest.table.equals(corpus().manifest.table)


def test_a_system_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(ScoringError, match=r"1 of 2 systems asked for are not in 'table' \(first: 'three'\); it has one, two"):
        selected(corpus(), systems=["one", "three"], missing="error")


def test_systems_without_a_common_utterance_cannot_be_paired():
    apart = corpus()
    apart = Corpus(
        manifest=apart.manifest,
        systems=(Hypotheses(system="one", texts={"u1": "a"}), Hypotheses(system="two", texts={"u4": "a"})),
        inputs={},
        title="small",
    )
    with pytest.raises(ScoringError, match="none of 4 utterances was transcribed by all of one, two"):
        selected(apart, systems=(), missing="set-aside")
