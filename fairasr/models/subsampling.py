"""Two strided convolutions over time: four frames of 10 ms become one step of 40 ms."""

from __future__ import annotations

import torch
from torch import nn

FACTOR = 4


def subsampled_length(n_frames: int) -> int:
    """Steps that `Subsampling` makes of `n_frames` frames: every fourth, rounded up, so at least 1."""
    return -(-n_frames // FACTOR)


def within(lengths: torch.Tensor, n_steps: int) -> torch.Tensor:
    """Which steps are before the end of their utterance: bool (n, n_steps)."""
    return torch.arange(n_steps, device=lengths.device) < lengths[:, None]


class Subsampling(nn.Module):
    """Frames to steps of a quarter of the rate, the same for an utterance whatever it is padded with.

    Args:
        n_mels: channels of a frame.
        d_model: channels of a step.
    """

    def __init__(self, n_mels: int, d_model: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(n_mels, d_model, kernel_size=3, stride=2, padding=1)
        self.second = nn.Conv1d(d_model, d_model, kernel_size=3, stride=2, padding=1)

    def forward(self, features: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Steps, float (n, steps, d_model), and how many are of each utterance, int64 (n,); steps after the end are 0."""
        hidden = (features * within(lengths, features.shape[1])[:, :, None]).transpose(1, 2)
        for layer in (self.first, self.second):
            lengths = (lengths + 1) // 2
            hidden = nn.functional.silu(layer(hidden))
            # Zero again after every layer: the next one looks one frame past the end.
            hidden = hidden * within(lengths, hidden.shape[2])[:, None, :]
        return hidden.transpose(1, 2), lengths
