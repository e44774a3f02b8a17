"""Comparisons from counts: targets, forgetting, seeds, what a reader is warned of."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fairasr.comparing import compared
from fairasr.core import Comparison, Counts, Partition, Provenance, comparison_from
from fairasr.core.comparison import EVERYONE
from fairasr.core.errors import DoubleDippingError, IngestError, StatisticsError

N = 60
PROVENANCE = Provenance(command="test", seed=0)
WORDS = np.full(N, 100)
BEFORE = np.tile([20, 30, 25], N // 3)
LABELS = ["north"] * 20 + ["south"] * 36 + ["west"] * 4


def counts(system: str, errors: np.ndarray) -> Counts:
    table = pd.DataFrame(
        {
            "speaker_id": [f"s{i:02d}" for i in range(len(errors))],
            "cell": "",
            "n_utterances": 2,
            "n_ref_words": np.full(len(errors), 100),
            "errors": errors,
        }
    )
    return Counts(table=table, system=system, normaliser="none", numerator=("errors",))


def partition(*, used_scores: bool = False) -> Partition:
    index = pd.Index([f"s{i:02d}" for i in range(N)], name="speaker_id")
    return Partition(
        method="declared:place",
        labels=pd.Series(LABELS, index=index),
        descriptions={label: f"place: {label}" for label in set(LABELS)},
        used_scores=used_scores,
        fitted_speakers=frozenset(index[:2]) if used_scores else frozenset(),
        notes=("A note of the rule.",),
    )


def example(**other: object) -> Comparison:
    settings: dict[str, object] = {
        "seed": 0,
        "provenance": PROVENANCE,
        "forgetting": {
            "general": (
                counts("base", np.full(30, 10)),
                {"plain": [counts("plain", np.full(30, 14))], "ewc": [counts("ewc", np.full(30, 11))]},
            )
        },
    }
    after = {"plain": [counts("plain", BEFORE - 6)], "ewc": [counts("ewc", BEFORE - 4)]}
    return compared(counts("base", BEFORE), after, partition(), **(settings | other))  # type: ignore[arg-type]


def test_undone_is_the_share_of_the_first_systems_forgetting() -> None:
    """General: 10 % before, 14 % plain, 11 % EWC: 3 of 4 points are undone."""
    plain, ewc = example().systems
    assert plain.undone == {}
    assert ewc.undone == {"general": pytest.approx(0.75)}
    assert [system.verdict.outcome for system in (plain, ewc)] == ["rejected", "rejected"]
    assert plain.verdict.worst_harm == "general"


def test_any_new_system_can_be_the_one_that_the_others_are_compared_with() -> None:
    comparison = example(against="ewc")
    assert comparison.systems[0].undone == {"general": pytest.approx(-3.0)}
    assert [(change.before, change.after) for change in comparison.between] == [("ewc", "plain")]
    assert comparison.between[0].changes["change"].iloc[0] == pytest.approx(-0.02)
    with pytest.raises(StatisticsError, match="no new system 'nobody'"):
        example(against="nobody")


def test_spread_is_over_the_cohorts_shown_and_small_ones_show_nothing() -> None:
    system = example().systems[0]
    rows = system.change.changes.set_index("cohort")
    assert rows.loc["west", "suppressed"] == "small"
    assert rows.loc["north", "suppressed"] == "complementary"
    assert system.before_spread.n_cohorts == 1
    assert system.before_spread.max == pytest.approx(BEFORE[20:56].mean() / 100)


def test_several_seeds_count_as_one_system() -> None:
    seeds = [counts("plain", BEFORE - shift) for shift in (3, 6, 9)]
    system = compared(counts("base", BEFORE), {"plain": seeds}, seed=0, provenance=PROVENANCE).systems[0]
    assert system.change.changes["change"].iloc[0] == pytest.approx(-0.06)
    assert system.change.changes["n_speakers"].iloc[0] == N


def test_without_a_target_everyone_is_and_a_target_that_holds_nobody_is_noted_or_refused() -> None:
    assert example().target == (EVERYONE,)
    one = example(target=["south", "nowhere"])
    assert one.target == ("south",)
    assert one.notes[-1] == "1 of 2 target cohorts hold none of these speakers (first: 'nowhere')."
    with pytest.raises(StatisticsError, match="none of the 1 target cohorts holds a speaker here"):
        example(target=["nowhere"])


def test_the_reader_is_warned_of_what_was_not_measured() -> None:
    assert example().warnings == ()
    bare = compared(counts("base", BEFORE), {"a": [counts("a", BEFORE)]}, seed=0, provenance=PROVENANCE, has_speaker_ids=False)
    assert bare.unit == "utterance"
    assert [
        any(word in warning for warning in bare.warnings) for word in ("names no speakers", "No cohorts", "no forgetting set")
    ] == [
        True,
        True,
        True,
    ]
    unplaced = replace(partition(), labels=partition().labels.iloc[:52])
    partial = compared(counts("base", BEFORE), {"a": [counts("a", BEFORE)]}, unplaced, seed=0, provenance=PROVENANCE)
    assert "fewer than 10 of 60 speakers could not be placed in a cohort." in partial.warnings


def test_cohorts_found_on_these_speakers_are_refused_or_warned_of() -> None:
    settings = {"seed": 0, "provenance": PROVENANCE}
    systems = counts("base", BEFORE), {"a": [counts("a", BEFORE)]}, partition(used_scores=True)
    with pytest.raises(DoubleDippingError):
        compared(*systems, **settings)  # type: ignore[arg-type]
    found = compared(*systems, allow_double_dipping=True, **settings)  # type: ignore[arg-type]
    assert "Cohorts are judged on speakers they were found on" in found.warnings[0]


def test_nothing_new_is_refused() -> None:
    with pytest.raises(StatisticsError, match="no new system"):
        compared(counts("base", BEFORE), {}, seed=0, provenance=PROVENANCE)


def test_a_comparison_goes_through_json_and_back() -> None:
    comparison = example(map_layer={"kind": "boxes", "boxes": {"north": [1.0, 2.0, 3.0, 4.0]}})
    data = json.loads(json.dumps(comparison.to_json(), allow_nan=False))
    again = comparison_from(data)
    assert again.to_json() == comparison.to_json()
    assert again.systems[1].verdict == comparison.systems[1].verdict
    pd.testing.assert_frame_equal(
        again.systems[0].change.changes.replace(np.inf, np.nan), comparison.systems[0].change.changes.replace(np.inf, np.nan)
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [({"format": "fairasr-audit"}, "not a comparison"), ({"format": "fairasr-comparison", "format_version": 9}, "version 9")],
    ids=str,
)
def test_what_is_no_comparison_of_this_version_is_refused(data: dict[str, object], message: str) -> None:
    with pytest.raises(IngestError, match=message):
        comparison_from(data)
