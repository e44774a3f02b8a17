"""The audit as a whole: honest by construction, the same for any order of rows, clear where it cannot run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from texts import utterances

import fairasr as fa
from fairasr.auditing import Audit, discover_rules
from fairasr.core import audit_from
from fairasr.core.errors import DiscoveryError, DoubleDippingError, IngestError, ScoringError, StatisticsError
from fairasr.discovery.geo_tree import GeoTree
from fairasr.statistics import holm

METHODS = ("geo-tree", "declared:accent", "declared:hand")
SMALL_TREE = {"geo-tree": {"max_leaves": 4, "min_speakers": 12}}


def audited(table: pd.DataFrame | fa.Corpus, *, n_permutations: int = 0, **options: Any) -> Audit:
    chosen: dict[str, Any] = {"methods": METHODS, "method_settings": SMALL_TREE, "seed": 4, "min_speakers": 5}
    return fa.audit(table, **{**chosen, "n_permutations": n_permutations, **options})


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return utterances()


@pytest.fixture(scope="module")
def result(table: pd.DataFrame) -> Audit:
    return audited(table, n_permutations=99)


def without_hashes(result: Audit) -> str:
    data = result.to_json()
    data["provenance"]["inputs"] = dict.fromkeys(data["provenance"]["inputs"], "")
    return json.dumps(data, allow_nan=False)


def test_shuffled_rows_give_the_same_report_byte_for_byte_but_for_the_hash_of_the_input(table: pd.DataFrame, result: Audit) -> None:
    mixed = audited(table.sample(frac=1, random_state=3), n_permutations=99)
    assert without_hashes(mixed) == without_hashes(result)
    assert mixed.provenance.inputs != result.provenance.inputs
    assert {name: rule.to_json() for name, rule in mixed.rules.items()} == {
        name: rule.to_json() for name, rule in result.rules.items()
    }


def test_the_same_audit_again_gives_the_same_files(table: pd.DataFrame, tmp_path: Path) -> None:
    for name in ("first", "second"):
        audited(table).write(tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "first") for path in (tmp_path / "first").rglob("*") if path.is_file())
    assert len(files) >= 6
    for file in files:
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def test_another_seed_splits_other_speakers(table: pd.DataFrame, result: Audit) -> None:
    other = audited(table, seed=5)
    assert other["declared:accent"].apparent != result["declared:accent"].apparent


def test_an_audit_read_back_from_its_json_is_itself(result: Audit) -> None:
    data = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert audit_from(data).to_json() == data


def test_the_planted_group_is_found_and_the_absent_one_is_not(result: Audit) -> None:
    planted, absent = result["declared:accent"], result["declared:hand"]
    assert planted.honest.basis == "cross-fit"
    assert planted.worst == "far"
    assert planted.honest.relative_to_top.lo > 0
    assert planted.p_value == pytest.approx(1 / 120), "three methods take 40 permutations each, less one"
    assert absent.honest.relative_to_top.lo < 0 < absent.honest.relative_to_top.hi
    assert absent.p_value is not None
    assert absent.p_value > 0.05


def test_declared_rates_are_those_of_counting_words_by_hand(table: pd.DataFrame, result: Audit) -> None:
    """Hypotheses only ever lose words, so the errors are the words missing."""
    lost = 6 - table["hypothesis"].map(lambda text: len(text.split()))
    by_accent = lost.groupby(table["accent"]).sum() / table.groupby("accent").size() / 6
    cohorts = result["declared:accent"].by_cohort
    assert cohorts["rate"].to_dict() == pytest.approx(by_accent.to_dict())
    assert cohorts["deletion_rate"].to_dict() == pytest.approx(by_accent.to_dict())
    assert cohorts["n_speakers"].to_dict() == {"far": 40, "near": 80}


def test_the_cohorts_of_a_discovered_rule_are_estimated_on_the_other_half(result: Audit) -> None:
    report = result["geo-tree"]
    assert report.cohorts["n_speakers"].sum() == result.data["confirmation_speakers"]
    assert (
        result.rules["geo-tree"].assign(fa.read(utterances()).manifest).fitted_speakers.__len__()
        == result.data["discovery_speakers"]
    )
    assert report.other[0].basis == "confirmation"
    assert report.other[0].n_speakers == result.data["confirmation_speakers"]
    assert report.honest.n_speakers == result.data["n_speakers"] == 120
    assert report.apparent.n_speakers == result.data["discovery_speakers"]


def test_allowed_double_dipping_counts_everybody_and_says_so(table: pd.DataFrame) -> None:
    report = audited(table, allow_double_dipping=True)["geo-tree"]
    assert report.cohorts["n_speakers"].sum() == 120
    assert any("include the speakers the cohorts were found on" in note for note in report.notes)


def test_p_values_are_adjusted_over_the_methods_of_the_audit(result: Audit) -> None:
    reports = [result[method] for method in METHODS]
    expected = holm(np.array([report.p_value for report in reports], dtype=float))
    assert [report.p_adjusted for report in reports] == pytest.approx(expected.tolist())


def test_without_permutations_there_is_no_p_and_the_split_is_the_headline(table: pd.DataFrame) -> None:
    report = audited(table)["geo-tree"]
    assert (report.p_value, report.p_adjusted, report.n_permutations) == (None, None, 0)
    assert report.honest.basis == "confirmation"
    assert report.other == ()


def test_a_rule_of_one_audit_is_measured_on_other_speakers(result: Audit, tmp_path: Path) -> None:
    result.write(tmp_path)
    others = utterances(seed=9).assign(speaker_id=lambda t: "other " + t["speaker_id"])
    again = audited(others, methods=(), rules=[tmp_path / "rules" / "geo-tree.json"], groups=())
    assert list(again.system(again.focus).reports) == ["geo-tree"]
    assert set(again["geo-tree"].by_cohort.index) == set(result["geo-tree"].by_cohort.index)


def test_a_saved_rule_is_refused_on_the_very_files_it_was_found_on_unless_allowed(
    table: pd.DataFrame, result: Audit, tmp_path: Path
) -> None:
    result.write(tmp_path)
    saved = tmp_path / "rules" / "geo-tree.json"
    with pytest.raises(DoubleDippingError, match="geo-tree"):
        audited(table, methods=(), rules=[saved])
    assert "geo-tree" in audited(table, methods=(), rules=[saved], allow_double_dipping=True).rules
    declared = audited(table, methods=(), rules=[tmp_path / "rules" / "declared-accent.json"])
    assert list(declared.rules) == ["declared:accent"], "declared groups were not found by errors"


def test_two_systems_are_compared_on_the_same_speakers() -> None:
    result = audited(utterances(systems=("a", "b")), methods=["declared:accent"])
    assert [one.system for one in result.systems] == ["a", "b"]
    (change,) = result.comparisons
    assert {change.before, change.after} == {"a", "b"}
    assert change.before == result.focus
    assert len(result.summary) == 2


def test_a_corpus_without_speaker_ids_says_so_in_its_first_warning(table: pd.DataFrame) -> None:
    corpus = fa.read(table.drop(columns="speaker_id"), speaker_ids=False)
    result = audited(corpus, methods=["declared:accent"])
    assert result.warnings[0].startswith("This corpus names no speakers")
    assert not result.data["has_speaker_ids"]


def test_rows_set_aside_are_counted_by_cohort_and_in_a_warning(table: pd.DataFrame) -> None:
    broken = table.copy()
    broken.loc[[0, 4, 12], "reference"] = None
    result = audited(fa.read(broken, bad_rows="set-aside"), methods=["declared:accent"])
    assert result["declared:accent"].by_cohort["n_set_aside"].to_dict() == {"far": 2.0, "near": 1.0}
    assert any(warning.startswith("3 of 480 rows could not be used") for warning in result.warnings)


def test_another_normaliser_shows_where_a_gap_hangs_on_spelling() -> None:
    """Everyone loses the same words, but only "far" is written in capitals: under "none" every word of theirs is wrong."""
    table = utterances().assign(accent=lambda t: np.where(t["speaker_id"].str[1:].astype(int) % 2, "far", "near"))
    capitals = table["accent"] == "far"
    table.loc[capitals, "hypothesis"] = table.loc[capitals, "hypothesis"].str.upper()
    result = audited(table, methods=["declared:accent"], normaliser="basic", also_normalisers=["none"])
    assert result.sensitivity is not None
    rows = result.sensitivity.set_index("normaliser")
    assert rows["flips"].tolist() == [False, True]
    assert rows["relative_to_top"].abs().max() > 1.5
    assert any(warning.startswith("1 of 1 gaps gain, lose or turn") for warning in result.warnings)


def test_methods_that_cannot_run_are_skipped_with_a_reason_unless_asked_for_by_name(table: pd.DataFrame) -> None:
    few = table.assign(latitude_deg=table["latitude_deg"].where(table["speaker_id"] < "s020"))
    few["longitude_deg"] = few["longitude_deg"].where(few["latitude_deg"].notna())
    open_audit = audited(few, methods=())
    assert "geo-tree" in open_audit.skipped
    assert "have coordinates" in open_audit.skipped["geo-tree"]
    assert set(open_audit.system(open_audit.focus).reports) == {"declared:accent", "declared:hand"}
    with pytest.raises(DiscoveryError, match="geo-tree cannot run"):
        audited(few, methods=["geo-tree"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"methods": ["astrology"]}, DiscoveryError, "no discovery method 'astrology'"),
        ({"methods": ["declared"]}, DiscoveryError, "needs a column"),
        ({"methods": ["declared:dialect"]}, DiscoveryError, "no column 'dialect'"),
        ({"methods": ["zip-demographics"]}, DiscoveryError, "needs a census table"),
        (
            {"methods": ["geo-tree"], "method_settings": {"geo-tree": {"depth": 3}}},
            DiscoveryError,
            "geo-tree has no setting depth; it has max_leaves",
        ),
        ({"focus": "other"}, StatisticsError, "no system 'other'"),
        ({"min_speakers": 61}, StatisticsError, "120 speaker.*need at least 122"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_one_clear_error(
    table: pd.DataFrame, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        audited(table, **options)


def test_one_speaker_is_too_few(table: pd.DataFrame) -> None:
    with pytest.raises(StatisticsError, match=r"1 speaker\(s\)"):
        audited(table[table["speaker_id"] == "s000"])


def test_a_table_without_hypotheses_or_words_cannot_be_scored(table: pd.DataFrame) -> None:
    with pytest.raises((ScoringError, IngestError)):
        audited(table.drop(columns="hypothesis"))
    with pytest.raises(ScoringError):
        audited(table.assign(reference=""))


def test_a_discoverer_is_taken_as_it_is(table: pd.DataFrame) -> None:
    result = audited(table, methods=[GeoTree(max_leaves=2, min_speakers=12)])
    assert result["geo-tree"].settings["max_leaves"] == 2
    assert len(result["geo-tree"].cohorts) == 2


def test_rules_can_be_discovered_on_all_speakers(table: pd.DataFrame) -> None:
    corpus = fa.read(table)
    rules = discover_rules(corpus, seed=4, methods=METHODS, method_settings=SMALL_TREE, min_speakers=5)
    assert list(rules) == list(METHODS)
    assert rules["geo-tree"].assign(corpus.manifest).fitted_speakers == set(corpus.manifest.speaker_ids)
    with pytest.raises(StatisticsError, match="2 systems were given"):
        discover_rules(fa.read(utterances(systems=("a", "b"))), seed=4, methods=METHODS)


def test_the_title_and_the_command_are_in_the_result(table: pd.DataFrame) -> None:
    result = audited(table, methods=["declared:hand"], title="Mine", command="fairasr audit mine.csv")
    assert result.title == "Mine"
    assert result.provenance.command == "fairasr audit mine.csv"
    assert replace(result, title="Other").title == "Other"
