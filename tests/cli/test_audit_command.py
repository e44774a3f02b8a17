"""`fairasr audit` on a corpus whose rates are known by construction: what it writes, prints and exits with."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from small_corpus import ACCENTS, N_SPEAKERS, WORDS, fairasr, small_table

from fairasr.cli.main import run
from fairasr.report import read_audit

RATES = {accent: (n_wrong + 0.5) / len(WORDS) for accent, n_wrong in ACCENTS.items()}
"""Half of the speakers of each accent have one wrong word more in every utterance."""
OVERALL = sum(RATES.values()) / len(RATES)
TO_TOP = RATES["north"] / RATES["south"] - 1
TO_BOTTOM = 1 - RATES["south"] / RATES["north"]
SOURCE = "not-even-read.csv"
BY_ACCENT = ("--method", "declared:accent", "--permutations", 99)
"""Below 1,000 speakers the headline is cross-fitted: every speaker counts, and who is worst and best is the same in every fold."""


def test_it_writes_the_folder_that_the_help_promises(audited: Path) -> None:
    written = {path.name for path in audited.iterdir()}
    assert written == {"report.html", "report.json", "cohorts.parquet", "cohorts.csv", "regions.geojson", "rules"}
    assert len(list((audited / "rules").iterdir())) == 2


def test_rates_are_those_of_the_words_written(audited: Path) -> None:
    result = read_audit(audited)
    assert result.systems[0].overall.value == pytest.approx(OVERALL)
    by_cohort = result["declared:accent"].by_cohort
    assert {name: by_cohort.loc[name, "rate"] for name in ACCENTS} == pytest.approx(RATES)
    assert result["declared:accent"].honest.relative_to_top.value == pytest.approx(TO_TOP)
    assert result["declared:accent"].honest.relative_to_bottom.value == pytest.approx(TO_BOTTOM)


def test_the_terminal_shows_the_rates_within_80_columns(corpus: Path, tmp_path: Path) -> None:
    outcome = fairasr("audit", corpus, "-o", tmp_path / "report", *BY_ACCENT)
    assert f"WER {100 * OVERALL:.1f}\N{NO-BREAK SPACE}%" in outcome.printed
    (row,) = (line for line in outcome.printed.splitlines() if line.startswith("declared:accent"))
    _, to_top, to_bottom, share, *_ = re.split(" {2,}", row)
    assert to_top.startswith(f"{100 * TO_TOP:.1f}\N{NO-BREAK SPACE}% [")
    assert to_bottom == f"{100 * TO_BOTTOM:.1f}\N{NO-BREAK SPACE}%"
    assert share == "25.0\N{NO-BREAK SPACE}%", "the north, of four accents"
    assert [line for line in outcome.printed.splitlines() if len(line) > 80 and str(tmp_path) not in line] == []
    assert outcome.message == ""


def test_the_same_seed_gives_the_same_bytes(corpus: Path, tmp_path: Path) -> None:
    arguments = ("audit", corpus, "--permutations", 9, "--seed", 7, "-o")
    assert fairasr(*arguments, tmp_path / "a").status == fairasr(*arguments, tmp_path / "b").status == 0
    assert (tmp_path / "a" / "report.json").read_bytes() == (tmp_path / "b" / "report.json").read_bytes()
    assert (tmp_path / "a" / "report.html").read_bytes() == (tmp_path / "b" / "report.html").read_bytes()


def test_discoveries_follow_from_the_columns(corpus: Path, tmp_path: Path) -> None:
    vectors = corpus.parent / "embeddings.npz"
    outcome = fairasr("audit", corpus, "--embeddings", vectors, "-o", tmp_path / "report", "--permutations", 0)
    assert outcome.status == 0, outcome.message
    result = read_audit(tmp_path / "report")
    assert set(result.systems[0].reports) == {"geo-tree", "speaker-kmeans", "declared:accent"}
    assert set(result.skipped) == {"zip-demographics"}
    assert "skipped zip-demographics: zip-demographics needs a census table: pass --census with" in " ".join(
        outcome.printed.split()
    )


def test_settings_reach_the_method(corpus: Path, tmp_path: Path) -> None:
    arguments = ("--method", "geo-tree", "--set", "geo-tree.max_leaves=2", "--permutations", 0)
    assert fairasr("audit", corpus, "-o", tmp_path / "report", *arguments).status == 0
    assert read_audit(tmp_path / "report")["geo-tree"].settings["max_leaves"] == 2


def test_columns_may_have_other_names(corpus: Path, tmp_path: Path) -> None:
    table = tmp_path / "other.csv"
    small_table().rename(columns={"reference": "text", "speaker_id": "talker"}).to_csv(table, index=False)
    mapping = ("--column", "reference=text", "--column", "speaker_id=talker")
    outcome = fairasr("audit", table, *mapping, "-o", tmp_path / "report", "--method", "declared:accent", "--permutations", 0)
    assert outcome.status == 0, outcome.message
    assert read_audit(tmp_path / "report").systems[0].overall.value == pytest.approx(OVERALL)


def test_the_gap_under_other_normalisers_is_in_the_report(corpus: Path, tmp_path: Path) -> None:
    assert fairasr("audit", corpus, "-o", tmp_path / "report", *BY_ACCENT, "--normalisers", "none,english").status == 0
    sensitivity = read_audit(tmp_path / "report").sensitivity
    assert sensitivity is not None
    assert set(sensitivity["normaliser"]) == {"basic", "none", "english"}
    assert sensitivity["relative_to_top"].tolist() == pytest.approx([TO_TOP] * 3)


@pytest.mark.parametrize(
    ("max_gap", "status", "said"),
    [(0.5, 3, "Gate exceeded: the gap by declared:accent is above 50%"), (1.33, 4, "Gate inconclusive"), (9.0, 0, "")],
)
def test_the_gate_sets_the_exit_status(max_gap: float, status: int, said: str, corpus: Path, tmp_path: Path) -> None:
    outcome = fairasr("audit", corpus, "-o", tmp_path / "report", *BY_ACCENT, "--max-gap", max_gap)
    gap = read_audit(tmp_path / "report")["declared:accent"].honest.relative_to_top
    assert gap.value == pytest.approx(TO_TOP), "4 / 3, so 1.33 is inside its interval"
    assert outcome.status == status
    assert said in outcome.message


@pytest.mark.parametrize(
    "arguments",
    [
        ["audit"],
        ["audit", SOURCE, "--nonsense"],
        ["audit", SOURCE, "--permutations", "-1"],
        ["audit", SOURCE, "--permutations", "many"],
        ["audit", SOURCE, "--column", "reference"],
        ["audit", SOURCE, "--set", "geo-tree=5"],
        ["audit", SOURCE, "--set", "nope.max_leaves=5"],
        ["audit", SOURCE, "--set", "geo-tree.nope=5"],
        ["audit", SOURCE, "--set", "geo-tree.max_leaves=many"],
        ["audit", SOURCE, "--set", "geo-tree.gain=nope"],
        ["audit", SOURCE, "--set", "speaker-kmeans.candidates=5"],
        ["audit", SOURCE, "--bad-rows", "hide"],
        ["nonsense"],
    ],
)
def test_wrong_usage_has_exit_status_2(arguments: list[str]) -> None:
    outcome = fairasr(*arguments)
    assert outcome.status == 2
    assert outcome.message != ""


def test_the_command_is_in_the_provenance(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = ["audit", str(corpus), "-o", str(tmp_path / "report"), "--permutations", "0", "--title", "two words"]
    monkeypatch.setattr("sys.argv", ["/somewhere/bin/fairasr", *typed])
    with pytest.raises(SystemExit, match="0"):
        run()
    provenance = json.loads((tmp_path / "report" / "report.json").read_text())["provenance"]
    assert provenance["command"] == f"fairasr audit {corpus} -o {tmp_path / 'report'} --permutations 0 --title 'two words'"
    assert list(provenance["inputs"]) == ["utterances.csv"]
    assert N_SPEAKERS == 160, "hand-computed figures above rest on it"


def test_only_the_systems_named_are_audited(tmp_path: Path) -> None:
    table = small_table().rename(columns={"hypothesis": "hypothesis:first"})
    table["hypothesis:perfect"] = table["reference"]
    table.to_csv(tmp_path / "utterances.csv", index=False)
    outcome = fairasr("audit", tmp_path / "utterances.csv", "-o", tmp_path / "report", *BY_ACCENT, "--only", "first")
    assert outcome.status == 0, outcome.message
    assert [system.system for system in read_audit(tmp_path / "report").systems] == ["first"]
    refused = fairasr("audit", tmp_path / "utterances.csv", "-o", tmp_path / "report", *BY_ACCENT, "--only", "second")
    assert refused.status == 1
    assert "first, perfect" in refused.message
