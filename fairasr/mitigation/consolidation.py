"""What the methods that hold on to the weights of the base model share: when they can run, and which utterances they look at."""

from __future__ import annotations

import numpy as np
import torch

from fairasr.mitigation.parts import trainable_parameters
from fairasr.models import Trainable
from fairasr.training import TrainingData

NO_GENERAL = "every training utterance is of a target cohort, so there is no general population"
"""The obstacle of all that look at the general population."""


def general_sample(data: TrainingData, n: int, *, seed: int) -> np.ndarray:
    """Rows of `n` utterances of the general population, drawn without replacement; all of them where there are no more. Sorted."""
    rows = data.general_rows
    if len(rows) <= n:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, size=n, replace=False))


def anchor(model: Trainable) -> dict[str, torch.Tensor]:
    """theta*: the trainable parameters as they are; not a copy."""
    return {name: parameter.detach() for name, parameter in trainable_parameters(model.module).items()}
