"""Trials from files: every way they are written reads alike; what is wrong is told with counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairasr.core import Manifest
from fairasr.core.errors import IngestError, SchemaError
from fairasr.ingest.trials import read_trials

MANIFEST = Manifest(
    table=pd.DataFrame(
        {"utterance_id": ["a1", "a2", "b1", "b2"], "speaker_id": ["a", "a", "b", "b"], "reference": ["", "", "", ""]}
    )
)
VOXCELEB = "1 a1 a2 0.9\n0 a1 b1 0.2\n0 a2 b2 0.3\n1 b1 b2 0.8\n"


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_every_way_of_writing_trials_reads_alike(tmp_path: Path) -> None:
    voxceleb = written(tmp_path, "veri_test.txt", "1 a1 a2\n0 a1 b1\n0 a2 b2\n1 b1 b2\n")
    kaldi = written(tmp_path, "trials", "a1 a2 target\na1 b1 nontarget\na2 b2 nontarget\nb1 b2 target\n")
    alone = written(tmp_path, "alone.txt", "0.9\n0.2\n0.3\n0.8\n")
    named = written(tmp_path, "named.txt", "b1 b2 0.8\na2 b2 0.3\na1 b1 0.2\na1 a2 0.9\n")
    table = pd.DataFrame(
        {"first": ["a1", "a1", "a2", "b1"], "second": ["a2", "b1", "b2", "b2"], "is_target": [True, False, False, True]}
    ).assign(score=[0.9, 0.2, 0.3, 0.8])
    table.to_csv(tmp_path / "t.csv", index=False)
    table.rename(columns={"is_target": "label"}).to_parquet(tmp_path / "t.parquet")
    ways = [
        read_trials({"x": written(tmp_path, "one.txt", VOXCELEB)}, manifest=MANIFEST),
        read_trials({"x": alone}, manifest=MANIFEST, trials=voxceleb),
        read_trials({"x": named}, manifest=MANIFEST, trials=voxceleb),
        read_trials({"x": named}, manifest=MANIFEST, trials=kaldi),
        read_trials({"x": alone}, manifest=MANIFEST, trials=kaldi),
        read_trials({"x": named}, manifest=MANIFEST),
        read_trials({"x": tmp_path / "t.csv"}, manifest=MANIFEST),
        read_trials({"x": tmp_path / "t.parquet"}, manifest=MANIFEST),
        read_trials({"x": table}, manifest=MANIFEST),
    ]
    for way in ways:
        assert way.first.tolist() == [0, 0, 1, 2]
        assert way.second.tolist() == [1, 2, 3, 3]
        assert way.is_target.tolist() == [True, False, False, True]
        assert way.scores["x"].tolist() == [0.9, 0.2, 0.3, 0.8]


def test_several_verifiers_stand_on_the_same_trials(tmp_path: Path) -> None:
    one, other = written(tmp_path, "1.txt", VOXCELEB), written(tmp_path, "2.txt", "b1 b2 8\na1 a2 9\na1 b1 2\na2 b2 3\n")
    found = read_trials({"one": one, "other": other}, manifest=MANIFEST)
    assert found.scores["other"].tolist() == [9, 2, 3, 8]
    assert set(found.inputs) == {"1.txt", "2.txt"}


def test_a_verifier_that_scored_other_trials_is_refused(tmp_path: Path) -> None:
    one, other = written(tmp_path, "1.txt", VOXCELEB), written(tmp_path, "2.txt", "b1 b2 8\na1 a2 9\nb1 a2 2\n")
    with pytest.raises(IngestError, match="2 of 4 trials have no score of it, and 1 of its scores are of no trial"):
        read_trials({"one": one, "other": other}, manifest=MANIFEST)


def test_unknown_utterances_and_wrong_labels_are_told_together(tmp_path: Path) -> None:
    path = written(tmp_path, "x.txt", "1 a1 a2 .9\n1 a1 b1 .2\n0 b1 b2 .1\n0 a1 zz .5\n0 yy a1 .5\n0 a1 a1 1\n")
    with pytest.raises(SchemaError) as caught:
        read_trials({"x": path}, manifest=MANIFEST)
    message = str(caught.value)
    assert message.startswith("'scores of x' breaks 5 rules")
    assert "column 'first': 1 of 6 rows name no utterance of the manifest (rows 4; first: 'yy')" in message
    assert "column 'second': 1 of 6 rows name no utterance of the manifest (rows 3; first: 'zz')" in message
    assert "1 of 6 rows are a target trial of two speakers (rows 1" in message
    assert "2 of 6 rows are a non-target trial of one speaker" in message
    assert "1 of 6 rows compare an utterance with itself" in message


def test_trials_without_label_take_it_from_the_manifest_and_say_so(tmp_path: Path) -> None:
    found = read_trials({"x": written(tmp_path, "x.txt", "a1 a2 1.5\na1 b1 -2\n")}, manifest=MANIFEST)
    assert found.is_target.tolist() == [True, False]
    assert any("no label" in note for note in found.notes)


def test_a_trial_that_comes_twice_is_counted_once_and_said(tmp_path: Path) -> None:
    found = read_trials({"x": written(tmp_path, "x.txt", VOXCELEB + "1 a1 a2 0.9\n")}, manifest=MANIFEST)
    assert len(found.is_target) == 4
    assert "1 of 5 trials repeat an earlier one, in either order, and were counted once." in found.notes


def test_two_scores_of_one_trial_are_refused(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match=r"1 of 4 trials more than one score \(first: 'a1' 'a2'"):
        read_trials({"x": written(tmp_path, "x.txt", VOXCELEB + "1 a1 a2 0.7\n")}, manifest=MANIFEST)


def test_the_order_of_lines_and_of_the_manifest_does_not_matter(tmp_path: Path) -> None:
    lines = VOXCELEB.splitlines()
    turned = Manifest(table=MANIFEST.table.iloc[::-1])
    one = read_trials({"x": written(tmp_path, "1.txt", VOXCELEB)}, manifest=MANIFEST)
    other = read_trials({"x": written(tmp_path, "2.txt", "\n".join(lines[::-1]))}, manifest=turned)
    assert one.scores["x"].tolist() == other.scores["x"].tolist()
    names = [of.table["utterance_id"].to_numpy()[trials.first].tolist() for of, trials in ((MANIFEST, one), (turned, other))]
    assert names[0] == names[1]


def test_a_score_that_is_no_number_stays_missing_for_the_audit_to_refuse(tmp_path: Path) -> None:
    found = read_trials({"x": written(tmp_path, "x.txt", "1 a1 a2 nan\n0 a1 b1 oops\n0 a2 b1 0.1\n")}, manifest=MANIFEST)
    assert np.isnan(found.scores["x"]).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1 a1\n", "has 2 fields per line"),
        ("a b c d e\n", "has 5 fields per line"),
        ("1 a1 a2 0.9\n0 a1 b1\n", "1 of 2 lines have fewer than 4 fields .first: line 2"),
        ("1 a1 a2\n0 a1 b1 0.2\n", "is no file of trials"),
        ("0.5\n0.4\n", "do not name utterances"),
        ("1 a1 a2\n0 a1 b1\n", "has no scores"),
        ("", "is empty: there are no trials in it"),
    ],
)
def test_a_file_that_holds_no_scored_trials_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(IngestError, match=why):
        read_trials({"x": written(tmp_path, "x.txt", text)}, manifest=MANIFEST)


def test_fewer_scores_than_trials_are_refused(tmp_path: Path) -> None:
    trials = written(tmp_path, "t.txt", "1 a1 a2\n0 a1 b1\n")
    with pytest.raises(IngestError, match="1 scores for 2 trials"):
        read_trials({"x": written(tmp_path, "x.txt", "0.5\n")}, manifest=MANIFEST, trials=trials)


def test_neither_scores_nor_trials_are_refused() -> None:
    with pytest.raises(IngestError, match="there are no trials"):
        read_trials({}, manifest=MANIFEST)


def test_a_table_without_the_columns_says_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="no columns first and second, and no score; it has left, right"):
        read_trials({"x": written(tmp_path, "x.csv", "left,right\na1,a2\n")}, manifest=MANIFEST)


def test_a_pair_is_one_trial_whichever_stands_first(tmp_path: Path) -> None:
    found = read_trials({"x": written(tmp_path, "x.txt", VOXCELEB + "0 b1 a1 0.2\n")}, manifest=MANIFEST)
    assert (found.first.tolist(), found.second.tolist()) == ([0, 0, 1, 2], [1, 2, 3, 3])
    assert "1 of 5 trials repeat an earlier one, in either order, and were counted once." in found.notes
    with pytest.raises(IngestError, match=r"'x' gives 1 of 4 trials more than one score \(first: 'a1' 'b1'\)"):
        read_trials({"x": written(tmp_path, "y.txt", VOXCELEB + "0 b1 a1 0.3\n")}, manifest=MANIFEST)


def test_scores_of_nothing_but_0_and_1_are_said_to_read_as_labels(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="A last field of labels alone, such as 0 and 1, is taken for the label"):
        read_trials({"x": written(tmp_path, "x.txt", "a1 a2 1\na1 b1 0\n")}, manifest=MANIFEST)
