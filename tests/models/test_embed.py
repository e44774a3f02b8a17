"""Embedding a manifest, with a stand-in for the encoder: files, failures, resuming, and what is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairasr.core import Manifest
from fairasr.core.errors import IngestError, MissingExtraError, OutputError
from fairasr.models import Embeddings, ResemblyzerEncoder, embed_manifest, embed_to_file, read_embeddings, write_embeddings
from fairasr.models.audio import read_audio, resampled
from fairasr.models.base import UnreadableAudioError

soundfile = pytest.importorskip("soundfile")


class MeanAndLength:
    """A stand-in encoder: mean and length of what it is given; counts its calls."""

    name = "mean-and-length"
    dimension = 2
    sample_rate_hz = 16_000

    def __init__(self) -> None:
        self.calls = 0

    def embed(self, samples: np.ndarray) -> np.ndarray:
        self.calls += 1
        return np.array([samples.mean(), len(samples)], dtype=np.float32)


def manifest_of(*audio_paths: str | None) -> Manifest:
    return Manifest(
        table=pd.DataFrame(
            {
                "utterance_id": [f"u{i}" for i in range(len(audio_paths))],
                "speaker_id": "s",
                "reference": "a",
                "audio_path": list(audio_paths),
            }
        )
    )


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    folder = tmp_path / "audio"
    folder.mkdir()
    soundfile.write(folder / "good.wav", np.full(1600, 0.25), 16_000)
    soundfile.write(folder / "stereo.wav", np.column_stack([np.full(1600, 0.5), np.zeros(1600)]), 16_000)
    soundfile.write(folder / "empty.wav", np.zeros(0), 16_000)
    (folder / "text.wav").write_text("not audio")
    (tmp_path / "outside.wav").write_bytes((folder / "good.wav").read_bytes())
    return folder


def test_every_unreadable_recording_is_a_row_of_nan_with_its_reason(audio: Path) -> None:
    paths = ("good.wav", "gone.wav", "text.wav", "empty.wav", "../outside.wav", None, "a\0b.wav", "stereo.wav")
    seen: list[tuple[int, int]] = []
    found = embed_manifest(
        manifest_of(*paths), encoder=MeanAndLength(), audio_root=audio, progress=lambda done, total: seen.append((done, total))
    )
    assert found.known.tolist() == [True, False, False, False, False, False, False, True]
    np.testing.assert_allclose(found.vectors[[0, 7]], [[0.25, 1600], [0.25, 1600]], rtol=1e-3)
    assert list(found.failures) == ["u1", "u2", "u3", "u4", "u5", "u6"]
    for utterance_id, word in zip(
        found.failures, ("no such file", "read as audio", "no samples", "outside", "named", "NUL"), strict=True
    ):
        assert word in found.failures[utterance_id]
    assert seen == [(i, 8) for i in range(1, 9)]


def test_no_readable_recording_at_all_is_one_error(audio: Path) -> None:
    with pytest.raises(IngestError, match=r"2 of 2 recordings could not be embedded \(first: 'u0': there is no such file\)"):
        embed_manifest(manifest_of("gone.wav", "text.wav"), encoder=MeanAndLength(), audio_root=audio)


def test_a_manifest_without_audio_or_a_missing_folder_is_refused(audio: Path) -> None:
    silent = Manifest(table=pd.DataFrame({"utterance_id": ["u"], "speaker_id": ["s"], "reference": ["a"]}))
    with pytest.raises(IngestError, match="audio_path"):
        embed_manifest(silent, encoder=MeanAndLength(), audio_root=audio)
    with pytest.raises(IngestError, match="no audio folder"):
        embed_manifest(manifest_of("good.wav"), encoder=MeanAndLength(), audio_root=audio / "gone")


@pytest.mark.parametrize("ending", [".npz", ".parquet"])
def test_a_file_reads_back_as_written_and_goes_on_where_it_stopped(audio: Path, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"embeddings{ending}"
    first = embed_to_file(manifest_of("good.wav", "gone.wav"), encoder=MeanAndLength(), audio_root=audio, path=path)
    read = read_embeddings(path)
    assert read.utterance_ids.tolist() == ["u0", "u1"]
    assert read.encoder == "mean-and-length"
    np.testing.assert_array_equal(read.vectors, first.vectors)
    encoder = MeanAndLength()
    second = embed_to_file(manifest_of("good.wav", "stereo.wav", "good.wav"), encoder=encoder, audio_root=audio, path=path)
    assert encoder.calls == 2
    assert second.known.all()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize("ending", [".npz", ".parquet"])
def test_vectors_of_other_recordings_or_utterances_are_left_alone(audio: Path, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"embeddings{ending}"
    soundfile.write(audio / "other.wav", np.full(800, 0.5), 16_000)
    embed_to_file(manifest_of("good.wav", "stereo.wav", "gone.wav"), encoder=MeanAndLength(), audio_root=audio, path=path)
    content = path.read_bytes()
    with pytest.raises(IngestError, match=r"embeddings of other recordings: 1 of 2 have changed .* \(first: 'u1'\)"):
        embed_to_file(manifest_of("good.wav", "other.wav", "gone.wav"), encoder=MeanAndLength(), audio_root=audio, path=path)
    with pytest.raises(IngestError, match=r"1 of 2 embeddings of utterances that are not in this manifest \(first: 'u1'\)"):
        embed_to_file(manifest_of("good.wav"), encoder=MeanAndLength(), audio_root=audio, path=path)
    assert path.read_bytes() == content
    encoder = MeanAndLength()
    embed_to_file(manifest_of("good.wav", "stereo.wav", "other.wav"), encoder=encoder, audio_root=audio, path=path)
    assert encoder.calls == 1
    assert set(read_embeddings(path).recordings) == {"u0", "u1", "u2"}


def test_an_interrupted_run_has_saved_what_it_had(audio: Path, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 450:
            raise KeyboardInterrupt

    path = tmp_path / "embeddings.npz"
    with pytest.raises(KeyboardInterrupt):
        embed_to_file(manifest_of(*["good.wav"] * 500), encoder=MeanAndLength(), audio_root=audio, path=path, progress=interrupt)
    assert read_embeddings(path).known.sum() == 400
    encoder = MeanAndLength()
    assert embed_to_file(manifest_of(*["good.wav"] * 500), encoder=encoder, audio_root=audio, path=path).known.all()
    assert encoder.calls == 100


def test_vectors_of_another_encoder_are_not_mixed_in(audio: Path, tmp_path: Path) -> None:
    path = tmp_path / "embeddings.npz"
    write_embeddings(Embeddings(utterance_ids=np.array(["u0"]), vectors=np.ones((1, 2), np.float32), encoder="other"), path)
    with pytest.raises(IngestError, match="'other', not 'mean-and-length'"):
        embed_to_file(manifest_of("good.wav"), encoder=MeanAndLength(), audio_root=audio, path=path)


def test_a_file_that_cannot_be_written_leaves_the_last_good_one(tmp_path: Path) -> None:
    good = Embeddings(utterance_ids=np.array(["u0"]), vectors=np.ones((1, 2), np.float32))
    with pytest.raises(OutputError, match="cannot be written"):
        write_embeddings(good, tmp_path / "gone" / "embeddings.npz")
    with pytest.raises(IngestError, match=r"\.npz or \.parquet"):
        write_embeddings(good, tmp_path / "embeddings.csv")
    folder = tmp_path / "taken.npz"
    folder.mkdir()
    with pytest.raises(OutputError):
        write_embeddings(good, folder)
    assert [p.name for p in tmp_path.iterdir()] == ["taken.npz"]


@pytest.mark.parametrize("ending", [".npz", ".parquet"])
def test_a_broken_file_is_one_clear_error(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"embeddings{ending}"
    with pytest.raises(IngestError, match="no embedding file"):
        read_embeddings(path)
    path.write_bytes(b"rubbish")
    with pytest.raises(IngestError, match="is not an embedding file"):
        read_embeddings(path)


def test_embeddings_must_fit_their_utterances() -> None:
    with pytest.raises(IngestError, match=r"shape \(2, 3\) for 1 utterances"):
        Embeddings(utterance_ids=np.array(["a"]), vectors=np.zeros((2, 3), np.float32))
    with pytest.raises(IngestError, match=r"1 of 3 embeddings repeat an utterance \(first: 'b'\)"):
        Embeddings(utterance_ids=np.array(["a", "b", "b"]), vectors=np.zeros((3, 3), np.float32))


def test_a_tone_keeps_its_frequency_and_size_at_another_rate(tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)
    soundfile.write(tmp_path / "tone.wav", tone, 44_100)
    samples = read_audio(tmp_path / "tone.wav", sample_rate_hz=16_000)
    assert samples.dtype == np.float32
    assert len(samples) == 16_000
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    np.testing.assert_allclose(samples[1000:-1000], expected[1000:-1000], atol=2e-3)


def test_what_the_new_rate_cannot_hold_is_removed() -> None:
    too_high = np.sin(2 * np.pi * 12_000 * np.arange(48_000) / 48_000)
    assert np.abs(resampled(too_high, from_hz=48_000, to_hz=16_000)[500:-500]).max() < 0.01


def test_an_hour_is_too_long(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.flac", np.zeros(3601 * 8, dtype=np.int16), 8)
    with pytest.raises(UnreadableAudioError, match="3,601 s long"):
        read_audio(tmp_path / "long.flac", sample_rate_hz=16_000)


def test_absent_torch_and_absent_weights_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata
    import sys

    from fairasr.models.resemblyzer import installed_weights

    def absent(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(MissingExtraError, match=r"pip install --no-deps Resemblyzer==0\.1\.4"):
        installed_weights()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r'pip install "fairasr\[speaker\]"'):
        ResemblyzerEncoder()
