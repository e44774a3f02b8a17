"""Recurrent layers: the mode in which they can be differentiated, and the precision in which they run on every processor."""

from __future__ import annotations

import torch
from torch import nn


def keep_differentiable(module: nn.Module) -> None:
    """Put the recurrent layers without dropout into training mode, whatever mode the rest is in.

    On a GPU they have no backward pass in eval mode; without dropout the modes give the same numbers.
    """
    for layer in module.modules():
        if isinstance(layer, nn.RNNBase) and layer.dropout == 0:
            layer.train()


def run_lstm(
    layer: nn.Module, steps: torch.Tensor, state: tuple[torch.Tensor, torch.Tensor]
) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
    """What an LSTM makes of `steps`, and its state after them. Under autocast on a CPU it runs in the precision of its weights.

    Not every CPU has an LSTM of half precision, and torch then raises instead of taking another.
    """
    if steps.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
        return layer(steps, state)  # type: ignore[no-any-return]
    precision = next(layer.parameters()).dtype
    with torch.autocast("cpu", enabled=False):
        return layer(steps.to(precision), (state[0].to(precision), state[1].to(precision)))  # type: ignore[no-any-return]
