"""Floating-point operations of a frame, from the sizes of the layers: each weight multiplies and adds once where it is used.

PyTorch's own counter sees no `nn.LSTM` on a CPU. Biases, norms, activations and gates are left out here as they are there: together
they are a few operations per channel.
"""

from __future__ import annotations

from torch import nn

Counted = nn.Linear | nn.Conv1d | nn.Conv2d | nn.LSTM


def layer_flops(*layers: Counted, places: int = 1) -> float:
    """Operations of all `layers` for one frame, multiplications and additions apart.

    Args:
        layers: with one output a frame and place.
        places: along the frequency axis, for a convolution over time and frequency.
    """
    return 2.0 * places * sum(_n_weights(layer) for layer in layers)


def _n_weights(layer: Counted) -> int:
    if isinstance(layer, nn.LSTM):
        return sum(weight.numel() for name, weight in layer.named_parameters() if name.startswith("weight"))
    return layer.weight.numel()
