"""Log-mel features that a stream can have: each is made of the samples so far, in whatever chunks they come.

A frame is three log-mel frames of 25 ms, 10 ms apart, side by side: 30 ms. Each band is measured from its mean over all frames so
far, so a recording that is louder by a factor comes to the same features, and a microphone's colour is taken out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from fairasr.models.mel import mel_filters

WINDOW_S = 0.025
HOP_S = 0.010
STACKED = 3
"""Log-mel frames of one frame."""
LEAST_POWER = 1e-8
"""Added to the power of a band: far below quiet speech, far above the rounding of 16 bits. Digital silence has no logarithm."""
PRIOR_LEVEL = -10.0
"""What the mean of a band is taken to be before anything is heard: about that of close speech, natural logarithm of power."""
PRIOR_FRAMES = 50.0
"""Log-mel frames that the prior counts as: after half a second, what was heard weighs as much."""
SPREAD = 4.0
"""Standard deviation of a band's level over speech and pauses, so that features are of the size of 1."""

BLOCK = 1000
"""Frames analysed at once: an hour's windows together would take a gigabyte."""


@dataclass(frozen=True, kw_only=True)
class FrameLayout:
    """Which samples a frame is made of.

    Attributes:
        n_mels: bands, on the Slaney scale from 0 to half the sample rate.
        sample_rate_hz: of the samples.
    """

    n_mels: int
    sample_rate_hz: int

    @property
    def n_features(self) -> int:
        """Numbers of a frame."""
        return STACKED * self.n_mels

    @property
    def hop_samples(self) -> int:
        """Samples from one log-mel frame to the next."""
        return max(1, round(HOP_S * self.sample_rate_hz))

    @property
    def window_samples(self) -> int:
        """Samples that a log-mel frame looks at."""
        return max(1, round(WINDOW_S * self.sample_rate_hz))

    @property
    def frame_samples(self) -> int:
        """Samples from one frame to the next."""
        return STACKED * self.hop_samples

    @property
    def frame_s(self) -> float:
        """Seconds from one frame to the next."""
        return self.frame_samples / self.sample_rate_hz

    @property
    def reach_samples(self) -> int:
        """Samples that a frame looks at: frame i is made of those from i * frame_samples on."""
        return (STACKED - 1) * self.hop_samples + self.window_samples

    def samples_of(self, n_frames: int) -> int:
        """Samples that the next `n_frames` frames look at, at least one frame."""
        return (n_frames - 1) * self.frame_samples + self.reach_samples

    def end_s(self, frame: int) -> float:
        """Seconds of the recording that frame number `frame`, from 0, needs."""
        return self.samples_of(frame + 1) / self.sample_rate_hz

    def n_complete(self, n_samples: int) -> int:
        """Frames whose samples are all there once `n_samples` are."""
        return max(0, (n_samples - self.reach_samples) // self.frame_samples + 1)

    def n_frames(self, n_samples: int) -> int:
        """Frames of a whole recording: every sample is in one, the last may be filled up with zeros. At least 1."""
        return max(1, -(-(n_samples - self.reach_samples) // self.frame_samples) + 1)

    def features(self, samples: np.ndarray) -> torch.Tensor:
        """Frames of a whole recording, float32 (n_frames, n_features): what a stream of its samples gives."""
        stream = StreamingFrames(self)
        return torch.cat([stream.push(samples), stream.finish()])

    def powers(self, samples: torch.Tensor) -> torch.Tensor:
        """Log power of each band in each whole window, float32 (windows, n_mels)."""
        windows = samples.unfold(0, self.window_samples, self.hop_samples) * self._window
        spectrum = torch.fft.rfft(windows, n=self._transform_samples)
        power: torch.Tensor = (spectrum.real.square() + spectrum.imag.square()) @ self._filters
        return (power + LEAST_POWER).log()

    @property
    def _transform_samples(self) -> int:
        """The next power of two, so that the lowest bands are not empty."""
        return 1 << (self.window_samples - 1).bit_length()

    @cached_property
    def _window(self) -> torch.Tensor:
        return torch.hann_window(self.window_samples, periodic=True)

    @cached_property
    def _filters(self) -> torch.Tensor:
        filters = mel_filters(sample_rate_hz=self.sample_rate_hz, window_samples=self._transform_samples, n_mels=self.n_mels)
        return torch.tensor(filters.T.copy(), dtype=torch.float32)


class StreamingFrames:
    """Frames of one recording as its samples come.

    Args:
        layout: of the frames.
    """

    def __init__(self, layout: FrameLayout) -> None:
        self._layout = layout
        self._waiting: list[np.ndarray] = []
        self._n_samples = self._n_frames = 0
        # In float64: an hour has 360,000 log-mel frames.
        self._sum = torch.full((layout.n_mels,), PRIOR_LEVEL * PRIOR_FRAMES, dtype=torch.float64)

    def push(self, samples: np.ndarray) -> torch.Tensor:
        """Frames that are complete with the next samples (n_samples,): float32 (frames, n_features), often none."""
        self._waiting.append(np.array(samples, dtype=np.float32))
        self._n_samples += len(samples)
        return self._frames(self._layout.n_complete(self._n_samples) - self._n_frames)

    def finish(self) -> torch.Tensor:
        """The frames that are left, filled up with zeros: float32 (frames, n_features). Nothing may be pushed afterwards."""
        layout = self._layout
        n_frames = layout.n_frames(self._n_samples)
        self._waiting.append(np.zeros(layout.samples_of(n_frames) - self._n_samples, dtype=np.float32))
        return self._frames(n_frames - self._n_frames)

    def _frames(self, n: int) -> torch.Tensor:
        """The next `n` frames, whose samples wait."""
        layout = self._layout
        if n <= 0:
            return torch.zeros(0, layout.n_features)
        waiting = np.concatenate(self._waiting)
        done = n * layout.frame_samples
        levels = torch.cat(
            [
                layout.powers(torch.from_numpy(waiting[start * layout.frame_samples :][: layout.samples_of(min(BLOCK, n - start))]))
                for start in range(0, n, BLOCK)
            ]
        )
        self._waiting = [waiting[done:].copy()]
        sums = self._sum + levels.double().cumsum(dim=0)
        counts = PRIOR_FRAMES + STACKED * self._n_frames + torch.arange(1, len(levels) + 1)[:, None]
        self._sum = sums[-1]
        self._n_frames += n
        return ((levels - sums / counts) / SPREAD).float().reshape(n, layout.n_features)
