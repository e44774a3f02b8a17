"""The audit of verifiers: a planted difference is found, small groups are hidden, bad input is told."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from voices import corpus_of, write_voices

from fairasr.core import VerificationResult, verification_from
from fairasr.core.errors import DiscoveryError, DoubleDippingError, IngestError, ScoringError, StatisticsError
from fairasr.core.verification import CROSSED_COLUMNS, GROUP_COLUMNS
from fairasr.discovery import METHODS, rule_record
from fairasr.ingest import read
from fairasr.ingest.recordings_table import read_recordings
from fairasr.report import write_verification
from fairasr.report.export import json_bytes
from fairasr.verification import SortedTrials
from fairasr.verifying import audit_verification


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_voices(tmp_path_factory.mktemp("voices"))


@pytest.fixture(scope="module")
def result(voices: tuple[Path, Path]) -> VerificationResult:
    return audit_verification(corpus_of(voices[0]), seed=0, embeddings={"mine": voices[1]}, n_per_speaker=8)


def test_the_group_with_wider_voices_has_the_higher_eer(result: VerificationResult) -> None:
    report = result.systems[0].reports["declared:sex"]
    assert report.groups["cohort"].tolist() == ["f", "m"]
    assert report.gap.lo > 0
    first, second = report.groups["eer"]
    assert report.gap.value == pytest.approx(first - second)
    assert report.spread.value == pytest.approx((first - second) / 2)


def test_the_result_has_the_columns_that_are_promised_and_goes_to_json_and_back(result: VerificationResult) -> None:
    report = result.systems[0].reports["declared:sex"]
    assert list(report.groups.columns) == list(GROUP_COLUMNS)
    assert list(report.crossed.columns) == list(CROSSED_COLUMNS)
    assert (report.crossed["first"] < report.crossed["second"]).all()
    written = json_bytes(result.to_json())
    assert json_bytes(verification_from(json.loads(written)).to_json()) == written


def test_every_interval_holds_its_value(result: VerificationResult) -> None:
    groups = result.systems[0].reports["declared:sex"].groups
    for name in ("eer", "min_dcf", "far", "frr", "difference_to_overall"):
        assert (groups[f"{name}_lo"] <= groups[name]).all(), name
        assert (groups[name] <= groups[f"{name}_hi"]).all(), name


def test_rates_are_those_of_the_trials_with_both_sides_in_the_group(tmp_path: Path) -> None:
    table, _ = write_voices(tmp_path, n_speakers=24, n_each=3)
    corpus = corpus_of(table)
    rng = np.random.default_rng(0)
    names, speakers = (corpus.manifest.table[column].to_numpy(dtype=str) for column in ("utterance_id", "speaker_id"))
    pairs = [(i, j) for i in range(72) for j in range(i + 1, 72) if speakers[i] == speakers[j] or rng.random() < 0.2]
    truth = np.array([speakers[i] == speakers[j] for i, j in pairs])
    scores = np.round(rng.normal(size=len(pairs)) + 1.5 * truth, 1)
    trials = pd.DataFrame({"first": names[[i for i, _ in pairs]], "second": names[[j for _, j in pairs]], "score": scores})
    found = audit_verification(corpus, seed=0, scores={"x": trials}, groups=["sex"]).systems[0]
    sex = corpus.manifest.table["sex"].to_numpy(dtype=str)
    for _, row in found.reports["declared:sex"].groups.iterrows():
        both = np.array([sex[i] == sex[j] == row["cohort"] for i, j in pairs])
        assert row["eer"] == SortedTrials(scores[both], truth[both]).curve().crossing[0]
        assert row["far"] == pytest.approx(np.mean(scores[both & ~truth] >= found.threshold))
        assert row["frr"] == pytest.approx(np.mean(scores[both & truth] < found.threshold))
        assert row["n_speakers"] == 12
    between = np.array([sex[i] != sex[j] for i, j in pairs])
    crossed = found.reports["declared:sex"].crossed.iloc[0]
    assert crossed["far"] == pytest.approx(np.mean(scores[between] >= found.threshold))
    assert crossed["n_nontarget"] == between.sum()


def test_the_same_seed_gives_the_same_bytes(voices: tuple[Path, Path], result: VerificationResult) -> None:
    again = audit_verification(corpus_of(voices[0]), seed=0, embeddings={"mine": voices[1]}, n_per_speaker=8)
    assert json_bytes(again.to_json()) == json_bytes(result.to_json())


def test_a_small_group_is_hidden_and_one_more_with_it(tmp_path: Path) -> None:
    accents = ["rare"] * 4 + ["few"] * 12 + ["many"] * 44
    table, vectors = write_voices(tmp_path, columns={"accent": accents})
    report = audit_verification(corpus_of(table), seed=0, embeddings={"x": vectors}, groups=["accent"]).systems[0].reports
    groups = report["declared:accent"].groups.set_index("cohort")
    assert groups["suppressed"].to_dict() == {"many": "", "few": "complementary", "rare": "small"}
    numbers = groups.loc[["few", "rare"]].drop(columns=["description", "suppressed"])
    assert numbers.isna().all(axis=None)
    assert report["declared:accent"].crossed.empty
    assert set(report["declared:accent"].det) == {"", "many"}
    assert np.isnan(report["declared:accent"].gap.value)
    assert any("A gap cannot be estimated: 1 of 3 groups" in note for note in report["declared:accent"].notes)


def test_one_group_that_is_everyone_has_a_rate_and_no_gap(tmp_path: Path) -> None:
    table, vectors = write_voices(tmp_path, columns={"planet": ["earth"] * 60})
    system = audit_verification(corpus_of(table), seed=0, embeddings={"x": vectors}, groups=["planet"]).systems[0]
    report = system.reports["declared:planet"]
    assert report.groups["eer"].iloc[0] > 0
    assert np.isnan(report.gap.value)
    assert any("A gap cannot be estimated" in note for note in report.notes)


def test_a_group_with_trials_of_one_kind_has_no_eer_and_says_so(tmp_path: Path) -> None:
    table, vectors = write_voices(tmp_path)
    corpus = corpus_of(table)
    frame = corpus.manifest.table
    by_speaker = frame.groupby("speaker_id")["utterance_id"].agg(list)
    own = [(names[0], names[1]) for names in by_speaker]
    men = [names[0] for names in by_speaker.iloc[1::2]]
    trials = pd.DataFrame([*own, *pairwise(men)], columns=["first", "second"])
    report = audit_verification(corpus, seed=0, trials=trials, embeddings={"x": vectors}, groups=["sex"]).systems[0].reports
    groups = report["declared:sex"].groups.set_index("cohort")
    assert np.isnan(groups.loc["f", "eer"])
    assert np.isnan(groups.loc["f", "far"])
    assert np.isfinite(groups.loc["f", "frr"])
    assert any("f has no non-target trial within the group" in note for note in report["declared:sex"].notes)


def test_constant_and_reversed_scores_are_warned_of_first(tmp_path: Path) -> None:
    table, _ = write_voices(tmp_path, n_speakers=24)
    corpus = corpus_of(table)
    names = corpus.manifest.table["utterance_id"].to_numpy(dtype=str)
    pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names), 3)]
    trials = pd.DataFrame({"first": names[[i for i, _ in pairs]], "second": names[[j for _, j in pairs]]})
    same = np.array([names[i][:4] == names[j][:4] for i, j in pairs])
    distances = np.where(same, 0.2, 0.8) + np.random.default_rng(0).normal(size=len(pairs)) / 4
    found = audit_verification(
        corpus, seed=0, scores={"flat": trials.assign(score=1.0), "distance": trials.assign(score=distances)}, groups=["sex"]
    )
    assert found.systems[0].eer.value == 0.5
    assert found.systems[1].eer.value > 0.5
    assert "flat gives all" in found.warnings[0]
    assert "worse than chance" in found.warnings[1]


def test_scores_that_are_missing_are_refused_with_the_first_pair(tmp_path: Path) -> None:
    table, _ = write_voices(tmp_path, n_speakers=4, n_each=2)
    trials = pd.DataFrame(
        {"first": ["u000-0", "u000-0"], "second": ["u000-1", "u001-0"], "label": ["1", "0"], "score": ["nan", "0.5"]}
    )
    with pytest.raises(ScoringError, match=r"1 of 2 trials have no finite score of 'x' \(first: 'u000-0' with 'u000-1'"):
        audit_verification(corpus_of(table), seed=0, scores={"x": trials})


def test_trials_of_one_kind_alone_are_refused(tmp_path: Path) -> None:
    table, _ = write_voices(tmp_path, n_speakers=4, n_each=2)
    trials = pd.DataFrame({"first": ["u000-0"], "second": ["u000-1"], "score": [0.5]})
    with pytest.raises(StatisticsError, match="1 of 1 trials are of one speaker"):
        audit_verification(corpus_of(table), seed=0, scores={"x": trials})


def test_a_speaker_with_one_utterance_is_counted_in_a_sentence(tmp_path: Path) -> None:
    table, vectors = write_voices(tmp_path)
    frame = pd.read_csv(table)
    frame[~frame["utterance_id"].isin([f"u{n:03d}-{k}" for n in range(20) for k in range(1, 5)])].to_csv(table, index=False)
    found = audit_verification(corpus_of(table), seed=0, embeddings={"x": vectors}, groups=["sex"])
    assert any(warning.startswith("20 of 60 speakers have no target trial") for warning in found.warnings)
    assert found.data["n_speakers"] == 60


def test_several_verifiers_are_resampled_alike_so_one_twice_is_equal(voices: tuple[Path, Path]) -> None:
    found = audit_verification(corpus_of(voices[0]), seed=0, embeddings={"a": voices[1], "b": voices[1]}, n_per_speaker=5)
    one, other = found.systems
    assert one.eer == other.eer
    pd.testing.assert_frame_equal(one.reports["declared:sex"].groups, other.reports["declared:sex"].groups)


def test_word_error_rates_stand_beside(tmp_path: Path) -> None:
    table, vectors = write_voices(tmp_path)
    frame = pd.read_csv(table).assign(reference="one two three four")
    frame["hypothesis:cloud"] = np.where(frame["sex"] == "f", "one two three", "one two three four")
    found = audit_verification(read(frame), seed=0, embeddings={"x": vectors}, groups=["sex"])
    groups = found.systems[0].reports["declared:sex"].groups.set_index("cohort")
    assert found.recogniser == "cloud"
    assert groups["wer"].to_dict() == {"f": 0.25, "m": 0.0}
    assert found.data["wer"] == pytest.approx(0.25 * (frame["sex"] == "f").mean())
    alone = audit_verification(read(pd.read_csv(table).assign(reference="")), seed=0, embeddings={"x": vectors}, groups=["sex"])
    assert alone.data["wer"] is None


def test_two_recognisers_must_be_chosen_from(tmp_path: Path) -> None:
    table, vectors = write_voices(tmp_path)
    frame = pd.read_csv(table).assign(reference="one", **{"hypothesis:a": "one", "hypothesis:b": "two"})
    with pytest.raises(ScoringError, match="2 recognisers are in"):
        audit_verification(read(frame), seed=0, embeddings={"x": vectors}, groups=["sex"])
    assert audit_verification(read(frame), seed=0, embeddings={"x": vectors}, groups=["sex"], recogniser="b").recogniser == "b"


def test_a_rule_found_on_these_files_is_refused(tmp_path: Path) -> None:
    table, vectors = write_voices(tmp_path)
    frame = pd.read_csv(table)
    number = frame["speaker_id"].str[1:].astype(int)
    frame.assign(latitude_deg=40 + number % 2, longitude_deg=-100.0 + number / 100).to_csv(table, index=False)
    corpus = corpus_of(table)
    errors = (np.arange(60) % 2) * 5
    found = METHODS["geo-tree"].load()().search(corpus.manifest, seed=0).fit(errors, np.full(60, 100))
    rule = tmp_path / "geo-tree.json"
    rule.write_bytes(json_bytes(rule_record(found, found_on=corpus.utterances_sha256)))
    with pytest.raises(DoubleDippingError, match="was found on 1 of the 1 files"):
        audit_verification(corpus, seed=0, embeddings={"x": vectors}, rules=[rule])
    dipped = audit_verification(corpus, seed=0, embeddings={"x": vectors}, rules=[rule], allow_double_dipping=True)
    assert any("found on these files" in warning for warning in dipped.warnings)
    rule.write_bytes(json_bytes(rule_record(found, found_on=["0" * 64])))
    report = audit_verification(corpus, seed=0, embeddings={"x": vectors}, rules=[rule]).systems[0].reports["geo-tree"]
    assert report.map is not None


def test_a_column_that_is_not_there_is_refused(voices: tuple[Path, Path]) -> None:
    with pytest.raises(DiscoveryError, match="there is no column 'accent'"):
        audit_verification(corpus_of(voices[0]), seed=0, embeddings={"x": voices[1]}, groups=["accent"])
    with pytest.raises(DiscoveryError, match="groups the speakers twice"):
        audit_verification(corpus_of(voices[0]), seed=0, embeddings={"x": voices[1]}, groups=["sex", "sex"])


def test_a_corpus_without_speakers_and_a_call_without_verifiers_are_refused(voices: tuple[Path, Path]) -> None:
    with pytest.raises(StatisticsError, match="names no speakers"):
        audit_verification(
            read(pd.read_csv(voices[0]).assign(reference=""), speaker_ids=False), seed=0, embeddings={"x": voices[1]}
        )
    with pytest.raises(IngestError, match="there is no verifier"):
        audit_verification(corpus_of(voices[0]), seed=0)
    with pytest.raises(StatisticsError, match=r"p_target is 1\.5"):
        audit_verification(corpus_of(voices[0]), seed=0, embeddings={"x": voices[1]}, p_target=1.5)


def test_vectors_of_other_utterances_are_left_and_none_of_ours_is_an_error(tmp_path: Path, voices: tuple[Path, Path]) -> None:
    frame = pd.read_csv(voices[0])
    found = audit_verification(
        read(frame[frame["speaker_id"] < "s040"].assign(reference="")), seed=0, embeddings={"x": voices[1]}, groups=["sex"]
    )
    assert found.data["n_speakers"] == 40
    other = frame.assign(utterance_id="x" + frame["utterance_id"], reference="")
    with pytest.raises(IngestError, match="none of the 300 vectors of 'x'"):
        audit_verification(read(other), seed=0, embeddings={"x": voices[1]}, groups=["sex"])


def test_an_audit_without_groups_is_written_with_an_empty_table(tmp_path: Path) -> None:
    table, vectors = write_voices(tmp_path)
    pd.read_csv(table).drop(columns="sex").to_csv(table, index=False)
    found = audit_verification(corpus_of(table), seed=0, embeddings={"x": vectors})
    write_verification(found, tmp_path / "report")
    assert (tmp_path / "report" / "groups.csv").read_text().splitlines() == [",".join(["system", "method", *GROUP_COLUMNS])]
    assert "There are no groups to compare" in (tmp_path / "report" / "report.html").read_text()


def test_texts_and_files_are_no_groups_unless_they_are_asked_for(tmp_path: Path) -> None:
    table, vectors = write_voices(tmp_path, columns={"sentence": ["one", "two"] * 30, "wav": ["a.wav"] * 30 + ["b.wav"] * 30})
    found = audit_verification(corpus_of(table), seed=0, embeddings={"x": vectors}, n_per_speaker=2)
    assert list(found.systems[0].reports) == ["declared:sex"]
    asked = audit_verification(corpus_of(table), seed=0, embeddings={"x": vectors}, n_per_speaker=2, groups=["sentence"])
    assert list(asked.systems[0].reports) == ["declared:sentence"]


def test_a_table_without_references_keeps_where_its_recordings_are(tmp_path: Path) -> None:
    table, _ = write_voices(tmp_path, n_speakers=2)
    pd.read_csv(table).assign(audio_path="clips/a.wav").rename(columns={"utterance_id": "id"}).to_csv(table, index=False)
    manifest = read_recordings(table, columns={"utterance_id": "id"}).manifest
    assert set(manifest.table["audio_path"]) == {str(tmp_path / "clips" / "a.wav")}
    assert set(manifest.table["reference"]) == {""}
    assert manifest.table["utterance_id"].iloc[0] == "u000-0"
    assert manifest.attributes == ["sex"]


def test_scores_that_differ_by_rounding_alone_are_one_score(tmp_path: Path) -> None:
    table, _ = write_voices(tmp_path, n_speakers=24)
    names = corpus_of(table).manifest.table["utterance_id"].to_numpy(dtype=str)
    pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names), 3)]
    trials = pd.DataFrame({"first": names[[i for i, _ in pairs]], "second": names[[j for _, j in pairs]]})
    scores = 1 - 1e-15 * np.random.default_rng(0).integers(0, 5, size=len(pairs))
    found = audit_verification(corpus_of(table), seed=0, scores={"flat": trials.assign(score=scores)}, groups=["sex"])
    assert "flat gives all" in found.warnings[0]


def test_a_table_without_references_keeps_its_own_name_and_hash(voices: tuple[Path, Path]) -> None:
    corpus = corpus_of(voices[0])
    assert corpus.manifest.source == "recordings.csv"
    assert list(corpus.inputs) == ["recordings.csv"]
    assert corpus.utterances_sha256 == (corpus.inputs["recordings.csv"],)
    assert any("no references" in note for note in corpus.notes)
