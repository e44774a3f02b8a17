"""`fairasr transcribe` on recordings of noise: what it prints and writes, and every way it is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_corpus import fairasr

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("torch")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    from fairasr.models import initialised

    folder = tmp_path / "model"
    folder.mkdir()
    settings = {"d_model": 8, "n_heads": 2, "n_blocks": 1, "n_mels": 4}
    initialised("conformer-ctc", references=["abc"], seed=0, settings=settings, sample_rate_hz=8_000, name="tiny").save(folder)
    return folder


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """CSV of three utterances, the second without its recording."""
    (tmp_path / "audio").mkdir()
    for name in ("a", "c"):
        soundfile.write(tmp_path / "audio" / f"{name}.wav", np.random.default_rng(0).normal(scale=0.1, size=8_000), 16_000)
    table = pd.DataFrame(
        {
            "utterance_id": ["a", "b", "c"],
            "speaker_id": ["s", "s", "t"],
            "reference": "abc",
            "audio_path": ["audio/a.wav", "audio/b.wav", "audio/c.wav"],
        }
    )
    table.to_csv(tmp_path / "utterances.csv", index=False)
    return tmp_path / "utterances.csv"


def test_what_was_heard_is_scored_by_the_next_command(recorded: Path, model: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "hypotheses.parquet"
    outcome = fairasr("transcribe", recorded, "--model", model, "-o", output)
    assert outcome.status == 0, outcome.message
    assert outcome.printed.splitlines() == [
        "1 of 3 recordings could not be transcribed:",
        "- b: there is no such file",
        f"2 of 3 utterances transcribed by tiny: {output}",
    ]
    scored = fairasr("score", recorded, "--hypotheses", output, "--missing", "deletions", "-o", tmp_path / "counts.csv")
    assert scored.status == 0, scored.message
    assert "tiny: WER" in scored.printed
    before = output.read_bytes()
    assert fairasr("transcribe", recorded, "--model", model, "-o", output).status == 0
    assert output.read_bytes() == before


def test_the_system_has_the_name_it_is_given(recorded: Path, model: Path, tmp_path: Path) -> None:
    output = tmp_path / "hypotheses.parquet"
    outcome = fairasr("transcribe", recorded, "--model", model, "-o", output, "--system", "mine")
    assert "transcribed by mine" in outcome.printed
    refused = fairasr("transcribe", recorded, "--model", model, "-o", output)
    assert refused.status == 1
    assert "of the system 'mine', not 'tiny'" in refused.message


def test_a_model_that_is_not_there_is_named_and_nothing_is_written(recorded: Path, tmp_path: Path) -> None:
    outcome = fairasr("transcribe", recorded, "--model", tmp_path / "gone", "-o", tmp_path / "hypotheses.parquet")
    assert outcome.status == 1
    assert "ModelError: there is no model folder" in outcome.message
    assert "never downloaded" in outcome.message
    assert not (tmp_path / "hypotheses.parquet").exists()


def test_a_file_of_another_kind_is_refused_before_any_work(recorded: Path, tmp_path: Path) -> None:
    outcome = fairasr("transcribe", recorded, "--model", tmp_path / "gone", "-o", tmp_path / "hypotheses.csv")
    assert outcome.status == 1
    assert f"must end in .parquet. Choose another name, such as '{tmp_path / 'hypotheses.parquet'}'." in outcome.message


def test_a_corpus_without_recordings_is_refused(model: Path, tmp_path: Path) -> None:
    table = pd.DataFrame({"utterance_id": ["a"], "speaker_id": ["s"], "reference": ["abc"]})
    table.to_csv(tmp_path / "utterances.csv", index=False)
    outcome = fairasr("transcribe", tmp_path / "utterances.csv", "--model", model, "-o", tmp_path / "hypotheses.parquet")
    assert outcome.status == 1
    assert "no column 'audio_path'" in outcome.message


def test_absent_soundfile_says_which_extra(recorded: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    outcome = fairasr("transcribe", recorded, "--model", model, "-o", tmp_path / "hypotheses.parquet")
    assert outcome.status == 1
    assert 'MissingExtraError: reading audio needs soundfile: pip install "fairasr[train]"' in outcome.message


@pytest.fixture
def streaming_model(tmp_path: Path) -> Path:
    from fairasr.models import initialised

    folder = tmp_path / "streaming"
    folder.mkdir()
    settings = {
        "n_mels": 4,
        "embedding": 4,
        "predictor": 4,
        "joint": 8,
        "encoder": {"channels": [2], "width": 8, "n_blocks": 1, "lstm_width": 8, "n_lstm_layers": 1},
    }
    initialised("conv-rnnt", references=["one two"], seed=0, settings=settings, sample_rate_hz=8_000, name="stream").save(folder)
    return folder


@pytest.mark.parametrize("chunk_s", [0.03, 0.25, 10])
def test_recordings_that_are_streamed_have_the_same_texts(
    recorded: Path, streaming_model: Path, tmp_path: Path, chunk_s: float
) -> None:
    from fairasr.models import read_hypotheses

    whole, streamed = tmp_path / "whole.parquet", tmp_path / "streamed.parquet"
    assert fairasr("transcribe", recorded, "--model", streaming_model, "-o", whole).status == 0
    outcome = fairasr("transcribe", recorded, "--model", streaming_model, "-o", streamed, "--chunk-s", chunk_s)
    assert outcome.status == 0, outcome.message
    assert read_hypotheses(streamed) == read_hypotheses(whole)
    assert set(read_hypotheses(whole).texts) == {"a", "c"}
    assert any(read_hypotheses(whole).texts.values())


def test_a_recording_is_printed_as_it_is_heard(recorded: Path, streaming_model: Path) -> None:
    recording = recorded.parent / "audio" / "a.wav"
    whole = fairasr("transcribe", recording, "--model", streaming_model)
    assert whole.status == 0, whole.message
    text = whole.printed.strip()
    assert text
    streamed = fairasr("transcribe", recording, "--model", streaming_model, "--chunk-s", 0.1)
    assert streamed.status == 0, streamed.message
    *growing, last = streamed.printed.splitlines()
    assert last == text
    assert len(growing) >= 2
    assert growing[-1].endswith(f" s: {text}")
    assert all(text.startswith(line.partition(": ")[2]) for line in growing)
    times_s = [float(line.partition(" ")[0]) for line in growing]
    assert times_s == sorted(times_s)
    assert 0.1 <= times_s[0] < times_s[-1] == 0.5


@pytest.mark.parametrize("chunk_s", ["0", "-1", "nan", "inf", "0.00001"])
def test_a_chunk_without_a_sample_is_refused(recorded: Path, streaming_model: Path, tmp_path: Path, chunk_s: str) -> None:
    outcome = fairasr("transcribe", recorded, "--model", streaming_model, "--chunk-s", chunk_s, "-o", tmp_path / "out.parquet")
    assert outcome.status == 1
    assert f"ModelError: a chunk of {float(chunk_s):g} s holds no sample at 8,000 Hz" in outcome.message
    assert "such as 0.3" in outcome.message
    assert not (tmp_path / "out.parquet").exists()


def test_a_model_that_needs_whole_recordings_is_not_streamed(recorded: Path, model: Path, tmp_path: Path) -> None:
    outcome = fairasr("transcribe", recorded, "--model", model, "--chunk-s", 0.3, "-o", tmp_path / "out.parquet")
    assert outcome.status == 1
    assert "ModelError: the model 'tiny' cannot hear a recording in chunks" in outcome.message


def test_a_recording_that_is_none_is_named(recorded: Path, model: Path) -> None:
    absent, broken = recorded.parent / "gone.wav", recorded.parent / "broken.flac"
    broken.write_bytes(b"no audio")
    for path, why in ((absent, "there is no such file"), (broken, "it cannot be read as audio")):
        outcome = fairasr("transcribe", path, "--model", model)
        assert outcome.status == 1
        assert f"IngestError: the recording '{path}' cannot be used: {why}" in outcome.message


@pytest.mark.parametrize(("sample", "why"), [(np.nan, "a sample is not a finite number"), (0.0, "it is silent throughout")])
def test_a_recording_without_anything_to_hear_is_refused_as_one_of_a_corpus_is(
    recorded: Path, streaming_model: Path, sample: float, why: str
) -> None:
    samples = np.zeros(4_000, dtype=np.float32)
    samples[100] = sample
    path = recorded.parent / "broken.wav"
    soundfile.write(path, samples, 8_000, subtype="FLOAT")
    for options in ((), ("--chunk-s", 0.1)):
        outcome = fairasr("transcribe", path, "--model", streaming_model, *options)
        assert outcome.status == 1
        assert f"IngestError: the recording '{path}' cannot be used: {why}" in outcome.message


def test_what_is_computed_is_of_the_recordings_that_have_a_text(recorded: Path, streaming_model: Path, tmp_path: Path) -> None:
    from fairasr.models import read_hypotheses

    soundfile.write(recorded.parent / "audio" / "b.wav", np.zeros(4_000), 8_000)
    output, compute = tmp_path / "out.parquet", tmp_path / "compute.csv"
    outcome = fairasr("transcribe", recorded, "--model", streaming_model, "-o", output, "--compute", compute)
    assert outcome.status == 0, outcome.message
    assert set(pd.read_csv(compute)["utterance_id"]) == set(read_hypotheses(output).texts) == {"a", "c"}
    assert outcome.printed.splitlines()[1] == "- b: it is silent throughout"
    assert f"Computation of 2 of 3 recordings: {compute}" in outcome.printed
    # Texts of other recordings are refused; one whose text is there from before and whose recording is gone by now is told of too.
    soundfile.write(recorded.parent / "audio" / "c.wav", np.zeros(4_000), 8_000)
    before = compute.read_bytes()
    refused = fairasr("transcribe", recorded, "--model", streaming_model, "-o", output, "--compute", compute)
    assert (refused.status, compute.read_bytes()) == (1, before)
    assert "1 of 2 have changed under the same utterance_id (first: 'c')" in refused.message
    (recorded.parent / "audio" / "c.wav").unlink()
    outcome = fairasr("transcribe", recorded, "--model", streaming_model, "-o", output, "--compute", compute)
    assert sorted(outcome.printed.splitlines()[1:3]) == ["- b: it is silent throughout", "- c: there is no such file"]
    assert f"Computation of 1 of 3 recordings: {compute}" in outcome.printed


def test_what_was_computed_is_written_for_each_recording(recorded: Path, streaming_model: Path, tmp_path: Path) -> None:
    from fairasr.models import load
    from fairasr.models.audio import read_audio

    output = tmp_path / "compute.csv"
    outcome = fairasr("transcribe", recorded, "--model", streaming_model, "-o", tmp_path / "out.parquet", "--compute", output)
    assert outcome.status == 0, outcome.message
    table = pd.read_csv(output, dtype={"utterance_id": str}).set_index("utterance_id")
    assert set(table.index) == {"a", "c"}
    samples = read_audio(recorded.parent / "audio" / "a.wav", sample_rate_hz=8_000)
    spent = load(streaming_model).compute([samples])[0]  # type: ignore[attr-defined]
    row = table.loc["a"]
    assert row["kiloflop"] == round(spent.total / 1000) > row["encoder_kiloflop"] == round(spent.encoder / 1000) > 0
    assert row["audio_ms"] == round(len(samples) / 8)
    assert row["system"] == "stream"
    assert "reference" not in table.columns


def test_a_model_that_counts_nothing_is_refused_before_any_work(recorded: Path, model: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    outcome = fairasr("transcribe", recorded, "--model", model, "-o", output, "--compute", tmp_path / "compute.csv")
    assert outcome.status == 1
    assert "ModelError: 'tiny' does not count what it computes" in outcome.message
    assert not output.exists()
