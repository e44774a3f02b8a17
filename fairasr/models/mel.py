"""Mel spectrogram in numpy: power of a Hann-windowed Fourier transform, summed in triangles on the Slaney mel scale.

The same numbers as `librosa.feature.melspectrogram` with its defaults, which the encoder was trained on: centred frames,
zero padding, periodic Hann window, triangles of equal area (Slaney 1998, Auditory Toolbox, Interval TR 1998-010).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

BREAK_HZ = 1000.0
"""Below it the scale is linear, above logarithmic (Slaney 1998)."""
HZ_PER_MEL = 200.0 / 3
LOG_STEP = np.log(6.4) / 27
"""Above `BREAK_HZ`, 27 mels multiply the frequency by 6.4 (Slaney 1998)."""


def mel_from_hz(frequency_hz: np.ndarray) -> np.ndarray:
    """Slaney mels of frequencies [Hz], any shape."""
    frequency_hz = np.asarray(frequency_hz, dtype=float)
    above = BREAK_HZ / HZ_PER_MEL + np.log(np.maximum(frequency_hz, BREAK_HZ) / BREAK_HZ) / LOG_STEP
    return np.where(frequency_hz < BREAK_HZ, frequency_hz / HZ_PER_MEL, above)


def hz_from_mel(mels: np.ndarray) -> np.ndarray:
    """Frequencies [Hz] of Slaney mels, any shape; undoes `mel_from_hz`."""
    mels = np.asarray(mels, dtype=float)
    break_mel = BREAK_HZ / HZ_PER_MEL
    return np.where(mels < break_mel, mels * HZ_PER_MEL, BREAK_HZ * np.exp(LOG_STEP * (np.maximum(mels, break_mel) - break_mel)))


@lru_cache(maxsize=4)
def mel_filters(*, sample_rate_hz: int, window_samples: int, n_mels: int) -> np.ndarray:
    """Triangular filters of equal area over the bins of the Fourier transform: float array (n_mels, window_samples // 2 + 1)."""
    bins_hz = np.fft.rfftfreq(window_samples, d=1 / sample_rate_hz)
    edges_hz = hz_from_mel(np.linspace(0, mel_from_hz(np.array(sample_rate_hz / 2)), n_mels + 2))
    low, centre, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising, falling = (bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre)
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low))


def mel_spectrogram(samples: np.ndarray, *, sample_rate_hz: int, window_samples: int, hop_samples: int, n_mels: int) -> np.ndarray:
    """Power in each mel band of each frame: float32 (1 + n_samples // hop_samples, n_mels). Frame t is about t * hop_samples."""
    window = np.hanning(window_samples + 1)[:-1]
    padded = np.pad(np.asarray(samples, dtype=float), window_samples // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, window_samples)[::hop_samples]
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
    filters = mel_filters(sample_rate_hz=sample_rate_hz, window_samples=window_samples, n_mels=n_mels)
    return np.asarray(power @ filters.T, dtype=np.float32)
