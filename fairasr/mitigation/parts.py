"""Which parameters a method trains: all, or those of one part of the recogniser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from fairasr.mitigation.base import Simple
from fairasr.models import Trainable
from fairasr.training import TrainingData

PartChoice = Literal["all", "acoustic", "language"]

Trains = Callable[[str], bool]
"""Name of a parameter in `module` -> whether it is trained."""


def trainable_parameters(module: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    """Parameters that get a gradient, by name; one that is tied to another counts once, under its first name."""
    return {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}


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


@dataclass(frozen=True, kw_only=True)
class OfParts(Simple):
    """A method that trains some of the parameters.

    Attributes:
        parts: which are trained; the others are frozen.
    """

    parts: PartChoice = "all"

    def trains(self, model: Trainable) -> Trains:
        """True for the parameters of `parts`."""
        return lambda name: self.parts == "all" or model.part_of(name) == self.parts

    @property
    def choice(self) -> str:
        """What was chosen, in the words of a job file."""
        return f"parts = '{self.parts}'"

    def obstacle(self, model: Trainable, data: TrainingData) -> str | None:
        """That there is nothing to train on, or nothing to train."""
        return super().obstacle(model, data) or nothing_trains(model, self.trains(model), what=self.choice)

    def prepared(self, model: Trainable, data: TrainingData) -> Trainable:
        """A clone of which only the chosen parameters are trained."""
        return clone_that_trains(model, self.trains(model))
