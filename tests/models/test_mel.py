"""The mel spectrogram against a second implementation and textbook figures."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import stft

from fairasr.models.mel import hz_from_mel, mel_filters, mel_from_hz, mel_spectrogram

ENCODER = {"sample_rate_hz": 16_000, "window_samples": 400, "n_mels": 40}


def textbook_filters() -> np.ndarray:
    """Triangles by linear interpolation between three corners, written from Slaney's text and not from our code."""

    def to_hz(mel: float) -> float:
        return 200 / 3 * mel if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)

    top_mel = 15 + 27 * np.log(8000 / 1000) / np.log(6.4)
    corners = [to_hz(top_mel * i / 41) for i in range(42)]
    bins_hz = np.arange(201) * 40.0
    return np.array(
        [np.interp(bins_hz, corners[i : i + 3], [0, 2 / (corners[i + 2] - corners[i]), 0], left=0, right=0) for i in range(40)]
    )


def test_the_scale_has_its_printed_corners() -> None:
    np.testing.assert_allclose(mel_from_hz(np.array([0.0, 200.0, 1000.0, 6400.0])), [0, 3, 15, 42])
    np.testing.assert_allclose(hz_from_mel(np.array([0.0, 3.0, 15.0, 42.0])), [0, 200, 1000, 6400])


def test_filters_equal_textbook_triangles() -> None:
    np.testing.assert_allclose(mel_filters(**ENCODER), textbook_filters(), atol=1e-12)


@pytest.mark.parametrize("n_samples", [1, 399, 400, 16_000, 25_601])
def test_spectrogram_equals_the_one_by_scipy(n_samples: int) -> None:
    samples = np.random.default_rng(0).normal(size=n_samples).astype(np.float32)
    # scipy divides by the sum of the window; its frames are centred and zero-padded alike.
    padded = np.pad(samples.astype(float), 200)
    _, _, spectrum = stft(padded, window="hann", nperseg=400, noverlap=240, boundary=None, padded=False, fs=16_000)
    expected = (np.abs(spectrum * 200) ** 2).T @ textbook_filters().T
    found = mel_spectrogram(samples, hop_samples=160, **ENCODER)
    assert found.shape == (1 + n_samples // 160, 40)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6 * expected.max())


def test_a_tone_is_loudest_in_the_band_around_it() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    loudest = mel_spectrogram(tone, hop_samples=160, **ENCODER)[50].argmax()
    edges_hz = hz_from_mel(np.linspace(0, mel_from_hz(np.array(8000.0)), 42))
    assert edges_hz[loudest] < 1000 < edges_hz[loudest + 2]
