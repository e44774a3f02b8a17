"""Which recordings mixtures are made of: one file in one part, and none that cannot be heard or written down."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from steady_voices import RATE_HZ, heard, write_corpus

from fairasr.core.errors import IngestError
from fairasr.ingest import read
from fairasr.mixtures import MixtureSettings, Simulated, simulate

STRINGS = MixtureSettings(n_train=30, n_test=15, held_out=0.25, turns=(1, 1), recordings_per_turn=(1, 3))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus")


def made(corpus: Path, folder: Path, settings: MixtureSettings = STRINGS) -> Simulated:
    return simulate(read(corpus), settings, audio_root=corpus.parent, folder=folder, seed=0)


def recordings_in(folder: Path, mixtures: pd.DataFrame) -> set[int]:
    """Numbers of the recordings that mixtures of one turn are made of."""
    return {int(value) for path in mixtures["audio_path"] for value in np.unique(heard(folder, path)) if value}


def test_a_file_listed_under_two_ids_is_in_one_part(corpus: Path, tmp_path: Path) -> None:
    table = pd.read_csv(corpus)
    again = table.assign(utterance_id=table["utterance_id"] + "-again", audio_path="./" + table["audio_path"])
    pd.concat([table, again]).to_csv(corpus, index=False)
    mixtures = made(corpus, tmp_path / "out", STRINGS).mixtures
    train, test = (recordings_in(tmp_path / "out", mixtures[mixtures["part"] == part]) for part in ("train", "test"))
    assert train
    assert test
    assert train & test == set()


def test_a_file_of_two_speakers_keeps_no_speakers_apart(corpus: Path, tmp_path: Path) -> None:
    table = pd.read_csv(corpus)
    table.loc[47, "audio_path"] = table.loc[0, "audio_path"]
    table.to_csv(corpus, index=False)
    settings = MixtureSettings(n_train=10, n_test=10, held_out=0.5, hold_out="speakers", turns=(1, 1))
    with pytest.raises(IngestError, match=r"2 of 48 recordings are in files .* several speakers \(first: of 's00'\)"):
        made(corpus, tmp_path / "out", settings)


def test_a_share_that_is_named_is_held_out_of_training_alone_too(corpus: Path, tmp_path: Path) -> None:
    """A run for training now and one for a test later, of one seed and share, share no recording; without a share it is told."""
    training = MixtureSettings(n_train=60, n_test=0, held_out=0.25, turns=(1, 1))
    testing = MixtureSettings(n_train=0, n_test=60, held_out=0.25, turns=(1, 1))
    now, later = made(corpus, tmp_path / "now", training), made(corpus, tmp_path / "later", testing)
    assert recordings_in(tmp_path / "now", now.mixtures).isdisjoint(recordings_in(tmp_path / "later", later.mixtures))
    assert now.notes == ()
    everything = made(corpus, tmp_path / "all", MixtureSettings(n_train=5, n_test=0))
    assert [note.split(":")[0] for note in everything.notes] == ["Nothing was held out"]
    assert json.loads((tmp_path / "all" / "mixtures.json").read_text())["settings"]["held_out"] == 0.0
    assert MixtureSettings().share_held_out == 0.1


def test_references_with_markers_are_left_out_and_told(corpus: Path, tmp_path: Path) -> None:
    table = pd.read_csv(corpus)
    table.loc[1, "reference"], table.loc[2, "reference"] = "<3> one", "<0.00-1.00> one"
    table.loc[3, "reference"] = "<unk> one"
    table.to_csv(corpus, index=False)
    found = made(corpus, tmp_path / "out", STRINGS)
    assert [note.split(" (")[1] for note in found.notes] == [
        "first: u1: '<3> one'). Mixtures are made of recordings of one speaker with plain references."
    ]
    assert found.notes[0].startswith("2 of 48 recordings were left out, because their references have")
    assert recordings_in(tmp_path / "out", found.mixtures).isdisjoint({2, 3})
    pd.read_csv(corpus).assign(reference="<0.00-1.00> one").to_csv(corpus, index=False)
    with pytest.raises(IngestError, match=r"no recording of 'corpus\.csv' can be mixed\. 48 of 48"):
        made(corpus, tmp_path / "none")


def test_words_that_become_a_marker_once_they_stand_together_are_refused(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", n_speakers=1)
    table = pd.read_csv(corpus)
    table["reference"] = ["one <", "3> two"] * 6
    table.to_csv(corpus, index=False)
    with pytest.raises(IngestError, match="cannot be written in the notation of turns"):
        made(corpus, tmp_path / "out", MixtureSettings(n_train=10, n_test=0, turns=(1, 1), recordings_per_turn=(4, 4)))
    assert not (tmp_path / "out").exists()


def test_recordings_of_what_is_no_number_are_left_out(corpus: Path, tmp_path: Path) -> None:
    soundfile.write(corpus.parent / "audio" / "0.wav", np.array([0.1, np.nan, 0.1] * 100), RATE_HZ, subtype="FLOAT")
    found = made(corpus, tmp_path / "out", STRINGS)
    assert found.notes == (
        "1 of 48 recordings cannot be read and were left out (first: u0: it holds samples that are no finite numbers).",
    )


@pytest.mark.parametrize("sample_rate_hz", [1_000_000, 2**31])
def test_a_rate_that_the_format_cannot_have_is_refused_first(corpus: Path, tmp_path: Path, sample_rate_hz: int) -> None:
    with pytest.raises(IngestError, match="a FLAC file cannot have"):
        simulate(read(corpus), STRINGS, audio_root=corpus.parent, folder=tmp_path / "out", seed=0, sample_rate_hz=sample_rate_hz)
