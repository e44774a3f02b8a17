"""First weights of a network from a seed alone: no global random state is read or changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)


def initialised(make: Callable[[], M], *, seed: int) -> M:
    """The module that `make` makes, with random weights, in eval mode: same seed, same weights."""
    # Built without memory first, so that torch draws nothing from its global generator.
    with torch.device("meta"):
        module = make()
    module.to_empty(device="cpu")
    initialise(module, seed=seed)
    return module.eval()


def initialise(module: nn.Module, *, seed: int) -> None:
    """Fill every parameter and buffer of a module.

    Linear and convolutional layers, embeddings, LSTMs and layer norms are known here. A submodule with parameters or buffers of
    its own has a method `initialise(generator)`, which fills those and leaves its submodules alone.

    Raises:
        TypeError: a submodule is neither.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in module.modules():
            own = getattr(layer, "initialise", None)
            if own is not None:
                own(generator)
            elif isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d)):
                _uniform(layer.weight, width=layer.weight[0].numel() ** -0.5, generator=generator)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
            elif isinstance(layer, nn.Embedding):
                nn.init.normal_(layer.weight, generator=generator)
            elif isinstance(layer, nn.LSTM):
                _lstm(layer, generator)
            elif isinstance(layer, nn.LayerNorm):
                for parameter, value in ((layer.weight, 1.0), (layer.bias, 0.0)):
                    if parameter is not None:
                        nn.init.constant_(parameter, value)
            elif [*layer.parameters(recurse=False), *layer.buffers(recurse=False)]:
                raise TypeError(f"{type(layer).__name__} has weights that nothing fills: give it a method initialise(generator)")


def _lstm(layer: nn.LSTM, generator: torch.Generator) -> None:
    for name, parameter in layer.named_parameters():
        if name.startswith("weight"):
            _uniform(parameter, width=layer.hidden_size**-0.5, generator=generator)
        else:
            nn.init.zeros_(parameter)
        if name.startswith("bias_ih"):
            # Open forget gates remember from the first step on (Jozefowicz et al. 2015); gates are in the order i, f, g, o.
            parameter[layer.hidden_size : 2 * layer.hidden_size] = 1.0


def _uniform(parameter: torch.Tensor, *, width: float, generator: torch.Generator) -> None:
    nn.init.uniform_(parameter, -width, width, generator=generator)
