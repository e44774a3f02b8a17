"""Several files of hypotheses: each is a system, and none is dropped."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from small_corpus import fairasr


@pytest.fixture
def files(tmp_path: Path) -> Path:
    ids = ["a", "b", "c"]
    pd.DataFrame({"utterance_id": ids, "speaker_id": ["s", "t", "u"], "reference": ["one two"] * 3}).to_csv(
        tmp_path / "utterances.csv", index=False
    )
    pd.DataFrame({"utterance_id": ids, "hypothesis": ["one two"] * 3}).to_csv(tmp_path / "good.csv", index=False)
    pd.DataFrame({"utterance_id": ids, "hypothesis": ["one"] * 3}).to_csv(tmp_path / "bad.csv", index=False)
    named = pd.DataFrame({"utterance_id": ids, "system": "inside", "hypothesis": [""] * 3})
    named.to_csv(tmp_path / "named.csv", index=False)
    return tmp_path


def rates(path: Path) -> dict[str, float]:
    counts = pd.read_csv(path).groupby("system")[["substitutions", "deletions", "insertions", "n_ref_words"]].sum()
    return ((counts["substitutions"] + counts["deletions"] + counts["insertions"]) / counts["n_ref_words"]).to_dict()


def test_each_file_is_a_system_by_its_own_name_or_the_one_given_or_the_one_inside(files: Path) -> None:
    output = files / "counts.csv"
    outcome = fairasr(
        "score",
        files / "utterances.csv",
        *("--hypotheses", files / "good.csv", "--hypotheses", f"poor={files / 'bad.csv'}", "--hypotheses", files / "named.csv"),
        *("-o", output),
    )
    assert outcome.status == 0, outcome.message
    assert rates(output) == {"good": 0.0, "poor": 0.5, "inside": 1.0}


def test_two_files_of_one_name_are_refused(files: Path) -> None:
    first, second = files / "good.csv", f"good={files / 'bad.csv'}"
    outcome = fairasr("score", files / "utterances.csv", *("--hypotheses", first, "--hypotheses", second), "-o", files / "o.csv")
    assert outcome.status == 2
    assert "two files are called 'good': write NAME=FILE" in " ".join(outcome.message.replace("│", " ").split())


def test_a_file_that_is_not_there_is_named(files: Path) -> None:
    outcome = fairasr("score", files / "utterances.csv", "--hypotheses", files / "gone.csv", "-o", files / "out.csv")
    assert outcome.status == 1
    assert "gone.csv" in outcome.message
