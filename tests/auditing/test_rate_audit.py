"""An audit of two columns of counts instead of errors: its numbers, its files, and counts that cannot be audited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from counted_world import COMPUTE, LOST, counted, long_form, with_dense

import fairasr as fa
from fairasr.core.errors import DiscoveryError, IngestError, SchemaError, ScoringError

QUICK: dict[str, Any] = {"seed": 0, "n_permutations": 0, "methods": ("declared:accent",)}


def audited(table: Any, rate: fa.Rate = COMPUTE, **changed: Any) -> fa.Audit:
    return fa.audit(table, rate=rate, **{**QUICK, **changed})


def test_rates_are_sums_over_sums_of_the_two_columns() -> None:
    result = audited(counted())
    assert result.systems[0].overall.value == pytest.approx(2.0)
    assert result.systems[0].totals == {"n_utterances": 192, "megaflop": 768_000, "duration_ms": 384_000}
    rates = result["declared:accent"].by_cohort["rate"]
    assert rates.to_dict() == pytest.approx({"far": 3.5, "near": 1.25}), "not 5.0, the mean of the utterances"
    assert list(rates.index) == ["far", "near"], "highest first"


def test_the_gap_is_that_of_the_rates() -> None:
    honest = audited(counted())["declared:accent"].honest
    assert honest.bottom == ("far",)
    # On half of the speakers the signs of the 400 need not cancel: 100 of 3,500 and of 1,250 at most.
    assert honest.relative_to_top.value == pytest.approx(3.5 / 1.25 - 1, abs=0.35)
    assert honest.relative_to_top.lo > 1.3


def test_a_share_is_audited_alike() -> None:
    result = audited(counted(), LOST)
    assert result.systems[0].overall.value == pytest.approx(5 / 24)
    assert result["declared:accent"].by_cohort["rate"].to_dict() == pytest.approx({"far": 3 / 8, "near": 1 / 8})


@pytest.mark.parametrize("form", [with_dense, long_form])
def test_several_systems_are_columns_or_rows(form: Any) -> None:
    result = audited(form(counted()))
    assert {one.system: one.overall.value for one in result.systems} == pytest.approx({"sparse": 2.0, "dense": 4.0})
    assert result.focus == "sparse", "the lowest rate"
    change = result.comparisons[0].changes.iloc[0]
    assert (result.comparisons[0].after, change["change"]) == ("dense", pytest.approx(2.0))
    only = audited(form(counted()), systems=("dense",))
    assert [one.system for one in only.systems] == ["dense"]


def test_the_unit_of_the_counts_changes_no_group_and_no_gap() -> None:
    methods = {"methods": ("geo-tree", "declared:accent")}
    coarse = audited(counted(), **methods)
    fine = audited(counted().assign(megaflop=lambda table: 1000 * table["megaflop"]), **methods)
    for method in ("geo-tree", "declared:accent"):
        one, other = coarse[method], fine[method]
        assert list(one.cohorts["cohort"]) == list(other.cohorts["cohort"])
        assert (1000 * one.cohorts["rate"]).tolist() == pytest.approx(other.cohorts["rate"].tolist())
        assert one.honest.relative_to_top.value == pytest.approx(other.honest.relative_to_top.value, nan_ok=True)


def test_counts_are_no_groups_and_texts_are_not_read() -> None:
    corpus = fa.read(counted().assign(hypothesis="private words", reference="private words"), rate=COMPUTE)
    assert corpus.manifest.attributes == ["accent", "lost", "n_turns"], "what this rate does not count may group speakers"
    assert (corpus.systems, set(corpus.manifest.table["reference"])) == ((), {""})
    assert any("Transcripts are not needed" in note for note in corpus.notes)


def test_a_recipe_that_chooses_attributes_keeps_the_counts(tmp_path: Path) -> None:
    counted().to_csv(tmp_path / "table.csv", index=False)
    (tmp_path / "recipe.toml").write_text(
        '[corpus]\ntitle = "World"\n[files]\nutterances = "table.csv"\n[options]\nattributes = ["accent"]\n', encoding="utf-8"
    )
    corpus = fa.read(tmp_path, recipe=tmp_path / "recipe.toml", rate=COMPUTE)
    assert corpus.manifest.attributes == ["accent"]
    assert corpus.counts[0].rate == pytest.approx(2.0)


def test_the_result_is_read_back_as_it_was_and_errors_keep_their_version(tmp_path: Path) -> None:
    result = audited(with_dense(counted()))
    result.write(tmp_path)
    stored = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert stored["format_version"] == 2, "a reader that knows errors alone refuses it"
    again = fa.read_audit(tmp_path)
    assert (again.measure, again.system("dense").measure, again["declared:accent"].measure) == (COMPUTE, COMPUTE, COMPUTE)
    assert again.to_json() == result.to_json()
    assert json.dumps(stored["provenance"]["settings"]["rate"], sort_keys=True) == json.dumps(COMPUTE.to_json(), sort_keys=True)
    assert "normaliser" not in stored["provenance"]["settings"]


def test_files_have_the_columns_of_a_rate_and_suppress_small_groups(tmp_path: Path) -> None:
    result = audited(counted(n_rare=4), methods=("declared:accent", "geo-tree"), min_speakers=10)
    result.write(tmp_path)
    table = pd.read_csv(tmp_path / "cohorts.csv")
    assert list(pd.read_parquet(tmp_path / "cohorts.parquet").columns) == list(table.columns)
    assert {"denominator", "rate"} <= set(table.columns)
    assert not {"n_ref_words", "substitution_rate", "n_loops"} & set(table.columns)
    accents = table[table["method"] == "declared:accent"].set_index("cohort")
    assert accents.loc["rare", "suppressed"] == "small"
    hidden = accents[accents["suppressed"].notna()]
    assert len(hidden) >= 2, "the small one, and one that would give it away"
    assert hidden[["rate", "denominator", "n_speakers"]].isna().all(axis=None)
    features = json.loads((tmp_path / "regions.geojson").read_text(encoding="utf-8"))["features"]
    assert features
    assert all("n_ref_words" not in one["properties"] and "n_loops" not in one["properties"] for one in features)


def _table(column: str, value: object) -> pd.DataFrame:
    table = counted().astype({column: object})
    table.loc[1, column] = value
    return table


@pytest.mark.parametrize(
    ("table", "rate", "said"),
    [
        (counted().drop(columns="megaflop"), COMPUTE, "column 'megaflop' is missing"),
        (counted().rename(columns={"duration_ms": "duration_mz"}), COMPUTE, "did you mean 'duration_mz'?"),
        (_table("megaflop", -1), COMPUTE, "1 of 192 rows are not a whole number >= 0 (rows 1; first: '-1')"),
        (_table("megaflop", 2.5), COMPUTE, "rows are not a whole number >= 0 (rows 1; first: '2.5')"),
        (_table("megaflop", None), COMPUTE, "1 of 192 rows are not a whole number >= 0"),
        (_table("duration_ms", "long"), COMPUTE, "first: 'long'"),
        (_table("duration_ms", "inf"), COMPUTE, "first: 'inf'"),
        (counted().assign(duration_ms=0), COMPUTE, "all 192 usable rows are 0, so compute per second is not defined"),
        (_table("lost", 5), LOST, "are larger than 'n_turns', which they are to be a share of"),
        (long_form(counted()).iloc[:-1], COMPUTE, "column 'megaflop' of the system 'dense': 1 of 192 rows are not"),
        (long_form(counted()).replace({"duration_ms": {3000: None}}), COMPUTE, "column 'duration_ms': 96 of 192 rows"),
        (pd.concat([long_form(counted()), long_form(counted()).iloc[:2]]), COMPUTE, "2 of 386 rows are a second one of the same"),
        (long_form(counted()).assign(duration_ms=range(384)), COMPUTE, "192 of 192 utterances have several values over their"),
        (
            long_form(_table("megaflop", -1)),
            COMPUTE,
            "column 'megaflop' of the system 'sparse': 1 of 192 rows are not a whole number >= 0 (rows 1;",
        ),
        (
            long_form(_table("duration_ms", "1.64")),
            COMPUTE,
            "column 'duration_ms': 1 of 192 rows are not a whole number >= 0 (rows 1; first: '1.64')",
        ),
        (counted().assign(megaflop=-1), COMPUTE, "each lacks an id of its own, a speaker or counts for compute per second"),
        (
            counted().assign(megaflop=2**46),
            COMPUTE,
            "column 'megaflop': its 192 usable rows add up to 1.35e+16, and sums of 9,007,",
        ),
        (counted().assign(duration_ms=2**46), COMPUTE, "column 'duration_ms': its 192 usable rows add up to 1.35e+16"),
    ],
)
def test_counts_that_cannot_be_audited_are_named(table: pd.DataFrame, rate: fa.Rate, said: str) -> None:
    with pytest.raises(SchemaError) as told:
        audited(table, rate)
    assert said in str(told.value)


def test_columns_that_group_nobody_are_those_of_the_file() -> None:
    few = counted().groupby("speaker_id").head(1).iloc[:8][["utterance_id", "speaker_id", "megaflop", "duration_ms"]]
    with pytest.raises(DiscoveryError) as told:
        audited(few.assign(accent=list("abcdefgh")), methods=(), groups=("accent",), min_speakers=2)
    assert "among half of its 8 speakers, by these columns: accent.\n" in str(told.value)
    assert "accent has 4 values for the 4 speakers looked at" in str(told.value)


def test_a_sum_just_below_the_largest_is_exact() -> None:
    table = counted().assign(megaflop=0)
    table.loc[:1, "megaflop"] = [2**52, 2**52 - 1]
    assert fa.read(table, rate=COMPUTE).counts[0].numerators.sum() == 2**53 - 1
    table.loc[2, "megaflop"] = 1
    with pytest.raises(SchemaError, match="Count in a larger unit"):
        fa.read(table, rate=COMPUTE)


def test_one_number_written_in_two_ways_is_one_denominator() -> None:
    table = long_form(counted()).astype({"duration_ms": object})
    table["duration_ms"] = [f"{value}.0" if row % 2 else str(value) for row, value in enumerate(table["duration_ms"])]
    table.loc[table["system"] == "dense", "duration_ms"] = counted()["duration_ms"].astype(str).to_numpy()
    assert len(fa.read(table, rate=COMPUTE).counts) == 2


def test_counts_over_nothing_are_counted_in_a_note() -> None:
    table = with_dense(counted())
    table.loc[:2, "duration_ms"] = 0
    table.loc[0, "megaflop:sparse"] = 0
    notes = [note for note in fa.read(table, rate=COMPUTE).notes if "above 0 over" in note]
    assert [note.split(" (")[0] for note in notes] == [
        "sparse: 2 of 192 rows have a 'megaflop' above 0 over a 'duration_ms' of 0",
        "dense: 3 of 192 rows have a 'megaflop' above 0 over a 'duration_ms' of 0",
    ]


def test_rows_without_counts_are_set_aside_and_counted_by_group() -> None:
    corpus = fa.read(_table("megaflop", "none"), rate=COMPUTE, bad_rows="set-aside")
    assert (len(corpus.manifest), len(corpus.manifest.set_aside)) == (191, 1)
    assert corpus.manifest.set_aside["reason"].tolist() == ["no count in megaflop"]
    report = fa.audit(corpus, **QUICK)["declared:accent"]
    assert report.by_cohort["n_set_aside"].to_dict() == {"far": 1, "near": 0}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "WER"}, "which means errors in transcripts"),
        ({"name": " "}, "it has no name"),
        ({"numerator": "duration_ms"}, "are the same column"),
        ({"denominator": "speaker_id"}, "which hold no counts"),
        ({"share": True}, "and has the unit 'Gflop/s'"),
    ],
)
def test_a_rate_that_cannot_be_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(SchemaError) as told:
        fa.Rate(**{**COMPUTE.to_json(), **fields})
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"normaliser": "english"}, "a normaliser or unit"),
        ({"also_normalisers": ("none",)}, "a normaliser or unit"),
        ({"missing": "deletions"}, "missing='deletions'"),
        ({"keep_utterances": True}, "keep_utterances"),
    ],
)
def test_settings_of_transcripts_do_not_go_with_a_rate(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ScoringError) as told:
        audited(counted(), **settings)
    assert said in str(told.value)


def test_a_rate_and_hypotheses_are_not_mixed() -> None:
    hypotheses = pd.DataFrame({"utterance_id": ["u00-0"], "system": ["a"], "hypothesis": [""]})
    with pytest.raises(IngestError, match="hypotheses were given too"):
        fa.read(counted(), rate=COMPUTE, hypotheses=hypotheses)
    errors = fa.read(counted().assign(reference="a", hypothesis="a"))
    with pytest.raises(IngestError, match="was read for errors"):
        fa.audit(errors, rate=COMPUTE, **QUICK)
    with pytest.raises(IngestError, match="was read for 'lost turns'"):
        fa.audit(fa.read(counted(), rate=LOST), rate=COMPUTE, **QUICK)
