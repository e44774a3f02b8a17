"""What the methods that hold on to what the base model can do share: when they can run, and which utterances they look at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch

from fairasr.mitigation.base import Simple
from fairasr.mitigation.parts import trainable_parameters
from fairasr.models import Trainable
from fairasr.training import TrainingData

NO_GENERAL = "every training utterance is of a target cohort, so there is no general population"


class UsesGeneral(Simple, ABC):
    """A method that looks at the general population, unless its settings make it plain fine-tuning."""

    @property
    @abstractmethod
    def is_plain(self) -> bool:
        """Whether it is plain fine-tuning as it is set."""

    def obstacle(self, model: Trainable, data: TrainingData) -> str | None:
        """That there is no general population, or what else stands in the way of the method."""
        if not self.is_plain and len(data.general_rows) == 0:
            return NO_GENERAL
        return super().obstacle(model, data)


@dataclass(frozen=True, kw_only=True)
class DrawsGeneral(UsesGeneral):
    """A method that also draws utterances of the general population.

    Attributes:
        share: share of the draws that are of it; 0 is plain fine-tuning bit for bit.
    """

    share: float = 0.25

    @property
    def is_plain(self) -> bool:
        """Whether only the target is drawn."""
        return self.share == 0


def general_sample(data: TrainingData, n: int, *, seed: int) -> np.ndarray:
    """Rows of `n` utterances of the general population, drawn without replacement; all of them where there are no more. Sorted."""
    rows = data.general_rows
    if len(rows) <= n:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, size=n, replace=False))


def anchor(model: Trainable) -> dict[str, torch.Tensor]:
    """theta*: the trainable parameters as they are; not a copy."""
    return {name: parameter.detach() for name, parameter in trainable_parameters(model.module).items()}
