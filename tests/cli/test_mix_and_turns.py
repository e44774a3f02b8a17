"""`fairasr mix` and `fairasr turns`: mixtures made, scored turn by turn, and their turns audited."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from small_corpus import digests, fairasr

from fairasr.core.turns import assigned_channels, read_turns, write_turns

N_SPEAKERS = 24
WORDS = ("one", "two", "three", "four")
MIX = ("--train", 40, "--test", 20, "--held-out", 0.5)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Table of 24 speakers in two accents who say four words each, a steady hum for every word."""
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "audio").mkdir()
    rows = []
    for speaker in range(N_SPEAKERS):
        for number, word in enumerate(WORDS):
            path = f"audio/{speaker}-{word}.wav"
            soundfile.write(folder / path, np.full(400 + 50 * number, 0.1), 1000, subtype="PCM_16")
            rows.append((f"{speaker}-{word}", path, f"s{speaker:02d}", word, ("north", "south")[speaker % 2]))
    table = folder / "recordings.csv"
    pd.DataFrame(rows, columns=["utterance_id", "audio_path", "speaker_id", "reference", "accent"]).to_csv(table, index=False)
    return table


@pytest.fixture(scope="module")
def mixtures(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mixed") / "mixtures"
    outcome = fairasr("mix", recordings, "-o", folder, *MIX, "--recordings-per-turn", "1-2")
    assert outcome.status == 0, outcome.message
    assert "train: 40 mixtures" in outcome.printed
    assert "test: 20 mixtures" in outcome.printed
    return folder


@pytest.fixture(scope="module")
def hypotheses(mixtures: Path) -> Path:
    """Of the test part: every turn in its channel, and the last word of it wrong where the turn has two."""
    table = pd.read_csv(mixtures / "mixtures.csv")
    table = table[table["part"] == "test"]
    texts = []
    for text in table["reference"]:
        turns = read_turns(text)
        changed = []
        for turn, channel in zip(turns, assigned_channels(turns), strict=True):
            words = turn.text.split()
            heard = " ".join([*words[:-1], "wrong"]) if len(words) > 1 else turn.text
            changed.append(type(turn)(text=heard, start_s=turn.start_s, end_s=turn.end_s, channel=channel))
        texts.append(write_turns(changed))
    path = mixtures.parent / "hypotheses.csv"
    pd.DataFrame({"utterance_id": table["utterance_id"], "system": "sts", "hypothesis": texts}).to_csv(path, index=False)
    return path


def test_what_is_made_can_be_read_as_a_corpus(mixtures: Path) -> None:
    outcome = fairasr("validate", mixtures / "mixtures.csv")
    assert outcome.status == 0, outcome.message
    assert "60 utterances" in outcome.printed
    assert json.loads((mixtures / "mixtures.json").read_text())["command"].split()[0] == "fairasr"


def test_turns_are_scored_and_their_table_audited(mixtures: Path, hypotheses: Path, tmp_path: Path) -> None:
    outcome = fairasr("turns", mixtures, "--hypotheses", hypotheses, "--part", "test", "-o", tmp_path / "turns")
    assert outcome.status == 0, outcome.message
    table = pd.read_csv(tmp_path / "turns" / "turns.csv")
    wrong = (table["n_ref_words"] == 2).sum()
    whole = json.loads((tmp_path / "turns" / "metrics.json").read_text())["bands"][0]
    assert (whole["n_errors"], whole["n_ref_words"]) == (wrong, table["n_ref_words"].sum())
    assert whole["counting_accuracy"] == 1.0
    assert whole["end_latency_median_s"] == 0.0
    assert f"{100 * wrong / table['n_ref_words'].sum():.1f}" in outcome.printed
    audited = fairasr(
        "audit",
        tmp_path / "turns" / "turns.csv",
        "--group",
        "accent",
        "--min-speakers",
        2,
        "--permutations",
        0,
        "-o",
        tmp_path / "audit",
    )
    assert audited.status == 0, audited.message
    assert "sts" in audited.printed
    assert (tmp_path / "audit" / "report.html").is_file()


def test_mixtures_without_hypothesis_are_told_with_the_remedy(mixtures: Path, hypotheses: Path, tmp_path: Path) -> None:
    outcome = fairasr("turns", mixtures / "mixtures.csv", "--hypotheses", hypotheses, "-o", tmp_path / "turns")
    assert outcome.status == 1
    assert outcome.message.startswith("ScoringError: 'sts' has no hypothesis for 40 of 60 mixtures")
    assert "--missing deletions" in outcome.message
    assert not (tmp_path / "turns").exists()


def test_turns_without_their_speakers_are_noted(mixtures: Path, hypotheses: Path, tmp_path: Path) -> None:
    alone = tmp_path / "mixtures.csv"
    alone.write_bytes((mixtures / "mixtures.csv").read_bytes())
    table = pd.read_csv(alone)
    several = table[(table["part"] == "test") & (table["n_turns"] > 1)]
    arguments = ("--hypotheses", hypotheses, "--part", "test", "-o")
    printed = " ".join(fairasr("turns", alone, *arguments, tmp_path / "out").printed.split())
    assert f"! {len(several)} of 20 mixtures have several turns, and nothing says who speaks which" in printed
    assert f"(first: '{several['speaker_id'].iloc[0]}')" in printed
    assert "nothing says" not in fairasr("turns", mixtures, *arguments, tmp_path / "told").printed


def test_turns_says_what_it_wants(mixtures: Path, tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    message = fairasr("turns", tmp_path / "reports", "-o", tmp_path / "out").message
    assert message == (
        f"IngestError: '{tmp_path / 'reports'}' is a folder without mixtures.csv. "
        "Give the folder of `fairasr mix`, or a table of mixtures.\n"
    )
    assert "--hypotheses FILE" in fairasr("turns", mixtures, "-o", tmp_path / "out").message


def test_one_mixture_is_no_mixtures(recordings: Path, tmp_path: Path) -> None:
    printed = fairasr("mix", recordings, "-o", tmp_path / "one", "--turns", "1", "--train", 1, "--test", 0).printed
    assert "train: 1 mixture, 1 turn, " in printed


def test_scores_do_not_replace_the_turns_of_the_mixtures(mixtures: Path, hypotheses: Path) -> None:
    before = digests(mixtures)
    outcome = fairasr("turns", mixtures, "--hypotheses", hypotheses, "--part", "test", "-o", mixtures)
    assert outcome.status == 1
    assert outcome.message.startswith("OutputError: ")
    assert digests(mixtures) == before


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--turns", "three"), 2, "no range"),
        (("--turns", "1-2.5"), 2, "whole numbers"),
        (("--turns", "3-1"), 1, "turns are (3, 1)"),
        (("--overlap", "0-1.5"), 1, "overlap is (0.0, 1.5)"),
        (("--recordings-per-turn", "9"), 1, "have fewer than 9 recordings"),
        (("--train", "0", "--test", "0"), 1, "one of them above"),
    ],
)
def test_wrong_options_are_told_and_nothing_is_written(
    options: tuple[str, ...], status: int, words: str, recordings: Path, tmp_path: Path
) -> None:
    outcome = fairasr("mix", recordings, "-o", tmp_path / "out", *options)
    assert outcome.status == status
    assert words in " ".join(outcome.message.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


def test_a_range_of_one_number_is_that_number(recordings: Path, tmp_path: Path) -> None:
    outcome = fairasr(
        "mix",
        recordings,
        "-o",
        tmp_path / "out",
        "--turns",
        1,
        "--recordings-per-turn",
        2,
        "--train",
        5,
        "--test",
        0,
        "--format",
        "wav",
    )
    assert outcome.status == 0, outcome.message
    table = pd.read_csv(tmp_path / "out" / "mixtures.csv")
    assert table["reference"].str.split().str.len().tolist() == [2] * 5
    assert table["audio_path"].str.endswith(".wav").all()
    assert set(table["accent"]) <= {"north", "south"}


@pytest.mark.parametrize("verb", ["mix", "turns"])
def test_a_folder_that_is_a_file_is_refused(verb: str, recordings: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    outcome = fairasr(verb, recordings, "-o", taken)
    assert outcome.status == 1
    assert outcome.message.startswith("OutputError: ")
