"""`fairasr compare` on the small corpus with two new systems: one mends the worst accent, the other harms another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_corpus import REFERENCE, WORDS, digests, fairasr, small_table

from fairasr.report import read_comparison


def text(n_wrong: int) -> str:
    return " ".join(["wrong"] * n_wrong + list(WORDS[n_wrong:]))


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """old: as in the small corpus. mended: one error less in the north and, of some, elsewhere. harmful: more errors in the east.
    shaky: one error more or less.
    """
    folder = tmp_path_factory.mktemp("systems")
    table = small_table()
    n_wrong = table["hypothesis"].str.count("wrong").to_numpy()
    accent = table["accent"].to_numpy()
    turn = np.arange(len(table)) // 8
    mended = np.where(accent == "north", n_wrong - 1, n_wrong - (turn % 5 == 0))
    harmful = np.where(accent == "east", n_wrong + turn % 2, mended)
    shaky = n_wrong + np.where(turn % 2, 1, -1)
    table = table.rename(columns={"hypothesis": "hypothesis:old"})
    table["hypothesis:shaky"] = [text(n) for n in shaky]
    table["hypothesis:mended"] = [text(n) for n in mended]
    table["hypothesis:harmful"] = [text(n) for n in harmful]
    assert set(table["reference"]) == {REFERENCE}
    table.to_csv(folder / "utterances.csv", index=False)
    return folder / "utterances.csv"


def test_it_prints_the_verdict_and_writes_the_report(systems: Path, tmp_path: Path) -> None:
    output = tmp_path / "change"
    outcome = fairasr(
        "compare", systems, "--before", "old", "--after", "mended", "--by", "accent", "--target", "north", "-o", output, "--gate"
    )
    assert outcome.status == 0, outcome.message
    assert "mended: ACCEPTED (WER 41.67 % → " in outcome.printed.replace("\N{NO-BREAK SPACE}", " ")
    assert "There is no forgetting set" in " ".join(outcome.printed.split())
    assert sorted(digests(output)) == ["changes.csv", "changes.parquet", "report.html", "report.json"]
    comparison = read_comparison(output)
    assert comparison.target == ("north",)
    rows = pd.read_parquet(output / "changes.parquet").set_index("cohort")
    assert rows.loc["north", "change"] == pytest.approx(-1 / 6)
    assert rows.loc["north", "description"] == "accent: north"


def test_the_gate_stops_a_system_that_harms_a_cohort_and_one_that_is_not_settled(systems: Path, tmp_path: Path) -> None:
    arguments = ("compare", systems, "--before", "old", "--by", "accent", "-o", tmp_path / "change", "--gate")
    harmful = fairasr(*arguments, "--after", "harmful", "--target", "north")
    assert harmful.status == 3
    assert "“east” loses more than the margin" in harmful.printed
    open_ = fairasr(*arguments, "--after", "shaky")
    assert open_.status == 4, open_.printed
    assert "NOT SETTLED" in open_.printed


def test_forgetting_sets_are_read_from_their_own_files(systems: Path, tmp_path: Path) -> None:
    table = pd.read_csv(systems)
    utterances = table[["utterance_id", "speaker_id", "reference"]]
    utterances.to_csv(tmp_path / "general.csv", index=False)
    parts = [
        pd.DataFrame({"utterance_id": table["utterance_id"], "system": name, "hypothesis": table[f"hypothesis:{column}"]})
        for name, column in (("old", "old"), ("renamed", "harmful"))
    ]
    pd.concat(parts).to_csv(tmp_path / "hypotheses.csv", index=False)
    output = tmp_path / "change"
    outcome = fairasr(
        "compare",
        systems,
        "--before",
        "old",
        "--after",
        "mended",
        "-o",
        output,
        "--forgetting",
        f"general={tmp_path / 'general.csv'}",
        "--forgetting-hypotheses",
        f"general={tmp_path / 'hypotheses.csv'}",
        "--forgetting-system",
        "mended=renamed",
    )
    assert outcome.status == 0, outcome.message
    comparison = read_comparison(output)
    assert comparison.systems[0].forgetting["general"].changes["n_speakers"].tolist() == [160.0]
    assert "general: general.csv" in comparison.provenance.inputs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--by", "accent", "--rule", "rule.json"), "give either --by or --rule"),
        (("--only", "old"), "--before and --after say"),
        (("--forgetting-recipe", "general=a.toml"), "there is no forgetting set 'general'"),
        (("--forgetting", "general"), "are not NAME=VALUE"),
    ],
    ids=str,
)
def test_wrong_usage_exits_2(arguments: tuple[str, ...], message: str, systems: Path, tmp_path: Path) -> None:
    outcome = fairasr("compare", systems, "--before", "old", "--after", "mended", "-o", tmp_path / "change", *arguments)
    assert outcome.status == 2
    assert message in " ".join(outcome.message.replace("│", " ").split())


def test_a_system_that_is_not_there_is_named_and_nothing_is_written(systems: Path, tmp_path: Path) -> None:
    outcome = fairasr("compare", systems, "--before", "old", "--after", "newest", "-o", tmp_path / "change")
    assert outcome.status == 1
    assert "'newest'" in outcome.message
    assert not (tmp_path / "change").exists()
