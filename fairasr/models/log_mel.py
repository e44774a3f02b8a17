"""Log-mel features of one recording: 25 ms windows every 10 ms, normalised over the recording's own frames.

Each recording is analysed alone, so neither padding nor the others of a batch can change its features.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from fairasr.models.mel import mel_filters

WINDOW_S = 0.025
HOP_S = 0.010
RANGE = 1e-8
"""Power below this share of the recording's loudest band (80 dB) counts as this share: digital silence has no logarithm."""
LEAST_VARIANCE = 1e-4
"""Added to the variance of a band, so that one that never changes (silence, a single frame) is 0 and not NaN."""


@dataclass(frozen=True, kw_only=True)
class LogMel:
    """Log-mel features.

    Attributes:
        n_mels: bands, on the Slaney scale from 0 to half the sample rate.
        sample_rate_hz: of the recordings.
    """

    n_mels: int = 40
    sample_rate_hz: int = 16_000

    @property
    def hop_samples(self) -> int:
        """Samples from one frame to the next."""
        return round(HOP_S * self.sample_rate_hz)

    @property
    def window_samples(self) -> int:
        """Samples that a frame looks at."""
        return round(WINDOW_S * self.sample_rate_hz)

    @property
    def transform_samples(self) -> int:
        """Length of the Fourier transform: the next power of two, so that the lowest bands are not empty."""
        return 1 << (self.window_samples - 1).bit_length()

    def n_frames(self, n_samples: int) -> int:
        """Frames of a recording of `n_samples` samples; at least 1."""
        return 1 + n_samples // self.hop_samples

    def features(self, samples: np.ndarray) -> torch.Tensor:
        """Features of mono samples (n_samples,), float32 (n_frames, n_mels): mean 0 and variance 1 in every band.

        A recording that is louder by a factor has the same features; silence throughout is 0 throughout.
        """
        spectrum = torch.stft(
            torch.tensor(samples, dtype=torch.float32),
            self.transform_samples,
            hop_length=self.hop_samples,
            win_length=self.window_samples,
            window=self._window,
            center=True,
            pad_mode="constant",
            return_complex=True,
        )
        power = self._filters @ spectrum.abs().square()
        # Silence is raised to a power of 1, any other floor follows the loudest band.
        floor = torch.where(power.max() > 0, power.max() * RANGE, 1.0)
        levels = torch.maximum(power, floor).log().T
        centred = levels - levels.mean(dim=0)
        return centred / (centred.square().mean(dim=0) + LEAST_VARIANCE).sqrt()

    @cached_property
    def _window(self) -> torch.Tensor:
        return torch.hann_window(self.window_samples, periodic=True)

    @cached_property
    def _filters(self) -> torch.Tensor:
        filters = mel_filters(sample_rate_hz=self.sample_rate_hz, window_samples=self.transform_samples, n_mels=self.n_mels)
        return torch.tensor(filters, dtype=torch.float32)


def padded(features: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Features of several recordings, zero after their ends: float32 (n, most frames, n_mels); and frames of each, int64 (n,)."""
    lengths = torch.tensor([len(frames) for frames in features], dtype=torch.int64)
    return torch.nn.utils.rnn.pad_sequence(features, batch_first=True), lengths
