"""Target cohorts of few speakers: neither their size nor a rate that would give one away is in the result, and it says so."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tone_job import JOB, PLAIN, run

from fairasr.core import MitigationResult
from fairasr.mitigating import Mitigated
from fairasr.models import read_hypotheses

LEAST = 5


Part = dict[str, list[str]]
"""Accent -> speakers of one part of the job."""


@pytest.fixture
def parts(done: tuple[Mitigated, Path]) -> dict[str, Part]:
    """Who is in which part. The division rests on the seed and the speech alone, so other jobs on this corpus have the same."""
    found = {}
    for name in ("training", "development", "test"):
        path = next((done[1] / "hypotheses" / name).glob("*.parquet"))
        speakers = sorted({utterance.rpartition("-")[0] for utterance in read_hypotheses(path).texts})
        found[name] = {accent: [one for one in speakers if one.startswith(accent)] for accent in ("plain", "shifted")}
    return found


@pytest.fixture
def measured(parts: dict[str, Part]) -> Part:
    assert [len(names) for names in parts["test"].values()] == [8, 8]
    return parts["test"]


def of_towns(world: Path, folder: Path, towns: dict[str, str], *, target: list[str], min_speakers: int = LEAST) -> MitigationResult:
    """A short job for towns: speaker -> town; whoever is in none lives in that of the accent's name."""
    shutil.copytree(world / "people", folder / "people")
    table = pd.read_csv(folder / "people" / "utterances.csv")
    table["town"] = [towns.get(name, accent) for name, accent in zip(table["speaker_id"], table["accent"], strict=True)]
    table.to_csv(folder / "people" / "utterances.csv", index=False)
    return run(
        world,
        folder / "job",
        corpus={"source": str(folder / "people" / "utterances.csv")},
        method=PLAIN,
        seeds=[0],
        budget={**JOB["budget"], "n_steps": 1},
        cohorts={"method": "declared:town", "target": target, "min_speakers": min_speakers},
    ).result


def test_the_size_of_a_target_is_shown_where_neither_it_nor_the_rest_is_small(
    world: Path, tmp_path: Path, parts: dict[str, Part]
) -> None:
    n_target = {name: len(part["shifted"]) for name, part in parts.items()}
    n_all = {name: n_target[name] + len(part["plain"]) for name, part in parts.items()}
    assert n_target["training"] > n_target["test"], "they are told apart by the least number below"
    few = of_towns(world, tmp_path / "few", {}, target=["shifted"], min_speakers=2).speakers
    assert few == n_all | {f"{name} target": n for name, n in n_target.items()}
    least = n_target["training"] + 1
    assert of_towns(world, tmp_path / "many", {}, target=["shifted"], min_speakers=least).speakers == n_all


def test_a_suppressed_target_cohort_is_left_out_of_the_target_of_the_league_and_a_note_says_so(
    world: Path, tmp_path: Path, measured: Part
) -> None:
    """Two of the eight live apart: the rate of all eight beside that of the six would be theirs."""
    result = of_towns(world, tmp_path / "job", dict.fromkeys(measured["shifted"][:2], "hamlet"), target=["shifted"])
    assert not [note for note in result.comparison.notes if "leaves out" in note], "the hamlet is no target"
    apart = [*measured["shifted"][:2], *others(world, measured, "shifted")[:4]]
    result = of_towns(world, tmp_path / "apart", dict.fromkeys(apart, "hamlet"), target=["shifted", "hamlet"])
    assert result.speakers["test target"] == 6
    assert [note for note in result.comparison.notes if "The target of the league table leaves out target cohorts" in note]
    assert not [note for note in result.comparison.notes if "test speakers are in the target" in note]


def test_rates_that_are_withheld_for_the_target_that_can_be_shown_are_said_to_be(
    world: Path, tmp_path: Path, measured: Part
) -> None:
    """Eight test speakers are in two target towns of four; with a small town of others, no rate of theirs can be shown."""
    towns = dict.fromkeys(measured["shifted"][:4], "one") | dict.fromkeys(measured["shifted"][4:], "two")
    rest = others(world, measured, "shifted")
    towns |= dict(zip(rest, ["one", "two"] * len(rest), strict=False))
    towns |= dict.fromkeys(measured["plain"][:2], "three")
    result = of_towns(world, tmp_path / "job", towns, target=["one", "two"])
    assert np.isnan(result.league["worst"]).all()
    assert "test target" not in result.speakers
    assert [note for note in result.comparison.notes if note.startswith("Fewer than 5 test speakers are in the target")]


def others(world: Path, measured: Part, accent: str) -> list[str]:
    """Speakers of an accent who are not measured."""
    names = pd.read_csv(world / "people" / "utterances.csv")["speaker_id"].unique()
    return [name for name in names if name.startswith(accent) and name not in measured[accent]]
