"""Utterances that an audit keeps: the same audit, every text, and no cohort that the report withholds."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import fairasr as fa
from fairasr.auditing import Audit
from fairasr.auditing.utterances import listed_cohorts
from fairasr.core import UNKNOWN, Hypotheses, Manifest
from fairasr.core.errors import ScoringError
from fairasr.ingest import Corpus

SYSTEMS = ("one", "two")
GROUPS = {"north": 60, "south": 40, "east": 25, "tiny": 4, None: 3}
SAID = ["the Dr. said twenty two", "colour of the sea", "I can't, won't go", "um it was 5 pounds"]


def corpus(*, seed: int = 0, shuffled: bool = False) -> Corpus:
    """Three utterances per speaker, groups of 60 down to 3, two systems; a speaker's groups stand in no text."""
    generator = np.random.default_rng(seed)
    accents = [name for name, n in GROUPS.items() for _ in range(n)]
    table = pd.DataFrame(
        {
            "speaker_id": [f"speaker{number:03d}" for number in range(len(accents)) for _ in range(3)],
            "accent": [accent for accent in accents for _ in range(3)],
            "reference": generator.choice(SAID, size=3 * len(accents)),
            "duration_s": generator.uniform(1, 5, size=3 * len(accents)),
        }
    )
    table["hand"] = np.where(np.arange(len(table)) // 3 % 2, "left", "right")
    table.insert(0, "utterance_id", [f"u{number:04d}" for number in range(len(table))])
    texts: dict[str, dict[str, str]] = {system: {} for system in SYSTEMS}
    for number, (key, reference) in enumerate(zip(table["utterance_id"], table["reference"], strict=True)):
        for system in SYSTEMS:
            kept = [word if generator.random() > 0.2 else "what" for word in reference.split() if generator.random() > 0.1]
            if number % 29 != 3:
                texts[system][key] = " ".join(kept)
    if shuffled:
        table = table.sample(frac=1, random_state=1)
    systems = tuple(Hypotheses(system=system, texts=texts[system]) for system in SYSTEMS)
    return Corpus(manifest=Manifest(table=table), systems=systems, inputs={}, title="kept")


def audited(source: Corpus | None = None, **options: Any) -> Audit:
    chosen: dict[str, Any] = {"methods": ["declared:accent", "declared:hand", "declared:accent*hand"], "missing": "deletions"}
    return fa.audit(source or corpus(), seed=0, **{**chosen, "n_permutations": 0, **options})


def kept(audit: Audit, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    audit.write(folder)
    table = pa.ipc.open_file(folder / "utterances.arrow").read_all()
    return table.to_pandas(), pd.read_parquet(folder / "confusions.parquet")


@pytest.mark.parametrize(("normaliser", "unit"), [("none", "word"), ("basic", "character"), ("english", "word")])
def test_keeping_utterances_changes_no_figure_of_the_audit(normaliser: str, unit: Any) -> None:
    plain, keeping = (audited(normaliser=normaliser, unit=unit, keep_utterances=keep) for keep in (False, True))
    assert plain.utterances is None
    assert keeping.utterances is not None
    assert json.dumps(keeping.to_json()) == json.dumps(plain.to_json())


def test_missing_hypotheses_are_the_same_error_where_utterances_are_kept() -> None:
    with pytest.raises(ScoringError) as plain:
        audited(missing="error")
    with pytest.raises(ScoringError) as keeping:
        audited(missing="error", keep_utterances=True)
    assert str(keeping.value) == str(plain.value)


def test_transcripts_are_written_only_where_asked_for_and_removed_by_the_next_audit(tmp_path: Path) -> None:
    audited(keep_utterances=True).write(tmp_path)
    assert (tmp_path / "utterances.arrow").exists()
    assert (tmp_path / "confusions.parquet").exists()
    audited().write(tmp_path)
    assert not (tmp_path / "utterances.arrow").exists()
    assert not (tmp_path / "confusions.parquet").exists()


def test_rows_are_those_of_the_table_with_the_counts_of_the_audit(tmp_path: Path) -> None:
    source = corpus(shuffled=True)
    audit = audited(source, keep_utterances=True)
    table, confusions = kept(audit, tmp_path)
    assert table["utterance_id"].tolist() == source.manifest.table["utterance_id"].tolist()
    assert table["reference"].tolist() == source.manifest.table["reference"].tolist()
    assert table["duration_s"].tolist() == pytest.approx(source.manifest.table["duration_s"].tolist())
    for system, hypotheses in zip(SYSTEMS, source.systems, strict=True):
        texts = table[f"hypothesis:{system}"].replace({np.nan: None}).tolist()
        assert texts == [hypotheses.texts.get(key) for key in table["utterance_id"]]
        totals = audit.system(system).totals
        sums = {name: int(table[f"{name}:{system}"].sum()) for name in ("substitutions", "deletions", "insertions", "n_ref")}
        assert sums == {**{name: totals[name] for name in sums if name != "n_ref"}, "n_ref": totals["n_ref_words"]}
        everyone = confusions.query("system == @system and method == 'declared:hand' and cohort == ''")
        assert len(everyone) < 50, "or the sums need not agree"
        by_kind = everyone.groupby("kind")["n"].sum()
        assert by_kind["substitution"] == sums["substitutions"]
        assert by_kind["deletion"] == sums["deletions"]


def test_the_confirmation_half_is_the_one_the_report_counts(tmp_path: Path) -> None:
    source = corpus()
    audit = audited(source, keep_utterances=True)
    table, _ = kept(audit, tmp_path)
    speakers = source.manifest.table.loc[table["is_confirmation"], "speaker_id"]
    assert speakers.nunique() == audit.data["confirmation_speakers"]
    assert (~table["is_confirmation"]).sum() + len(speakers) == len(table)


def test_a_cohort_the_report_withholds_is_in_neither_file_under_any_system_and_method(tmp_path: Path) -> None:
    source = corpus()
    audit = audited(source, keep_utterances=True)
    table, confusions = kept(audit, tmp_path)
    schema = pa.ipc.open_file(tmp_path / "utterances.arrow").schema
    n_withheld = 0
    for system in SYSTEMS:
        for method, report in audit.system(system).reports.items():
            column = f"cohort:{system}:{method}"
            assert pa.types.is_dictionary(schema.field(column).type)
            withheld = set(report.cohorts.loc[report.cohorts["suppressed"] != "", "cohort"])
            n_withheld += len(withheld)
            dictionary = set(table[column].cat.categories)
            assert dictionary.isdisjoint(withheld)
            assert set(confusions.query("system == @system and method == @method")["cohort"]) <= dictionary | {""}
            labels = audit.rules[method].assign(source.manifest).labels
            true = labels.reindex(source.manifest.table["speaker_id"]).to_numpy(dtype=object)
            is_told = table[column].notna().to_numpy()
            assert (table[column].to_numpy(dtype=object)[is_told] == true[is_told]).all()
            assert not np.isin(true[is_told], list(withheld)).any()
    assert n_withheld >= 6
    for label in ("tiny", UNKNOWN):
        assert label.encode() not in (tmp_path / "utterances.arrow").read_bytes()
    assert {"north", "left"} <= set(confusions["cohort"])


def test_no_speaker_is_named_in_either_file(tmp_path: Path) -> None:
    table, confusions = kept(audited(keep_utterances=True), tmp_path)
    assert b"speaker0" not in (tmp_path / "utterances.arrow").read_bytes()
    assert not {"speaker_id", "latitude_deg", "longitude_deg"} & {*table.columns, *confusions.columns}


def test_the_same_utterances_in_another_order_have_the_same_confusions(tmp_path: Path) -> None:
    (_, first), (_, mixed) = (
        kept(audited(corpus(shuffled=shuffled), keep_utterances=True), tmp_path / str(shuffled)) for shuffled in (False, True)
    )
    pd.testing.assert_frame_equal(first, mixed)


def found(labels: list[str], suppressed: set[str], *, basis: str = "everyone") -> Any:
    """What `listed_cohorts` reads of an `Audited`."""
    names = sorted(set(labels))
    cohorts = pd.DataFrame({"cohort": names, "suppressed": ["small" if name in suppressed else "" for name in names]})
    return SimpleNamespace(
        report=SimpleNamespace(cohorts=cohorts, cohorts_basis=basis), partition=SimpleNamespace(labels=pd.Series(labels))
    )


def test_two_systems_that_hide_a_small_cohort_among_different_others_do_not_give_it_away_together() -> None:
    labels = ["a"] * 30 + ["b"] * 20 + ["c"] * 20 + ["s"] * 3
    listed = listed_cohorts(
        {"one": found(labels, {"s", "b"}), "two": found(labels, {"s", "c"})}, np.arange(73) % 2 == 0, min_speakers=10
    )
    for system in ("one", "two"):
        assert listed[system].labels == ("a",)
        assert (listed[system].codes == -1).tolist() == [label != "a" for label in labels]


def test_where_systems_divide_otherwise_whom_one_hides_all_hide_and_the_rest_of_the_cohort_says_so() -> None:
    one = ["a"] * 40 + ["b"] * 20 + ["s"] * 3
    two = ["p"] * 30 + ["q"] * 33
    listed = listed_cohorts({"one": found(one, {"s", "b"}), "two": found(two, set())}, np.arange(63) % 2 == 0, min_speakers=10)
    assert listed["two"].labels == ("p", "q")
    assert listed["two"].partial == ("q",)
    assert (listed["two"].codes == -1).tolist() == (listed["one"].codes == -1).tolist() == [label != "a" for label in one]
    few = listed_cohorts({"one": found(one, {"s", "b"}), "two": found(two, set())}, np.arange(63) % 2 == 0, min_speakers=11)
    assert few["two"].labels == (), "ten are left of q, one too few; without them ten are cut from a, who would be told by that"
    assert few["one"].labels == ()


def example_of_one_cut(*, basis: str = "everyone") -> dict[str, Any]:
    """System one hides 30, of whom p of system two has 29 and q one."""
    one = ["a"] * 50 + ["b"] * 26 + ["s"] * 3 + ["a"] * 50 + ["s"]
    two = ["p"] * 79 + ["q"] * 51
    given = {"one": found(one, {"s", "b"}, basis=basis), "two": found(two, set(), basis=basis)}
    listed = listed_cohorts(given, np.arange(130) % 2 == 0, min_speakers=10)
    return {system: {name: int((of.codes == place).sum()) for place, name in enumerate(of.labels)} for system, of in listed.items()}


@pytest.mark.parametrize("basis", ["everyone", "confirmation"])
def test_a_cohort_is_not_listed_without_one_person_whom_subtraction_would_tell(basis: str) -> None:
    assert example_of_one_cut(basis=basis) == {"one": {"a": 50}, "two": {"p": 50}}


@pytest.mark.parametrize(("n_cut", "is_listed"), [(20, True), (18, True), (10, False), (1, False)])
def test_a_cohort_is_cut_by_nobody_or_by_enough_in_either_half(n_cut: int, is_listed: bool) -> None:
    one = ["a"] * 100 + ["s"] * 4 + ["b"] * 96
    two = ["q"] * 60 + ["p"] * 40 + ["q"] * n_cut + ["p"] * (100 - n_cut)
    listed = listed_cohorts(
        {"one": found(one, {"s", "b"}, basis="confirmation"), "two": found(two, set(), basis="confirmation")},
        np.arange(200) % 2 == 0,
        min_speakers=9,
    )
    assert ("q" in listed["two"].labels) == is_listed


def test_a_cohort_without_judged_speakers_is_not_the_only_one_without_a_name() -> None:
    """All four of s are in the half that discovers: the report hides it as empty, and needs hide nothing beside it."""
    labels = ["a"] * 60 + ["b"] * 40 + ["s"] * 4
    is_confirmation = (np.arange(104) % 2 == 0) & (np.arange(104) < 100)
    listed = listed_cohorts({"one": found(labels, {"s"}, basis="confirmation")}, is_confirmation, min_speakers=10)
    assert listed["one"].labels == ("a",)


def test_with_nothing_withheld_every_speaker_is_listed() -> None:
    labels = ["a"] * 60 + ["b"] * 40
    listed = listed_cohorts({"one": found(labels, set())}, np.arange(100) % 2 == 0, min_speakers=10)
    assert listed["one"].labels == ("a", "b")
    assert listed["one"].codes.tolist() == [0] * 60 + [1] * 40
