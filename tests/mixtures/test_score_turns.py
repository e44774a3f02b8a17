"""Mixtures and hypotheses to a table of turns whose errors, scored as any utterance, are the ORC-WER; and an audit of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scored_world import HYPOTHESES, scored, write_world
from steady_voices import write_corpus

from fairasr.auditing import audit
from fairasr.core import Rate
from fairasr.core.errors import IngestError, OutputError, SchemaError, ScoringError
from fairasr.core.turns import Turn, assigned_channels, read_turns, write_turns
from fairasr.ingest import read
from fairasr.mixtures import MixtureSettings, score_turns, simulate
from fairasr.scoring import score


def test_every_turn_has_its_speaker_its_words_and_what_was_made_of_them(tmp_path: Path) -> None:
    write_world(tmp_path)
    table = scored(tmp_path).table.set_index("utterance_id")
    assert list(table.index) == ["m1-1", "m1-2", "m2-1", "m2-inserted-1", "m3-1", "m3-2"]
    assert list(table["speaker_id"]) == ["ann", "bob", "cid", "cid", "bob", "ann"]
    assert list(table["accent"]) == ["north", "south", "north", "north", "south", "north"]
    assert list(table["hypothesis"]) == ["one two", "three nine", "five", "five five", "", "seven"]
    assert list(table["reference"]) == ["one two", "three four", "five", "", "six", "seven"]
    assert list(table["channel"]) == [0, 1, 0, 1, 0, 0]
    assert list(table["lost"]) == [0, 0, 0, 0, 1, 0]
    assert list(table["n_turns"]) == [1, 1, 1, 0, 1, 1]
    assert list(table["n_errors"]) == [0, 1, 0, 2, 1, 0]
    assert table["latency_s"].tolist() == pytest.approx([0.1, 0.2, 0.0, np.nan, np.nan, 0.3], nan_ok=True)
    assert list(table["n_ended"]) == [1, 1, 1, 0, 0, 1]
    assert list(table["late_ms"]) == [100, 200, 0, 0, 0, 300]
    assert table["overlap_band"].tolist()[:3] == [">40 %", ">40 %", "0 %"]
    assert set(table["system"]) == {"sts"}


def test_the_turns_scored_as_utterances_have_the_errors_of_the_mixtures(tmp_path: Path) -> None:
    """Seeded mixtures with words dropped, changed, repeated in the other channel and put in the wrong one."""
    corpus = write_corpus(tmp_path / "corpus")
    simulate(
        read(corpus),
        MixtureSettings(n_train=60, n_test=0),
        audio_root=corpus.parent,
        folder=tmp_path / "mixtures",
        seed=0,
    )
    generator = np.random.default_rng(0)
    mixtures = pd.read_csv(tmp_path / "mixtures" / "mixtures.csv")
    mixtures["hypothesis"] = [_garbled(text, generator) for text in mixtures["reference"]]
    mixtures.to_csv(tmp_path / "mixtures" / "mixtures.csv", index=False)
    found = score_turns(read(tmp_path / "mixtures" / "mixtures.csv"), turns=tmp_path / "mixtures" / "turns.csv")
    whole = found.metrics[0]
    assert 0 < whole.orc_wer < 1
    assert (found.table["n_turns"] == 0).any(), "words of no turn"
    found.write(tmp_path / "scores")
    again = read(tmp_path / "scores" / "turns.csv")
    counts = score(again.manifest, again.systems[0]).table
    errors = counts["substitutions"] + counts["deletions"] + counts["insertions"]
    assert errors.sum() == whole.n_errors
    assert counts["n_ref_words"].sum() == whole.n_ref_words
    assert errors.tolist() == found.table["n_errors"].tolist()
    assert found.table["lost"].sum() == whole.n_lost


def _garbled(text: str, generator: np.random.Generator) -> str:
    turns = read_turns(text)
    out = []
    for turn, channel in zip(turns, assigned_channels(turns), strict=True):
        words = [str(generator.choice(["one", "two", "nine"])) if generator.random() < 0.2 else word for word in turn.text.split()]
        kept = " ".join(word for word in words if generator.random() > 0.2)
        start_s, end_s = turn.times
        out.append(
            Turn(text=kept, start_s=start_s, end_s=end_s + 0.2, channel=channel if generator.random() > 0.2 else 1 - channel)
        )
        if generator.random() < 0.2:
            out.append(Turn(text="one", start_s=start_s, end_s=end_s, channel=1 - channel))
    return write_turns(out)


def test_without_a_table_of_turns_speakers_are_those_of_the_mixtures(tmp_path: Path) -> None:
    write_world(tmp_path, with_turns=False)
    table = scored(tmp_path).table
    assert list(table["speaker_id"]) == ["ann+bob", "ann+bob", "cid", "cid", "bob+ann", "bob+ann"]
    assert list(table["part"]) == ["test", "test", "train", "train", "test", "test"]


def test_one_part_is_scored_alone(tmp_path: Path) -> None:
    write_world(tmp_path)
    found = scored(tmp_path, part="test")
    assert set(found.table["mixture_id"]) == {"m1", "m3"}
    assert found.metrics[0].n_mixtures == 2


def test_a_part_that_is_not_there_is_refused(tmp_path: Path) -> None:
    write_world(tmp_path)
    with pytest.raises(IngestError, match=r"no mixtures of the part 'dev'; it has test, train"):
        scored(tmp_path, part="dev")


def test_a_hypothesis_without_the_notation_is_one_channel(tmp_path: Path) -> None:
    """One output for both speakers: the words of both turns are set against it, in the order of their starts."""
    write_world(tmp_path, hypotheses={**HYPOTHESES, "m1": "one two three four"})
    found = scored(tmp_path)
    table = found.table.set_index("utterance_id")
    assert table.loc[["m1-1", "m1-2"], "n_errors"].tolist() == [0, 0]
    assert table.loc[["m1-1", "m1-2"], "latency_s"].isna().all()


def test_a_missing_hypothesis_is_an_error_or_deletions(tmp_path: Path) -> None:
    write_world(tmp_path, hypotheses={name: text for name, text in HYPOTHESES.items() if name != "m1"})
    with pytest.raises(ScoringError, match=r"no hypothesis for 1 of 3 mixtures \(first: 'm1'\)"):
        scored(tmp_path)
    found = scored(tmp_path, missing="deletions")
    assert found.table.set_index("utterance_id").loc["m1-1", ["n_errors", "lost"]].tolist() == [2, 1]
    assert found.notes == ("1 of 3 mixtures without hypothesis count as deleted.",)
    aside = scored(tmp_path, missing="set-aside")
    assert aside.metrics[0].n_mixtures == 2
    assert aside.notes == ("Set aside: 1 mixture.",)


def test_a_broken_hypothesis_names_its_mixture(tmp_path: Path) -> None:
    write_world(tmp_path, hypotheses={**HYPOTHESES, "m3": "<0.00-nan 0> six"})
    with pytest.raises(SchemaError, match=r"the hypothesis of 'm3' cannot be read: '<0\.00-nan 0> six'"):
        scored(tmp_path)


def test_a_recording_without_speech_has_insertions_of_its_own_speaker(tmp_path: Path) -> None:
    write_world(tmp_path)
    for name, column in (("mixtures.csv", "utterance_id"), ("turns.csv", "utterance_id")):
        table = pd.read_csv(tmp_path / name)
        if name == "mixtures.csv":
            table.loc[table[column] == "m2", "reference"] = ""
        else:
            table = table[table[column] != "m2"]
        table.to_csv(tmp_path / name, index=False)
    rows = scored(tmp_path).table
    rows = rows[rows["mixture_id"] == "m2"]
    assert rows["n_errors"].sum() == 3
    assert set(rows["speaker_id"]) == {"cid"}


def test_several_systems_need_a_choice_and_none_is_refused(tmp_path: Path) -> None:
    write_world(tmp_path)
    table = pd.read_csv(tmp_path / "hypotheses.csv")
    pd.concat([table, table.assign(system="other", hypothesis="")]).to_csv(tmp_path / "hypotheses.csv", index=False)
    with pytest.raises(ScoringError, match="2 systems, sts, other"):
        scored(tmp_path)
    assert scored(tmp_path, system="sts").system == "sts"
    with pytest.raises(ScoringError, match="has no hypotheses"):
        score_turns(read(tmp_path / "mixtures.csv"))


def test_latencies_are_audited_as_rates_of_whole_milliseconds(tmp_path: Path) -> None:
    """The second turn of m1 ends 150 ms early; one of the five turns has no known end."""
    write_world(tmp_path, hypotheses={**HYPOTHESES, "m1": "<0.10-2.10 0> one two <1.10-2.85 1> three nine"})
    found = scored(tmp_path)
    assert (found.table["late_ms"].sum(), found.table["early_ms"].sum(), found.table["n_ended"].sum()) == (400, 150, 4)
    found.write(tmp_path / "scores")
    late = Rate(name="late", numerator="late_ms", denominator="n_ended", unit="ms")
    assert read(tmp_path / "scores" / "turns.csv", rate=late).counts[0].rate == pytest.approx(100)


def test_the_figures_are_written_as_plain_data(tmp_path: Path) -> None:
    write_world(tmp_path / "world")
    scored(tmp_path / "world", part="train").write(tmp_path / "scores")
    about = json.loads((tmp_path / "scores" / "metrics.json").read_text())
    assert about["system"] == "sts"
    assert [band["band"] for band in about["bands"]] == ["all", "0 %"]
    assert about["bands"][0]["orc_wer"] == 2.0
    assert set(about["provenance"]["inputs"]) == {"mixtures.csv", "hypotheses.csv", "turns.csv"}


def test_scores_are_not_written_over_the_turns_of_the_mixtures(tmp_path: Path) -> None:
    write_world(tmp_path)
    with pytest.raises(OutputError, match="would be lost"):
        scored(tmp_path).write(tmp_path)


def test_the_turns_can_be_audited_by_the_group_of_their_speaker(tmp_path: Path) -> None:
    """Words of speakers from the south are lost twice as often by construction; the audit of the turns shows just that."""
    corpus = write_corpus(tmp_path / "corpus", n_speakers=48, takes=2)
    folder = tmp_path / "mixtures"
    settings = MixtureSettings(n_train=240, n_test=0, turns=(2, 2))
    made = simulate(read(corpus), settings, audio_root=corpus.parent, folder=folder, seed=0)
    generator = np.random.default_rng(1)
    of_speaker = made.turns.set_index(["utterance_id", "start_s"])["accent"]
    written = []
    for name, text in zip(made.mixtures["utterance_id"], made.mixtures["reference"], strict=True):
        turns = read_turns(text)
        kept = [
            Turn(text=turn.text if generator.random() > lost else "", start_s=turn.start_s, end_s=turn.end_s, channel=channel)
            for turn, channel in zip(turns, assigned_channels(turns), strict=True)
            for lost in (0.4 if of_speaker[name, turn.start_s] == "south" else 0.2,)
        ]
        written.append(write_turns(kept))
    pd.DataFrame({"utterance_id": made.mixtures["utterance_id"], "system": "sts", "hypothesis": written}).to_csv(
        tmp_path / "hypotheses.csv", index=False
    )
    found = score_turns(read(folder / "mixtures.csv", hypotheses=tmp_path / "hypotheses.csv"), turns=folder / "turns.csv")
    found.write(tmp_path / "scores")
    result = audit(read(tmp_path / "scores" / "turns.csv"), seed=0, groups=["accent"], n_permutations=0, min_speakers=5)
    assert result.focus == "sts"
    by_accent = result.system("sts").reports["declared:accent"].cohorts.set_index("cohort")["rate"]
    assert by_accent["south"] > by_accent["north"] + 0.08
