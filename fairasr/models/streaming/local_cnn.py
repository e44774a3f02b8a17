"""What is close in time: causal convolutions over time and frequency in front of a streaming encoder; or a linear layer instead."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from fairasr.core.errors import ModelError
from fairasr.models.streaming.encoder import State
from fairasr.models.streaming.flops import layer_flops
from fairasr.models.streaming.frames import STACKED

KERNEL = 5
"""Frames and bands that a convolution sees (Radfar et al. 2022, as two independent implementations have it)."""


class RectifiedConv2d(nn.Conv2d):
    """A convolution that a ReLU follows: its first weights keep what goes through at its size (He et al. 2015, arXiv 1502.01852).

    With the first weights of other layers a frame has a tenth of its size after four, and learning made-up tone words took the
    small model three times the steps.
    """

    def initialise(self, generator: torch.Generator) -> None:
        """Fill weights and bias."""
        nn.init.kaiming_uniform_(self.weight, nonlinearity="relu", generator=generator)
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class LocalCNN(nn.Module):
    """Layers of 5x5 convolution and ReLU, then one linear layer over all channels and bands.

    The log-mel frames stacked in a frame are the input channels, so that bands have bands as neighbours. The time axis is padded on
    the left alone, at first with zeros and then with the last frames of the part before; the frequency axis on both sides.

    Args:
        n_features: of a frame: STACKED times the bands.
        channels: of each layer.
        width: channels of a step.

    Raises:
        ModelError: frames that are not of STACKED parts.
    """

    def __init__(self, n_features: int, *, channels: Sequence[int], width: int) -> None:
        super().__init__()
        if n_features % STACKED:
            raise ModelError(
                f"frames of {n_features} features are not {STACKED} frames of the same bands side by side. "
                f"Give a multiple of {STACKED}."
            )
        self.n_bands = n_features // STACKED
        first, *others = (
            RectifiedConv2d(n_in, n_out, KERNEL, padding=(0, KERNEL // 2)) for n_in, n_out in pairwise((STACKED, *channels))
        )
        self.first, self.others = first, nn.ModuleList(others)
        self.output = nn.Linear(channels[-1] * self.n_bands, width)

    @property
    def flops(self) -> float:
        """Floating-point operations of a frame."""
        return layer_flops(*self._convolutions, places=self.n_bands) + layer_flops(self.output)

    @property
    def receptive_field(self) -> int:
        """Frames that a step depends on, its own among them."""
        return 1 + len(self._convolutions) * (KERNEL - 1)

    def start(self, n: int) -> State:
        """The last frames that each layer met, none yet: float (n, channels into the layer, KERNEL - 1, bands) of 0."""
        weight = self.first.weight
        return {
            str(i): weight.new_zeros(n, layer.in_channels, KERNEL - 1, self.n_bands) for i, layer in enumerate(self._convolutions)
        }

    def forward(self, frames: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        """Steps (n, frames, width) of frames (n, frames, n_features), and the state after them."""
        n, n_frames, _ = frames.shape
        planes = frames.view(n, n_frames, STACKED, self.n_bands).permute(0, 2, 1, 3)
        tails = {}
        for i, layer in enumerate(self._convolutions):
            # Channels innermost in memory: a fifth faster on a CPU, and what the linear layer takes without a copy.
            planes = torch.cat([state[str(i)].to(planes.dtype), planes], dim=2).contiguous(memory_format=torch.channels_last)
            # A copy, so that a state does not keep the whole part in memory.
            tails[str(i)] = planes[:, :, 1 - KERNEL :].clone()
            planes = nn.functional.relu(layer(planes))
        return self.output(planes.permute(0, 2, 3, 1).flatten(2)), tails

    @property
    def _convolutions(self) -> list[nn.Conv2d]:
        return [self.first, *self.others]


class NoLocalCNN(nn.Module):
    """A linear layer in the place of the convolutions: the ablation. It has the name and the axes of the first of them.

    Args:
        n_features: of a frame.
        width: channels of a step.
    """

    def __init__(self, n_features: int, *, width: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(n_features, width, kernel_size=1)

    @property
    def flops(self) -> float:
        """Floating-point operations of a frame."""
        return layer_flops(self.first)

    @property
    def receptive_field(self) -> int:
        """Frames that a step depends on: its own."""
        return 1

    def start(self, n: int) -> State:
        """Nothing to remember."""
        return {}

    def forward(self, frames: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        """Steps (n, frames, width) of frames (n, frames, n_features), and the state after them, which is empty."""
        return self.first(frames.transpose(1, 2)).transpose(1, 2), state
