"""The speaker encoder: stretches by hand, the network against one written out in numpy, real voices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fairasr.core.errors import IngestError, MissingExtraError
from fairasr.models.base import UnreadableAudioError
from fairasr.models.resemblyzer import ResemblyzerEncoder, installed_weights, loud_enough, stretch_starts, stretches


@pytest.mark.parametrize(
    ("n_samples", "starts"),
    [
        (1, [0]),
        (25_600, [0]),  # the stretch from frame 77 would hold 13,280 of 25,600 samples: 52 %
        (31_000, [0]),  # 73 %
        (32_000, [0, 77]),  # 77 %
        (48_000, [0, 77, 154]),  # 91 % of the last
    ],
)
def test_stretches_begin_every_77_frames_while_three_quarters_are_covered(n_samples: int, starts: list[int]) -> None:
    assert stretch_starts(n_samples).tolist() == starts


def test_every_stretch_has_the_shape_the_network_was_trained_on() -> None:
    for n_samples in (1, 100, 25_600, 25_601, 100_000):
        samples = np.ones(n_samples, dtype=np.float32)
        assert stretches(samples).shape == (len(stretch_starts(n_samples)), 160, 40)


def test_quiet_recordings_are_made_louder_and_loud_ones_stay() -> None:
    quiet = np.full(100, 1e-4, dtype=np.float32)
    assert np.mean(loud_enough(quiet) ** 2) == pytest.approx(1e-3, rel=1e-5)
    loud = np.full(100, 0.5, dtype=np.float32)
    np.testing.assert_array_equal(loud_enough(loud), loud)


@pytest.fixture(scope="module")
def encoder() -> ResemblyzerEncoder:
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    try:
        return ResemblyzerEncoder()
    except MissingExtraError as error:
        pytest.skip(str(error))


def voice(seed: int, n_samples: int = 60_000) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).normal(size=n_samples)).astype(np.float32)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def by_hand(mels: np.ndarray, state: dict[str, np.ndarray]) -> np.ndarray:
    """One stretch (160, 40) through three LSTM layers, a linear layer and a ReLU, in numpy; order of the gates: i, f, g, o."""
    inputs = mels.astype(float)
    for layer in range(3):
        hidden, cell = np.zeros(256), np.zeros(256)
        outputs = []
        for frame in inputs:
            gates = (
                state[f"lstm.weight_ih_l{layer}"] @ frame
                + state[f"lstm.bias_ih_l{layer}"]
                + state[f"lstm.weight_hh_l{layer}"] @ hidden
                + state[f"lstm.bias_hh_l{layer}"]
            )
            i, f, g, o = np.split(gates, 4)
            cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
            hidden = sigmoid(o) * np.tanh(cell)
            outputs.append(hidden)
        inputs = np.array(outputs)
    vector = np.maximum(0, state["linear.weight"] @ inputs[-1] + state["linear.bias"])
    return vector / np.linalg.norm(vector)


def test_the_vector_equals_the_network_written_out_in_numpy(encoder: ResemblyzerEncoder) -> None:
    torch = pytest.importorskip("torch")
    stored = torch.load(installed_weights(), map_location="cpu", weights_only=True)["model_state"]
    state = {name: value.numpy().astype(float) for name, value in stored.items()}
    samples = voice(0)
    mels = stretches(loud_enough(samples))
    assert len(mels) > 1
    mean = np.mean([by_hand(stretch, state) for stretch in mels], axis=0)
    np.testing.assert_allclose(encoder.embed(samples), mean / np.linalg.norm(mean), atol=1e-5)


def test_a_vector_has_length_1_repeats_and_leaves_its_input(encoder: ResemblyzerEncoder) -> None:
    samples = voice(1)
    before = samples.copy()
    vector = encoder.embed(samples)
    assert vector.shape == (256,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    np.testing.assert_array_equal(vector, encoder.embed(samples))
    np.testing.assert_array_equal(samples, before)


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        (np.zeros(0, np.float32), "no samples"),
        (np.zeros(16_000, np.float32), "silent"),
        (np.array([0.1, np.nan], np.float32), "finite"),
    ],
)
def test_what_holds_no_voice_is_refused(encoder: ResemblyzerEncoder, samples: np.ndarray, why: str) -> None:
    with pytest.raises(UnreadableAudioError, match=why):
        encoder.embed(samples)


def test_weights_that_are_none_are_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(IngestError, match="no weights"):
        ResemblyzerEncoder(tmp_path / "gone.pt")
    (tmp_path / "rubbish.pt").write_bytes(b"rubbish")
    with pytest.raises(IngestError, match="cannot be read as weights"):
        ResemblyzerEncoder(tmp_path / "rubbish.pt")
    torch.save({"model_state": {"lstm.other": torch.zeros(1)}}, tmp_path / "other.pt")
    with pytest.raises(IngestError, match="does not fit this encoder"):
        ResemblyzerEncoder(tmp_path / "other.pt")


def test_weights_that_would_run_code_are_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (open, (str(tmp_path / "trapped"), "w"))  # type: ignore[return-value]

    torch.save({"model_state": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(IngestError, match="cannot be read as weights"):
        ResemblyzerEncoder(tmp_path / "trap.pt")
    assert not (tmp_path / "trapped").exists()


def test_halves_of_real_recordings_are_nearest_to_each_other(encoder: ResemblyzerEncoder, shared_data: Path) -> None:
    pytest.importorskip("soundfile")
    from fairasr.models.audio import read_audio

    files = sorted((shared_data / "speech_accent_archive" / "audio").glob("*.ogg"))[::40]
    assert len(files) >= 10
    halves = []
    for file in files:
        samples = read_audio(file, sample_rate_hz=16_000)[: 16_000 * 12]
        halves.append((encoder.embed(samples[: len(samples) // 2]), encoder.embed(samples[len(samples) // 2 :])))
    first, second = (np.array(side) for side in zip(*halves, strict=True))
    similarity = first @ second.T
    assert (similarity.argmax(axis=1) == np.arange(len(files))).all()
    assert np.diag(similarity).min() > similarity[~np.eye(len(files), dtype=bool)].mean() + 0.1
