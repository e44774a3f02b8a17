"""What an audit shows must not give a small group away; what it cannot place must not stop it."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import fairasr as fa
from fairasr.core import Hypotheses, Manifest
from fairasr.core.counts import Counts
from fairasr.core.partition import Partition
from fairasr.ingest import Corpus
from fairasr.statistics import partition_table

WORDS = 20


def corpus_of(groups: dict[str, tuple[int, float]], *, seed: int = 0, **columns: object) -> Corpus:
    """One utterance of 20 words per speaker; group -> number of speakers, error rate."""
    generator = np.random.default_rng(seed)
    accent = [name for name, (n, _) in groups.items() for _ in range(n)]
    rates = np.array([groups[name][1] for name in accent])
    wrong = generator.random((len(accent), WORDS)) < rates[:, None]
    said = [f"w{i}" for i in range(WORDS)]
    ids = [f"u{i:04d}" for i in range(len(accent))]
    table = pd.DataFrame(
        {"utterance_id": ids, "speaker_id": [f"s{i:04d}" for i in range(len(ids))], "reference": " ".join(said), "accent": accent}
    ).assign(**columns)
    heard = {
        key: " ".join("x" if bad else word for bad, word in zip(row, said, strict=True))
        for key, row in zip(ids, wrong, strict=True)
    }
    return Corpus(manifest=Manifest(table=table), systems=(Hypotheses(system="one", texts=heard),), inputs={}, title="small groups")


def all_gaps(report: fa.AuditResult, method: str) -> list[dict[str, object]]:
    plain = report[method].to_json()
    return [plain["honest"], plain["apparent"], *plain["other"]]


def test_systems_that_share_groups_hide_the_same_ones_whichever_each_serves_worst() -> None:
    groups = {"a": (120, 0.2), "b": (40, 0.4), "d": (80, 0.05), "s": (6, 0.2)}
    corpus = corpus_of(groups)
    other = corpus_of({name: (n, 0.6 if name == "d" else 0.1) for name, (n, _) in groups.items()}, seed=1)
    both = (*corpus.systems, Hypotheses(system="two", texts=other.systems[0].texts))
    audit = fa.audit(replace(corpus, systems=both), seed=0, methods=["declared:accent"], n_permutations=99)
    tables = [system.reports["declared:accent"].cohorts for system in audit.systems]
    hidden = [set(table.loc[table["suppressed"] != "", "cohort"]) for table in tables]
    assert hidden[0] == hidden[1] == {"s", "b"}


def test_gaps_of_a_band_with_a_hidden_group_show_no_sizes_with_which_the_small_one_could_be_computed() -> None:
    corpus = corpus_of({"a": (120, 0.2), "b": (40, 0.4), "d": (80, 0.05), "s": (6, 0.2)})
    audit = fa.audit(corpus, seed=0, methods=["declared:accent"], n_permutations=99)
    cohorts = audit["declared:accent"].by_cohort
    assert cohorts.loc["s", "suppressed"] == "small"
    hidden = set(cohorts.index[cohorts["suppressed"] != ""])
    assert len(hidden) == 2, "a second group is hidden with the small one"
    assert "b" not in hidden, "the worst group is what the report is about, so it is hidden last"
    touched = [gap for gap in all_gaps(audit, "declared:accent") if hidden & {*gap["bottom"], *gap["top"]}]
    assert touched
    for gap in touched:
        assert gap["bottom_n_speakers"] is None
        assert gap["top_n_speakers"] is None
        assert gap["bottom_share_words"] is None
        assert gap["difference_to_rest"] == {"value": None, "lo": None, "hi": None}
        assert gap["relative_to_top"]["value"] is not None


def test_without_a_hidden_group_the_sizes_are_shown() -> None:
    corpus = corpus_of({"a": (120, 0.1), "b": (40, 0.4), "d": (80, 0.1)})
    audit = fa.audit(corpus, seed=0, methods=["declared:accent"], n_permutations=99)
    assert all(gap["bottom_n_speakers"] and gap["bottom_share_words"] for gap in all_gaps(audit, "declared:accent"))


def test_a_side_too_small_to_show_takes_the_sizes_of_the_other_with_it() -> None:
    corpus = corpus_of({"a": (40, 0.3), "b": (19, 0.1)})  # one half has 10 of b, the other 9
    audits = (
        fa.audit(corpus, seed=seed, methods=["declared:accent"], n_permutations=0, basis="confirmation") for seed in range(40)
    )
    honest = next(gaps for audit in audits if (gaps := audit["declared:accent"].honest).top)
    assert math.isnan(honest.top_rate.value)
    assert math.isnan(honest.top_n_speakers)
    assert math.isnan(honest.bottom_n_speakers)


def test_a_small_cell_of_crossed_columns_hides_one_in_its_row_and_one_in_its_column() -> None:
    groups = {"a": (80, 0.1), "b": (64, 0.2)}
    sex = ["m", "f"] * 40 + ["f"] * 60 + ["m"] * 4
    audit = fa.audit(corpus_of(groups, sex=sex), seed=0, methods=["declared:accent*sex"], n_permutations=0)
    cohorts = audit["declared:accent*sex"].by_cohort
    assert cohorts["suppressed"].to_dict() == {
        "a × f": "complementary",
        "a × m": "complementary",
        "b × f": "complementary",
        "b × m": "small",
    }
    for gap in all_gaps(audit, "declared:accent*sex"):
        assert gap["bottom_rate"]["value"] is None, "two rates and the totals of a line would solve for the hidden cells"


def test_a_cell_alone_in_its_line_is_public_and_protects_no_other() -> None:
    accents = {"a": (120, 0.1), "b": (56, 0.2), "c": (20, 0.1), "d": (20, 0.1)}
    sex = ["m", "f"] * 60 + ["m"] * 50 + ["f"] * 6 + ["f"] * 20 + ["m"] * 20
    audit = fa.audit(corpus_of(accents, sex=sex), seed=0, methods=["declared:accent*sex"], n_permutations=0)
    hidden = audit["declared:accent*sex"].by_cohort["suppressed"] != ""
    assert hidden[["b × f", "b × m", "a × f", "a × m"]].all(), "c × f is all of c, so only a × f can protect b × f among the women"
    assert not hidden[["c × f", "d × m"]].any()


def test_the_count_of_the_unplaced_is_not_told_where_they_are_hidden() -> None:
    corpus = corpus_of({"a": (120, 0.1), "": (14, 0.2), "b": (60, 0.2)})
    audit = fa.audit(corpus, seed=0, methods=["declared:accent"], n_permutations=0, min_speakers=20)
    assert audit["declared:accent"].notes[0].startswith("some of 194 speakers have no accent")


def test_notes_and_missing_values_name_no_small_number() -> None:
    corpus = corpus_of({"a": (60, 0.1), "b": (48, 0.2), "": (7, 0.2)})
    audit = fa.audit(corpus, seed=0, methods=["declared:accent"], n_permutations=0)
    assert any(note.startswith("some of 115 speakers have no accent") for note in audit["declared:accent"].notes)
    assert "7 of" not in json.dumps(audit["declared:accent"].to_json())


@pytest.mark.parametrize("n_moved", [1, 9, 10])
def test_a_division_that_differs_from_one_shown_by_a_few_speakers_is_hidden(n_moved: int) -> None:
    ids = pd.Index([f"s{i:03d}" for i in range(100)])
    table = pd.DataFrame({"speaker_id": ids, "cell": "", "n_ref_words": 100, "errors": np.arange(100) % 7 + 5})
    counts = Counts(table=table, system="one", normaliser="none", numerator=("errors",))

    def division(n_bottom: int) -> Partition:
        labels = pd.Series(np.where(np.arange(100) < n_bottom, "bottom", "rest").astype(object), index=ids)
        return Partition(method="zip-demographics", labels=labels, descriptions={}, used_scores=True)

    shown = partition_table(counts, counts, {"first": division(40), "second": division(40 + n_moved)}, min_speakers=10)
    assert shown["suppressed"].tolist() == ["", "small" if n_moved < 10 else ""]
    assert shown.loc[1, "bottom_rate":"relative_to_top_hi"].isna().all() == (n_moved < 10)


def test_a_row_set_aside_has_no_voice_and_stops_no_clustering_of_voices() -> None:
    corpus = corpus_of({"a": (60, 0.1), "b": (60, 0.3)})
    voices = np.random.default_rng(3).normal(size=(120, 8)).astype(np.float32) + np.repeat([[3.0], [-3.0]], 60, axis=0).astype(
        np.float32
    )
    (system,) = corpus.systems
    heard = {key: text for key, text in system.texts.items() if key != "u0005"}
    corpus = Corpus(
        manifest=Manifest(table=corpus.manifest.table, embeddings=voices),
        systems=(Hypotheses(system="one", texts=heard),),
        inputs={},
        title="voices",
    )
    audit = fa.audit(corpus, seed=0, methods=["speaker-kmeans"], missing="set-aside", n_permutations=0)
    assert audit.data["set_aside"] == {"no hypothesis of one": 1}


def test_groups_without_any_error_are_tested_all_the_same() -> None:
    audit = fa.audit(corpus_of({"a": (150, 0.06), "b": (150, 0.0)}), seed=0, methods=["declared:accent"], n_permutations=99)
    report = audit["declared:accent"]
    assert report.p_value == pytest.approx(0.01)
    assert math.isnan(report.honest.relative_to_top.value), "over no errors there is no ratio"
    assert report.honest.difference_to_rest.lo > 0


def test_the_group_named_worst_is_the_one_that_most_folds_rank_worst() -> None:
    groups = {f"g{i}": (30, 0.1) for i in range(7)} | {"worst": (30, 0.17)}
    audit = fa.audit(corpus_of(groups, seed=0), seed=3, methods=["declared:accent"], n_permutations=99)
    assert audit["declared:accent"].honest.basis == "cross-fit"
    assert audit["declared:accent"].honest.bottom == ("worst",)
    assert audit["declared:accent"].by_cohort.loc["worst", "role"] == "bottom"
    (split,) = audit["declared:accent"].other
    assert split.bottom == ("g3",), "the split alone is misled, and its figures keep the name of whom they are about"
