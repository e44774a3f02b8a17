"""Every verb but `audit` on the small corpus."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd
import pytest
from small_corpus import ACCENTS, N_SPEAKERS, N_UTTERANCES, WORDS, digests, fairasr, small_table

from fairasr.discovery import METHODS, frozen_rule, read_rule
from fairasr.report import read_audit

N_ROWS = N_SPEAKERS * N_UTTERANCES
N_WRONG = sum(n_wrong * N_SPEAKERS // 4 * N_UTTERANCES for n_wrong in ACCENTS.values()) + N_SPEAKERS
"""Half of the speakers have one wrong word more in each of two utterances."""


def two_systems(folder: Path) -> Path:
    """The small corpus with a second system that makes no mistake."""
    table = small_table()
    table = table.rename(columns={"hypothesis": "hypothesis:first"})
    table["hypothesis:perfect"] = table["reference"]
    table.to_csv(folder / "utterances.csv", index=False)
    return folder / "utterances.csv"


def test_validate_says_what_is_there_and_which_discoveries_fit(corpus: Path) -> None:
    outcome = fairasr("validate", corpus, "--embeddings", corpus.parent / "embeddings.npz")
    assert outcome.status == 0
    assert f"{N_ROWS} utterances of {N_SPEAKERS} speakers" in outcome.printed
    assert f"system ({N_ROWS} hypotheses)" in outcome.printed
    assert "Discoveries that its columns allow: geo-tree, speaker-kmeans, declared:accent." in outcome.printed


def test_validate_says_why_a_discovery_cannot_run(tmp_path: Path) -> None:
    few = small_table().query("speaker_id < 's030'")
    few.to_csv(tmp_path / "few.csv", index=False)
    outcome = fairasr("validate", tmp_path / "few.csv", "--min-speakers", 7)
    assert outcome.status == 0
    assert "allow: declared:accent." in outcome.printed
    assert "- not geo-tree: 30 of 30 discovery speakers have coordinates" in outcome.printed


def test_validate_names_every_broken_rule_and_exits_1(tmp_path: Path) -> None:
    small_table().assign(latitude_deg="99", zip_code="501").to_csv(tmp_path / "bad.csv", index=False)
    outcome = fairasr("validate", tmp_path / "bad.csv")
    assert outcome.status == 1
    assert "breaks 2 rules" in outcome.message
    assert outcome.printed == ""


def test_validate_checks_the_census_card(corpus: Path, tmp_path: Path) -> None:
    outcome = fairasr("validate", corpus, "--census", tmp_path / "nowhere.toml")
    assert outcome.status == 1
    assert "nowhere.toml" in outcome.message


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_score_counts_every_utterance_of_every_system(ending: str, tmp_path: Path) -> None:
    output = tmp_path / f"counts.{ending}"
    outcome = fairasr("score", two_systems(tmp_path), "-o", output)
    assert outcome.status == 0, outcome.message
    counts = pd.read_csv(output) if ending == "csv" else pd.read_parquet(output)
    assert len(counts) == 2 * N_ROWS
    errors = counts.groupby("system")[["substitutions", "deletions", "insertions"]].sum()
    assert errors.loc["first"].tolist() == [N_WRONG, 0, 0]
    assert errors.loc["perfect"].tolist() == [0, 0, 0]
    assert counts.groupby("system")["n_ref_words"].sum().tolist() == [len(WORDS) * N_ROWS] * 2
    assert f"first: WER {100 * N_WRONG / (len(WORDS) * N_ROWS):.1f}" in outcome.printed
    assert "perfect: WER 0.0" in outcome.printed


def test_score_counts_characters_when_asked(corpus: Path, tmp_path: Path) -> None:
    outcome = fairasr("score", corpus, "-o", tmp_path / "counts.parquet", "--unit", "character")
    assert "system: CER" in outcome.printed


def test_validate_says_why_no_column_is_declared(tmp_path: Path) -> None:
    few = small_table().iloc[:30].drop(columns=["latitude_deg", "longitude_deg", "zip_code"])
    few.to_csv(tmp_path / "few.csv", index=False)
    printed = fairasr("validate", tmp_path / "few.csv").printed
    assert "- not declared: 0 of 1 columns have two values that 10 speakers each keep, and values for half" in printed
    few.drop(columns=["accent"]).to_csv(tmp_path / "none.csv", index=False)
    assert "- not declared: there is no column of groups" in fairasr("validate", tmp_path / "none.csv").printed
    assert "not declared" not in fairasr("validate", tmp_path / "few.csv", "--min-speakers", 2).printed


def test_score_refuses_a_corpus_without_hypotheses(tmp_path: Path) -> None:
    small_table().drop(columns=["hypothesis"]).to_csv(tmp_path / "utterances.csv", index=False)
    outcome = fairasr("score", tmp_path / "utterances.csv", "-o", tmp_path / "counts.csv")
    assert outcome.status == 1
    assert "--hypotheses" in outcome.message


def test_discover_saves_rules_that_place_speakers_of_another_corpus(corpus: Path, tmp_path: Path) -> None:
    outcome = fairasr("discover", corpus, "-o", tmp_path / "found", "--method", "geo-tree", "--method", "declared:accent")
    assert outcome.status == 0, outcome.message
    assert "%" not in outcome.printed, "no rate on the speakers the cohorts were found on"
    rules = sorted((tmp_path / "found" / "rules").iterdir())
    assert len(rules) == 2
    cohorts = pd.read_parquet(tmp_path / "found" / "cohorts.parquet").set_index(["method", "speaker_id"])["cohort"]
    assert len(cohorts) == 2 * N_SPEAKERS
    assert [cohorts["declared:accent", f"s{speaker:03d}"] for speaker in range(4)] == list(ACCENTS)

    elsewhere = small_table().drop(columns=["hypothesis"])  # so that nothing can be found there
    elsewhere["speaker_id"] = "other-" + elsewhere["speaker_id"]
    elsewhere.to_csv(tmp_path / "elsewhere.csv", index=False)
    arguments = [argument for rule in rules for argument in ("--rule", rule)]
    assert fairasr("discover", tmp_path / "elsewhere.csv", "-o", tmp_path / "applied", *arguments).status == 0
    applied = pd.read_parquet(tmp_path / "applied" / "cohorts.parquet").set_index(["method", "speaker_id"])["cohort"]
    assert applied.rename(lambda name: name.removeprefix("other-"), level="speaker_id").to_dict() == cohorts.to_dict()
    copies = [tmp_path / "applied" / "rules" / rule.name for rule in rules]
    assert [frozen_rule(copy).found_on for copy in copies] == [frozen_rule(rule).found_on for rule in rules]


def test_discover_replaces_the_rules_of_a_former_discovery_and_no_other_file(corpus: Path, tmp_path: Path) -> None:
    found = tmp_path / "found"
    assert fairasr("discover", corpus, "-o", found, "--method", "geo-tree", "--method", "declared:accent").status == 0
    (found / "rules" / "notes.json").write_text("{}")
    assert fairasr("discover", corpus, "-o", found, "--method", "geo-tree").status == 0
    assert set(pd.read_parquet(found / "cohorts.parquet")["method"]) == {"geo-tree"}
    assert sorted(path.name for path in (found / "rules").iterdir()) == ["geo-tree.json", "notes.json"]


def test_discover_replaces_neither_an_audit_nor_the_rule_it_is_to_assign(corpus: Path, audited: Path, tmp_path: Path) -> None:
    found = tmp_path / "found"
    assert fairasr("discover", corpus, "-o", found, "--method", "geo-tree", "--method", "declared:accent").status == 0
    before = {folder: digests(folder) for folder in (audited, found)}
    outcome = fairasr("discover", corpus, "-o", found, "--rule", found / "rules" / "geo-tree.json")
    assert outcome.status == 1
    assert f"cannot write cohorts to '{found}': 1 of 1 rules to assign lie in it" in outcome.message
    outcome = fairasr("discover", corpus, "-o", audited, "--method", "geo-tree")
    assert outcome.status == 1
    assert "it holds a report" in outcome.message
    assert {folder: digests(folder) for folder in (audited, found)} == before


def test_an_audit_measures_a_rule_found_elsewhere_and_not_on_the_files_it_was_found_on(
    corpus: Path, audited: Path, tmp_path: Path
) -> None:
    (rule,) = (path for path in (audited / "rules").iterdir() if read_rule(path).method == "geo-tree")
    arguments = ("--rule", rule, "-o", tmp_path / "report", "--permutations", 0)
    refused = fairasr("audit", corpus, *arguments)
    assert refused.status == 1
    assert "was found on 1 of the 1 files audited here" in refused.message
    assert "--allow-double-dipping" in refused.message
    elsewhere = tmp_path / "elsewhere.csv"
    table = small_table()
    table.assign(speaker_id="other-" + table["speaker_id"]).to_csv(elsewhere, index=False)
    outcome = fairasr("audit", elsewhere, *arguments)
    assert outcome.status == 0, outcome.message
    result = read_audit(tmp_path / "report")
    assert set(result.systems[0].reports) == {"geo-tree"}
    assert set(result["geo-tree"].cohorts["cohort"]) == set(read_audit(audited)["geo-tree"].cohorts["cohort"])


def test_discover_refuses_several_systems(tmp_path: Path) -> None:
    outcome = fairasr("discover", two_systems(tmp_path), "-o", tmp_path / "found")
    assert outcome.status == 1
    assert "first, perfect" in outcome.message


def test_report_draws_the_page_again_for_another_system(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    arguments = ("--method", "geo-tree", "--method", "declared:accent", "--permutations", 0)
    assert fairasr("audit", two_systems(tmp_path), "-o", folder, "--focus", "first", *arguments).status == 0
    before = digests(folder)
    page = tmp_path / "perfect.html"
    outcome = fairasr("report", folder, "--focus", "perfect", "-o", page)
    assert outcome.status == 0, outcome.message
    assert page.read_text(encoding="utf-8") != (folder / "report.html").read_text(encoding="utf-8")
    assert digests(folder) == before
    assert fairasr("report", folder / "report.json", "-o", page).status == 0
    assert page.read_bytes() == (folder / "report.html").read_bytes(), "the same focus draws the same page"


def test_report_names_the_systems_there_are(audited: Path, tmp_path: Path) -> None:
    outcome = fairasr("report", audited, "--focus", "nobody", "-o", tmp_path / "page.html")
    assert outcome.status == 1
    assert "it holds system" in outcome.message


def test_report_refuses_a_folder_without_an_audit(tmp_path: Path) -> None:
    outcome = fairasr("report", tmp_path, "-o", tmp_path / "page.html")
    assert outcome.status == 1
    assert "report.json" in outcome.message


def test_methods_lists_every_method_with_its_settings() -> None:
    outcome = fairasr("methods")
    assert outcome.status == 0
    assert [line for line in outcome.printed.splitlines() if line and not line.startswith(" ")] == list(METHODS)
    assert "geo-tree.max_leaves (default 126): most regions" in outcome.printed
    assert [line for line in outcome.printed.splitlines() if line.endswith(": ")] == [], "a setting without a meaning"


@pytest.mark.parametrize("absent", ["torch", "soundfile"])
def test_embed_says_which_extra_is_missing(absent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, absent, None)
    small_table().assign(audio_path="a.wav").to_csv(tmp_path / "utterances.csv", index=False)
    outcome = fairasr("embed", tmp_path / "utterances.csv", "-o", tmp_path / "voices.npz")
    assert outcome.status == 1
    assert "MissingExtraError" in outcome.message
    assert "pip install" in outcome.message


def test_embed_without_weights_says_what_to_install(tmp_path: Path) -> None:
    small_table().assign(audio_path="a.wav").to_csv(tmp_path / "utterances.csv", index=False)
    outcome = fairasr("embed", tmp_path / "utterances.csv", "-o", tmp_path / "voices.npz", "--weights", tmp_path / "none.pt")
    assert outcome.status == 1
    assert not (tmp_path / "voices.npz").exists()


def test_embed_reads_audio_below_the_corpus_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to where the command is run, as people type it; the table needs no references."""
    pytest.importorskip("torch")
    soundfile = pytest.importorskip("soundfile")
    import numpy as np

    folder = tmp_path / "corpus"
    (folder / "wav").mkdir(parents=True)
    times_s = np.arange(32_000) / 16_000
    for name, pitch_hz in {"low": 110, "high": 220}.items():
        soundfile.write(folder / "wav" / f"{name}.wav", 0.3 * np.sign(np.sin(2 * np.pi * pitch_hz * times_s)), 16_000)
    pd.DataFrame(
        {
            "utterance_id": ["u1", "u2", "u3"],
            "speaker_id": ["a", "b", "c"],
            "audio_path": ["wav/low.wav", "wav/high.wav", "wav/none.wav"],
        }
    ).to_csv(folder / "utterances.csv", index=False)
    monkeypatch.chdir(tmp_path)
    outcome = fairasr("embed", "corpus/utterances.csv", "-o", "voices.npz")
    assert outcome.status == 0, outcome.message
    assert "2 of 3 utterances embedded" in outcome.printed
    assert "- u3: " in outcome.printed
    with np.load("voices.npz") as stored:
        assert np.isfinite(stored["embedding"]).all(axis=1).tolist() == [True, True, False]


def test_demo_says_what_was_planted_and_what_was_found(tmp_path: Path) -> None:
    outcome = fairasr("demo", "-o", tmp_path, "--permutations", 9)
    assert outcome.status == 0, outcome.message
    planted = json.loads((tmp_path / "corpus" / "planted.json").read_text())["planted"]
    lines = outcome.printed.splitlines()
    found = lines[lines.index("What was found:") + 1 :]
    assert len([line for line in found if line.startswith("- ")]) == len(planted) == 6
    assert len([line for line in lines if line.startswith("- Absent: ")]) == 2
    assert (tmp_path / "report" / "report.html").is_file()
    assert lines[-1] == f"Report: {tmp_path / 'report' / 'report.html'}"
