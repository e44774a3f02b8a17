"""Log-mel features against a second implementation, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fairasr.models.log_mel import LogMel, padded  # noqa: E402


def slow_features(samples: np.ndarray, *, rate_hz: int, n_mels: int) -> np.ndarray:
    """The same in numpy, frame by frame and band by band, with triangles by interpolation."""
    window, hop = rate_hz // 40, rate_hz // 100
    size = 2 ** int(np.ceil(np.log2(window)))
    shape = np.zeros(size)
    shape[(size - window) // 2 : (size - window) // 2 + window] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    sound = np.concatenate([np.zeros(size // 2), samples, np.zeros(size // 2)])
    top_mel = 15 + 27 * np.log(rate_hz / 2 / 1000) / np.log(6.4)
    corners = [200 / 3 * mel if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27) for mel in np.linspace(0, top_mel, n_mels + 2)]
    bins_hz = np.arange(size // 2 + 1) * rate_hz / size
    rows = []
    for start in range(0, len(sound) - size + 1, hop):
        power = np.abs(np.fft.rfft(sound[start : start + size] * shape)) ** 2
        triangles = (np.interp(bins_hz, corners[i : i + 3], [0, 2 / (corners[i + 2] - corners[i]), 0]) for i in range(n_mels))
        rows.append([float(triangle @ power) for triangle in triangles])
    power = np.array(rows)
    levels = np.log(np.maximum(power, power.max() * 1e-8))
    return (levels - levels.mean(axis=0)) / np.sqrt(levels.var(axis=0) + 1e-4)


@pytest.mark.parametrize(("rate_hz", "n_mels", "n_samples"), [(16_000, 80, 5_000), (8_000, 40, 2_345)])
def test_features_equal_a_second_implementation(rate_hz: int, n_mels: int, n_samples: int) -> None:
    samples = np.random.default_rng(0).normal(scale=0.1, size=n_samples).astype(np.float32)
    log_mel = LogMel(n_mels=n_mels, sample_rate_hz=rate_hz)
    found = log_mel.features(samples).numpy()
    assert found.shape == (1 + n_samples // (rate_hz // 100), n_mels) == (log_mel.n_frames(n_samples), n_mels)
    np.testing.assert_allclose(found, slow_features(samples, rate_hz=rate_hz, n_mels=n_mels), atol=2e-4)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("n_mels", [40, 80])
def test_no_band_is_empty(rate_hz: int, n_mels: int) -> None:
    samples = np.random.default_rng(1).normal(size=rate_hz).astype(np.float32)
    spread = LogMel(n_mels=n_mels, sample_rate_hz=rate_hz).features(samples).var(dim=0)
    assert spread.min() > 0.9


def test_loudness_does_not_change_features() -> None:
    samples = np.random.default_rng(2).normal(scale=0.01, size=8_000).astype(np.float32)
    samples[3_000:4_000] = 0
    quiet, loud = (LogMel().features(factor * samples) for factor in (1, 50))
    torch.testing.assert_close(quiet, loud, atol=1e-3, rtol=0)


@pytest.mark.parametrize("n_samples", [1, 100, 16_000])
def test_silence_is_zero_and_no_nan(n_samples: int) -> None:
    assert (LogMel().features(np.zeros(n_samples, dtype=np.float32)) == 0).all()


def test_a_single_sample_is_one_finite_frame() -> None:
    features = LogMel().features(np.ones(1, dtype=np.float32))
    assert features.shape == (1, 40)
    assert torch.isfinite(features).all()


def test_padding_is_zero_after_the_end() -> None:
    together, lengths = padded([torch.ones(2, 3), torch.ones(4, 3)])
    assert lengths.tolist() == [2, 4]
    assert together.sum(dim=(1, 2)).tolist() == [6, 12]
    assert (together[0, 2:] == 0).all()
