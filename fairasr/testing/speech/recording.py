"""From the synthesiser's clean samples to a recording: another size of head, a microphone, a noisy room."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy.signal import lfilter, resample_poly

from fairasr.testing.speech.speakers import Speaker
from fairasr.testing.speech.synthesis import Spoken

SAMPLE_RATE_HZ = 16_000
PEAK = 0.5
"""Of full scale: loudness says nothing about a speaker."""
FINEST_RATIO = 400
"""Largest denominator of the ratio by which samples are resampled: a shift is met to a quarter of a percent, at little cost."""


def recorded(spoken: Spoken, speaker: Speaker, *, seed: int) -> np.ndarray:
    """Samples at `SAMPLE_RATE_HZ`, int16 (n_samples,)."""
    generator = np.random.default_rng(seed)
    ratio = Fraction(SAMPLE_RATE_HZ / (spoken.sample_rate_hz * speaker.shift)).limit_denominator(FINEST_RATIO)
    samples = resample_poly(spoken.samples.astype(float), ratio.numerator, ratio.denominator)
    samples = samples + _noise(generator, len(samples)) * np.sqrt(np.mean(samples**2)) * 10 ** (-speaker.snr_db / 20)
    samples = lfilter([1.0, -speaker.tilt], [1.0], samples)
    loudest = np.abs(samples).max()
    return np.asarray(np.round(samples / loudest * PEAK * np.iinfo(np.int16).max), dtype=np.int16)


def _noise(generator: np.random.Generator, n_samples: int) -> np.ndarray:
    """Noise of unit power that falls with frequency, as rooms and traffic sound."""
    noise = lfilter([1.0], [1.0, -0.9], generator.standard_normal(n_samples))
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))
