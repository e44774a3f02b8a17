"""What the encoder of a streaming recogniser is: frames in, as many steps out, nothing of the future, with a state to go on from.

One call over a whole recording and calls over its parts, each from the state that the last one left, give the same steps. So
there is one `forward` for training, for files and for streams.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

State = Mapping[str, torch.Tensor]
"""What an encoder remembers of the frames so far; the first axis of every tensor is the recording."""


@dataclass(frozen=True)
class Encoded:
    """What an encoder makes of some frames.

    Attributes:
        steps: float (n, frames, width); with several output channels (n * n_channels, frames, width), a recording's together.
        state: to go on from with the next frames.
        flops: floating-point operations spent on each frame, multiplications and additions apart, float (n, frames). With a
            gradient where the encoder chooses what to compute.
    """

    steps: torch.Tensor
    state: State
    flops: torch.Tensor


class StreamingEncoder(nn.Module):
    """Frames to steps. A step depends on its frame and on earlier ones, whatever the recording is padded or batched with."""

    frame_layer: ClassVar[str]
    """Name of the submodule that meets the frames first; see `Trainable.frame_layer`."""

    frame_axis: ClassVar[int]
    """Channel axis of its output."""

    @property
    def width(self) -> int:
        """Channels of a step."""
        raise NotImplementedError

    @property
    def n_channels(self) -> int:
        """Output channels: texts that are written of one recording."""
        return 1

    @property
    def full_flops(self) -> float:
        """Floating-point operations of a frame when nothing is left out and all context is there."""
        raise NotImplementedError

    def start(self, n: int) -> State:
        """The state before the first frame of `n` recordings, on the device of the weights."""
        raise NotImplementedError

    def forward(self, frames: torch.Tensor, state: State) -> Encoded:
        """Steps of the next frames.

        Args:
            frames: float (n, frames, n_features), at least one frame.
            state: what `start` or the last call gave; it is not changed.
        """
        raise NotImplementedError
