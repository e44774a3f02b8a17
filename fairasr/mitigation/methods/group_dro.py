"""Group distributionally robust optimisation: train for the worst mixture of groups (Sagawa et al. 2020, arXiv 1911.08731)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from fairasr.mitigation.base import Simple
from fairasr.mitigation.group_weights import coded, copied, evenly, loss_by_group, moved, weighted_sum
from fairasr.mitigation.settings import require
from fairasr.models import Trainable
from fairasr.training import Hooks, Step, TrainingData


@dataclass(frozen=True, kw_only=True)
class GroupDRO(Simple):
    """Minimise sum_g q_g L_g while q_g grows with the loss of its group (Sagawa et al. 2020, algorithm 1).

    Groups are the cohorts of all training utterances, "unknown" among them, and are drawn equally often. L_g is the mean, over the
    batch's utterances of group g, of the loss per target symbol (the paper classifies and has no lengths; undivided losses would
    teach it duration). Before each loss q_g becomes q_g exp(step_size L_g), renormalised to sum 1; a group absent from the batch
    counts with L_g = 0. The batch is what goes through the model at once: with accumulation q moves at every micro-batch.

    Attributes:
        step_size: how fast q follows the losses; 0 keeps all groups alike.
    """

    method: ClassVar[str] = "group-dro"
    strength_field: ClassVar[str] = "step_size"
    strengths: ClassVar[tuple[float, ...]] = (0.001, 0.01, 0.1)
    step_size: float = 0.01

    def __post_init__(self) -> None:
        require(self.method, {f"step_size is {self.step_size}, not a number of at least 0": 0 <= self.step_size < np.inf})

    def obstacle(self, model: Trainable, data: TrainingData) -> str | None:
        """That all training utterances are of one group."""
        return super().obstacle(model, data) if len(set(data.cohorts)) > 1 else "all training utterances are of one cohort"

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """Groups drawn evenly, losses reweighted."""
        return Hooks(sampling_weights=evenly(data.cohorts), reduce=WorstMixture(cohorts=data.cohorts, step_size=self.step_size))


class WorstMixture:
    """The loss sum_g q_g L_g, and its state q.

    Args:
        cohorts: of each utterance, str (n_utterances,).
        step_size: of q.
    """

    def __init__(self, *, cohorts: np.ndarray, step_size: float) -> None:
        self._codes, n_groups = coded(cohorts)
        self._step_size = step_size
        self.weights = torch.full((n_groups,), 1 / n_groups, dtype=torch.float64)
        """q: float64 (n_groups,), sums to 1; groups in the order of their sorted labels."""

    def __call__(self, step: Step) -> torch.Tensor:
        """This process's utterances' part of the loss."""
        sums, counts = loss_by_group(step, self._codes, len(self.weights))
        means = sums / counts.clamp(min=1)
        self.weights = moved(self.weights, self._step_size * means)
        groups = self._codes[torch.as_tensor(step.rows)]
        return weighted_sum(step, (self.weights / counts.clamp(min=1))[groups])

    def state_dict(self) -> dict[str, torch.Tensor]:
        """q."""
        return {"weights": self.weights.clone()}

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Go on from there."""
        self.weights = copied(state, "weights")
