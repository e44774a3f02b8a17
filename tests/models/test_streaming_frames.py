"""Causal log-mel frames: which samples they are made of, and that chunks change nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from trainable_contract import voice

from fairasr.models.mel import mel_filters
from fairasr.models.streaming.frames import FrameLayout, StreamingFrames

LAYOUT = FrameLayout(n_mels=12, sample_rate_hz=8_000)


def streamed(samples: np.ndarray, *, chunk: int, layout: FrameLayout = LAYOUT) -> torch.Tensor:
    stream = StreamingFrames(layout)
    parts = [stream.push(samples[start : start + chunk]) for start in range(0, len(samples), chunk)]
    return torch.cat([*parts, stream.finish()])


def by_definition(samples: np.ndarray, *, n_frames: int) -> np.ndarray:
    """Frames of 8 kHz samples, window by window: 200 samples every 80, three side by side, each band from its mean so far."""
    padded = np.pad(samples.astype(float), (0, n_frames * 240 + 200))
    filters = mel_filters(sample_rate_hz=8_000, window_samples=256, n_mels=12)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(200) / 200)
    levels = []
    for i in range(3 * n_frames):
        power = np.abs(np.fft.rfft(padded[80 * i : 80 * i + 200] * hann, n=256)) ** 2
        levels.append(np.log(filters @ power + 1e-8))
    means = [(50 * -10.0 + np.sum(levels[: i + 1], axis=0)) / (50 + i + 1) for i in range(3 * n_frames)]
    return ((np.array(levels) - means) / 4).reshape(n_frames, 36)


def test_frames_are_what_the_definition_gives() -> None:
    samples = voice(0, n_samples=5_000)
    features = LAYOUT.features(samples)
    assert features.dtype == torch.float32
    np.testing.assert_allclose(features.numpy(), by_definition(samples, n_frames=len(features)), atol=1e-4)


@pytest.mark.parametrize("chunk", [1, 7, 240, 333, 4_000])
def test_frames_do_not_depend_on_the_chunks(chunk: int) -> None:
    samples = voice(1, n_samples=6_173)
    torch.testing.assert_close(streamed(samples, chunk=chunk), LAYOUT.features(samples), rtol=0, atol=1e-5)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 48_000])
def test_every_sample_is_in_a_frame_and_no_frame_is_without_one(rate_hz: int) -> None:
    layout = FrameLayout(n_mels=12, sample_rate_hz=rate_hz)
    hop, window = round(0.01 * rate_hz), round(0.025 * rate_hz)
    for n_samples in (0, 1, hop, window, 2 * hop + window, 2 * hop + window + 1, 5 * hop + window, 5 * hop + window + 1, rate_hz):
        n_frames = layout.n_frames(n_samples)
        ends = [(3 * i + 2) * hop + window for i in range(n_frames)]
        assert ends[-1] >= n_samples
        assert n_frames == 1 or ends[-2] < n_samples
        assert layout.features(np.zeros(n_samples, dtype=np.float32)).shape == (n_frames, 36)
        assert layout.end_s(n_frames - 1) == pytest.approx(ends[-1] / rate_hz)


def test_a_frame_comes_as_soon_as_its_last_sample_is_there() -> None:
    samples = voice(2, n_samples=2_000)
    stream = StreamingFrames(LAYOUT)
    n_frames = 0
    for n_heard in range(1, len(samples) + 1):
        n_frames += len(stream.push(samples[n_heard - 1 : n_heard]))
        complete = sum(240 * i + 160 + 200 <= n_heard for i in range(20))
        assert n_frames == complete == LAYOUT.n_complete(n_heard)


def test_what_comes_later_changes_no_frame() -> None:
    samples = voice(3, n_samples=6_000)
    before = LAYOUT.features(samples)
    for changed_from in (360, 1_000, 3_001):
        other = samples.copy()
        other[changed_from:] += 0.5
        kept = LAYOUT.n_complete(changed_from)
        assert torch.equal(LAYOUT.features(other)[:kept], before[:kept])
        assert not torch.equal(LAYOUT.features(other)[kept:], before[kept:])


def test_a_louder_recording_comes_to_the_same_frames() -> None:
    """By a factor of 10, the levels rise by log(100); after t log-mel frames 50 / (50 + t) of that is left."""
    samples = np.random.default_rng(4).normal(scale=0.1, size=40_000).astype(np.float32)
    differences = (LAYOUT.features(10 * samples) - LAYOUT.features(samples)).reshape(-1, 12)
    for t in (1, 50, 450):
        assert float(differences[t - 1].mean()) == pytest.approx(np.log(100) / 4 * 50 / (50 + t), rel=1e-3)


def test_silence_gives_numbers() -> None:
    assert torch.isfinite(LAYOUT.features(np.zeros(8_000, dtype=np.float32))).all()


def test_long_recordings_are_analysed_in_blocks_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = voice(5, n_samples=9_000)
    whole = LAYOUT.features(samples)
    monkeypatch.setattr("fairasr.models.streaming.frames.BLOCK", 4)
    torch.testing.assert_close(LAYOUT.features(samples), whole, rtol=0, atol=1e-6)
