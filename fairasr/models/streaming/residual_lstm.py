"""Stacked LSTM layers, each with a norm in front of it and a residual path around it; plain stacks do not leave chance level."""

from __future__ import annotations

import torch
from torch import nn

from fairasr.models.recurrent import run_lstm
from fairasr.models.streaming.encoder import State
from fairasr.models.streaming.flops import layer_flops


class ResidualLSTM(nn.Module):
    """x <- x + dropout(LSTM(LayerNorm(x))) for each layer, and a LayerNorm at the end. Steps in, as many of the same width out.

    Args:
        width: channels of a step, and cells of every layer.
        n_layers: LSTM layers.
        dropout: of what a layer adds.
    """

    def __init__(self, width: int, *, n_layers: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(n_layers))
        self.layers = nn.ModuleList(nn.LSTM(width, width, batch_first=True) for _ in range(n_layers))
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(width)

    @property
    def width(self) -> int:
        """Channels of a step."""
        return self.norm.normalized_shape[0]

    @property
    def flops(self) -> float:
        """Floating-point operations of a step."""
        return layer_flops(*self.layers)

    def start(self, n: int) -> State:
        """The state before the first step of `n` recordings: `hidden` and `cell`, float (n, n_layers, width) of 0."""
        zeros = self.norm.weight.new_zeros(n, len(self.layers), self.width)
        return {"hidden": zeros, "cell": zeros}

    def forward(self, steps: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        """Steps (n, steps, width) to steps, and the state after the last of them; `state` is not changed."""
        hiddens, cells = [], []
        for i, (norm, layer) in enumerate(zip(self.norms, self.layers, strict=True)):
            # The layer wants its state as (1, n, width), the one axis that has no recordings first.
            before = (state["hidden"][:, i].unsqueeze(0).contiguous(), state["cell"][:, i].unsqueeze(0).contiguous())
            added, (hidden, cell) = run_lstm(layer, norm(steps), before)
            steps = steps + self.dropout(added)
            hiddens.append(hidden[0])
            cells.append(cell[0])
        return self.norm(steps), {"hidden": torch.stack(hiddens, dim=1), "cell": torch.stack(cells, dim=1)}
