"""A corpus to mixtures: what sounds when, what is in which part, what the tables say, and what a failed run leaves."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from steady_voices import RATE_HZ, heard, write_corpus

from fairasr.core.errors import IngestError, OutputError
from fairasr.core.turns import most_at_once, overlap_band, overlap_of, read_turns
from fairasr.ingest import read
from fairasr.mixtures import MixtureSettings, Simulated, simulate
from fairasr.mixtures.division import TEST, divided

FEW = MixtureSettings(n_train=12, n_test=6, held_out=0.25)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus")


def made(corpus: Path, folder: Path, settings: MixtureSettings = FEW, *, seed: int = 0) -> Simulated:
    return simulate(read(corpus), settings, audio_root=corpus.parent, folder=folder, seed=seed)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()
    }


def recordings_in(folder: Path, mixtures: pd.DataFrame) -> set[int]:
    """Numbers of the recordings that mixtures of one turn without overlap are made of."""
    return {int(value) for path in mixtures["audio_path"] for value in np.unique(heard(folder, path)) if value}


STRINGS = MixtureSettings(n_train=30, n_test=15, held_out=0.25, turns=(1, 1), recordings_per_turn=(1, 3))


def test_a_mixture_sounds_where_its_turns_are(corpus: Path, tmp_path: Path) -> None:
    """Outside the turns there is silence; where two turns overlap the sum is above what the louder recording alone could be."""
    one = MixtureSettings(n_train=20, n_test=0, turns=(2, 2), recordings_per_turn=(1, 1), overlap=(0.3, 0.4), apart=0.0)
    found = made(corpus, tmp_path / "out", one)
    table = pd.read_csv(corpus)
    for row in found.mixtures.to_dict("records"):
        values = heard(tmp_path / "out", row["audio_path"])
        assert len(values) == pytest.approx(row["duration_s"] * RATE_HZ, abs=1)
        turns = read_turns(row["reference"])
        # Single recordings: values of either turn outside the overlap name the recording, inside they add.
        (a_start, a_end), (b_start, b_end) = (tuple(round(time * RATE_HZ) for time in turn.times) for turn in turns)
        first, second = values[a_start + 10], values[max(a_end, b_end) - 10]
        assert b_start < a_end
        middle = (b_start + min(a_end, b_end)) // 2
        if b_end > a_end + 20:
            assert values[middle] == first + second
            assert [table["reference"][number - 1] for number in (first, second)] == [turn.text for turn in turns]
        assert not values[:a_start].any()
        assert not values[max(a_end, b_end) + 6 :].any(), "up to a rounding of 5 ms"


def test_references_are_plain_where_every_mixture_has_one_turn(corpus: Path, tmp_path: Path) -> None:
    mixtures = made(corpus, tmp_path / "out", STRINGS).mixtures
    assert not mixtures["reference"].str.contains("<").any()
    table = pd.read_csv(corpus)
    for row in mixtures.to_dict("records"):
        values = heard(tmp_path / "out", row["audio_path"])
        changes = values[np.flatnonzero(np.diff(values, prepend=0))]
        spoken = [table["reference"][value - 1] for value in changes if value]
        assert " ".join(spoken) == row["reference"]
    assert set(mixtures["speaker_id"]) == {"s00", "s01", "s02", "s03"}
    assert (
        mixtures["accent"] == mixtures["speaker_id"].map({"s00": "north", "s01": "south", "s02": "north", "s03": "south"})
    ).all()


def test_references_are_in_the_notation_as_soon_as_one_mixture_has_two_turns(corpus: Path, tmp_path: Path) -> None:
    found = made(corpus, tmp_path / "out")
    assert set(found.mixtures["n_turns"]) == {1, 2, 3}
    assert found.mixtures["reference"].str.match(r"<\d").all()
    for row in found.mixtures.to_dict("records"):
        turns = read_turns(row["reference"])
        assert len(turns) == row["n_turns"]
        assert most_at_once(turns) <= 2
        assert row["overlap"] == pytest.approx(overlap_of(turns), abs=1e-4)
        assert row["overlap_band"] == overlap_band(overlap_of(turns))
        told = found.turns[found.turns["utterance_id"] == row["utterance_id"]]
        assert [turn.text for turn in turns] == list(told["reference"])
        assert [turn.times for turn in turns] == list(zip(told["start_s"], told["end_s"], strict=True))
        assert row["speaker_id"] == "+".join(told["speaker_id"])


def test_columns_of_a_speaker_are_told_of_turns_and_columns_of_a_recording_are_not(corpus: Path, tmp_path: Path) -> None:
    found = made(corpus, tmp_path / "out")
    assert set(found.turns["accent"]) == {"north", "south"}
    assert "take" not in found.turns
    several = found.mixtures["n_turns"] > 1
    assert found.mixtures["accent"].isna().equals(several)


def test_no_recording_is_in_both_parts(corpus: Path, tmp_path: Path) -> None:
    mixtures = made(corpus, tmp_path / "out", STRINGS).mixtures
    train, test = (recordings_in(tmp_path / "out", mixtures[mixtures["part"] == part]) for part in ("train", "test"))
    assert train
    assert test
    assert train & test == set()


def test_the_same_seed_holds_out_the_same_recordings_whatever_is_made_of_them(corpus: Path, tmp_path: Path) -> None:
    """So strings to train a recogniser on first, and mixtures to test it on later, share none."""
    strings = made(corpus, tmp_path / "strings", STRINGS).mixtures
    apart = MixtureSettings(n_train=30, n_test=15, held_out=0.25, turns=(2, 3), apart=1.0)
    mixtures = made(corpus, tmp_path / "mixtures", apart).mixtures
    trained_on = recordings_in(tmp_path / "strings", strings[strings["part"] == "train"])
    assert trained_on & recordings_in(tmp_path / "mixtures", mixtures[mixtures["part"] == "test"]) == set()


def test_parts_that_hold_out_speakers_share_none(corpus: Path, tmp_path: Path) -> None:
    settings = MixtureSettings(n_train=10, n_test=10, held_out=0.5, hold_out="speakers", turns=(1, 2))
    turns = made(corpus, tmp_path / "out", settings).turns
    train, test = (set(turns[turns["part"] == part]["speaker_id"]) for part in ("train", "test"))
    assert len(train) == len(test) == 2
    assert train & test == set()


def test_each_speaker_and_each_word_gives_its_share() -> None:
    speakers = np.repeat(["a", "b"], 30).astype(object)
    references = np.tile(np.repeat(["x", "y", "z"], 10), 2).astype(object)
    for seed in range(20):
        parts = divided(
            speakers=speakers,
            references=references,
            files=np.arange(60),
            held_out=0.2,
            hold_out="recordings",
            generator=np.random.default_rng(seed),
        )
        held_out = pd.DataFrame({"speaker": speakers, "word": references})[parts == TEST]
        assert (held_out.value_counts() == 2).all()
        assert len(held_out) == 12


def test_turns_are_brought_to_one_level_and_differ_by_what_was_asked(corpus: Path, tmp_path: Path) -> None:
    """Recordings differ by 33 dB; a steady value is its own root mean square."""
    apart = {"n_train": 40, "n_test": 0, "turns": (2, 2), "recordings_per_turn": (1, 1), "apart": 1.0}
    for level_db, least, most in ((0.0, 0.0, 0.2), (12.0, 6.0, 12.2)):
        folder = tmp_path / f"level-{level_db}"
        mixtures = made(corpus, folder, MixtureSettings(**apart, level_db=level_db)).mixtures  # type: ignore[arg-type]
        differences = []
        for row in mixtures.to_dict("records"):
            samples = soundfile.read(folder / row["audio_path"])[0]
            first, second = (samples[round(turn.times[0] * RATE_HZ) + 20] for turn in read_turns(row["reference"]))
            differences.append(abs(20 * np.log10(first / second)))
        assert least <= max(differences) <= most


def test_a_sum_that_would_clip_is_turned_down(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", n_speakers=2)
    for path in (corpus.parent / "audio").glob("*.wav"):
        soundfile.write(path, np.full(500, 0.9), RATE_HZ, subtype="PCM_16")
    settings = MixtureSettings(n_train=5, n_test=0, turns=(2, 2), recordings_per_turn=(1, 1), overlap=(0.4, 0.4), apart=0.0)
    for path in made(corpus, tmp_path / "out", settings).mixtures["audio_path"]:
        assert soundfile.read(tmp_path / "out" / path)[0].max() == pytest.approx(0.99, abs=1e-3)


def test_the_same_arguments_give_the_same_bytes(corpus: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        made(corpus, tmp_path / name)
    made(corpus, tmp_path / "c", seed=1)
    first, second, other = (digests(tmp_path / name) for name in ("a", "b", "c"))
    assert len(first) == 18 + 3
    assert first == second
    assert first != other


def test_a_second_run_replaces_the_first_and_leaves_what_is_not_its_own(corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    made(corpus, folder)
    (folder / "audio" / "mine.wav").write_bytes(b"mine")
    made(corpus, folder, MixtureSettings(n_train=2, n_test=0, audio_format="wav"))
    assert sorted(path.name for path in (folder / "audio").iterdir()) == ["mine.wav", "train-1.wav", "train-2.wav"]


def test_a_disk_that_fills_up_leaves_the_last_mixtures(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out"
    made(corpus, folder)
    before = digests(folder)
    written = []

    def full(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        made(corpus, folder, seed=1)
    monkeypatch.undo()
    assert digests(folder) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == [], "left-overs"


def test_unreadable_and_silent_recordings_are_left_out_and_told(corpus: Path, tmp_path: Path) -> None:
    table = pd.read_csv(corpus)
    table.loc[1, "reference"] = ""
    table.to_csv(corpus, index=False)
    (corpus.parent / "audio" / "0.wav").write_bytes(b"no sound")
    found = made(corpus, tmp_path / "out", STRINGS)
    assert [note.split(" (")[0] for note in found.notes] == [
        "1 of 48 recordings cannot be read and were left out",
        "1 of 48 recordings without words were left out.",
    ]
    assert recordings_in(tmp_path / "out", found.mixtures).isdisjoint({1, 2})
    assert json.loads((tmp_path / "out" / "mixtures.json").read_text())["notes"] == list(found.notes)


def test_columns_with_names_of_ours_are_left_out_and_told(corpus: Path, tmp_path: Path) -> None:
    pd.read_csv(corpus).assign(part="mine", overlap=3).to_csv(corpus, index=False)
    found = made(corpus, tmp_path / "out")
    assert found.notes == ("Columns of the corpus that mixtures have of their own were left out: part, overlap.",)
    assert set(found.turns["part"]) == {"train", "test"}


def test_a_corpus_without_recordings_is_refused(corpus: Path, tmp_path: Path) -> None:
    pd.read_csv(corpus).drop(columns="audio_path").to_csv(corpus, index=False)
    with pytest.raises(IngestError, match="no column 'audio_path'"):
        made(corpus, tmp_path / "out")


def test_a_corpus_of_which_nothing_can_be_read_is_refused(corpus: Path, tmp_path: Path) -> None:
    for path in (corpus.parent / "audio").glob("*.wav"):
        path.unlink()
    with pytest.raises(IngestError, match=r"none of the 48 recordings of 'corpus\.csv' can be read"):
        made(corpus, tmp_path / "out")


def test_too_few_recordings_to_hold_out_are_refused(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", n_speakers=1, takes=1)
    with pytest.raises(IngestError, match="part 'test'"):
        made(corpus, tmp_path / "out", MixtureSettings(n_test=1, held_out=0.01, turns=(1, 1)))
    with pytest.raises(IngestError, match="of 1 speakers are 0"):
        made(corpus, tmp_path / "out", MixtureSettings(n_test=1, hold_out="speakers", turns=(1, 1)))


def test_mixtures_are_not_written_over_their_corpus(corpus: Path) -> None:
    with pytest.raises(OutputError, match="folder of the corpus itself"):
        made(corpus, corpus.parent)


def test_settings_and_inputs_are_recorded(corpus: Path, tmp_path: Path) -> None:
    made(corpus, tmp_path / "out", seed=7)
    about = json.loads((tmp_path / "out" / "mixtures.json").read_text())
    assert about["seed"] == 7
    assert about["settings"]["overlap"] == [0.0, 0.6]
    assert about["settings"]["sample_rate_hz"] == RATE_HZ
    assert about["inputs"] == {"corpus.csv": hashlib.sha256(corpus.read_bytes()).hexdigest()}


def test_recordings_of_a_mixture_can_have_another_rate(corpus: Path, tmp_path: Path) -> None:
    simulate(read(corpus), FEW, audio_root=corpus.parent, folder=tmp_path / "out", seed=0, sample_rate_hz=2000)
    mixtures = pd.read_csv(tmp_path / "out" / "mixtures.csv")
    about = soundfile.info(tmp_path / "out" / mixtures["audio_path"][0])
    assert (about.samplerate, about.subtype) == (2000, "PCM_16")
    assert about.duration == pytest.approx(mixtures["duration_s"][0], abs=0.002)
