"""The part of a transducer that joins what is heard and what is written: tanh(W_e e + W_p p), then scores of the symbols."""

from __future__ import annotations

import torch
from torch import nn


class Joint(nn.Module):
    """Scores of the next symbol at a point of the lattice.

    A step of the encoder and a state of the predictor are each at many points, so their layers are apart from the output's.

    Args:
        encoder_width: channels of a step.
        predictor_width: channels of what the predictor says.
        width: channels that both are brought to.
        n_symbols: numbers of the vocabulary, the blank among them.
    """

    def __init__(self, *, encoder_width: int, predictor_width: int, width: int, n_symbols: int) -> None:
        super().__init__()
        self.of_steps = nn.Linear(encoder_width, width)
        self.of_text = nn.Linear(predictor_width, width, bias=False)
        self.output = nn.Linear(width, n_symbols)

    def forward(self, heard: torch.Tensor, written: torch.Tensor) -> torch.Tensor:
        """Scores before any softmax, float (..., n_symbols), of `of_steps` and `of_text`, (..., width) each; they broadcast."""
        return self.output((heard + written).tanh())  # type: ignore[no-any-return]

    @property
    def step_flops(self) -> float:
        """Floating-point operations of a step, once for all its points."""
        return 2.0 * self.of_steps.weight.numel()

    @property
    def text_flops(self) -> float:
        """Of a symbol written, once for all its points."""
        return 2.0 * self.of_text.weight.numel()

    @property
    def point_flops(self) -> float:
        """Of a point."""
        return 2.0 * self.output.weight.numel() + self.output.in_features
