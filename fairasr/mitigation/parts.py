"""Which parameters a method trains: all, or those of one part of the recogniser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch

from fairasr.models import Trainable

PartChoice = Literal["all", "acoustic", "language"]

Trains = Callable[[str], bool]
"""Name of a parameter in `module` -> whether it is trained."""


def trainable_parameters(module: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    """Parameters that get a gradient, by name; one that is tied to another counts once, under its first name."""
    return {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}


def trains_part(model: Trainable, parts: PartChoice) -> Trains:
    """True for the parameters of the part."""
    return lambda name: parts == "all" or model.part_of(name) == parts


def clone_that_trains(model: Trainable, trains: Trains) -> Trainable:
    """A clone of which only the parameters that `trains` names are trained; those frozen in `model` stay frozen."""
    clone = model.clone()
    flags = {name: parameter.requires_grad for name, parameter in model.module.named_parameters()}
    for name, parameter in clone.module.named_parameters():
        parameter.requires_grad_(flags[name] and trains(name))
    return clone


def nothing_trains(model: Trainable, trains: Trains, *, what: str) -> str | None:
    """That no parameter is left to train, with some names there are; None where one is. `what` names the choice."""
    names = list(trainable_parameters(model.module))
    if any(trains(name) for name in names):
        return None
    first = ", ".join(names[:3]) or "none"
    return f"{what} leaves none of the model's {len(names):,} trainable parameter tensors to train (they are {first}, ...)"
