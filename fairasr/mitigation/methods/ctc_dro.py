"""CTC-DRO: group weights for sequence losses, which do not compare across groups (Bartelds et al. 2025, arXiv 2502.01777)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from fairasr.mitigation.base import Simple
from fairasr.mitigation.group_weights import coded, copied, loss_by_group, moved, weighted_sum
from fairasr.mitigation.settings import require
from fairasr.models import Trainable
from fairasr.training import Hooks, Step, TrainingData


@dataclass(frozen=True, kw_only=True)
class CTCDRO(Simple):
    """Weigh each group's losses by q_g G; q grows with the group's loss, the less the larger it is (Bartelds et al. 2025).

    A batch holds utterances of one group and about as much audio as any other batch. Once every group was seen,
    q_g becomes q_g exp(step_size L_g / (q_g + smoothing)), renormalised to sum 1, where L_g is the mean loss of the group's
    utterances since the last time. Were the losses frozen, q would settle at (1 + G smoothing) L_g / sum L - smoothing where that
    is positive, while plain group DRO would end with everything on one group.

    Losses are per target symbol, where the paper sums them over batches of matched duration: step sizes of the paper are for
    numbers hundreds of times as large. Groups are the cohorts of all training utterances, "unknown" among them.

    Attributes:
        step_size: how fast q follows the losses; 0 keeps all groups alike.
        smoothing: alpha; the larger, the nearer q stays to even.
    """

    method: ClassVar[str] = "ctc-dro"
    strength_field: ClassVar[str] = "step_size"
    strengths: ClassVar[tuple[float, ...]] = (0.01, 0.1, 0.5)
    step_size: float = 0.1
    smoothing: float = 0.5

    def __post_init__(self) -> None:
        require(
            self.method,
            {
                f"step_size is {self.step_size}, not a number of at least 0": 0 <= self.step_size < np.inf,
                f"smoothing is {self.smoothing}, not a number above 0": 0 < self.smoothing < np.inf,
            },
        )

    def obstacle(self, model: Trainable, data: TrainingData) -> str | None:
        """That all training utterances are of one group."""
        return super().obstacle(model, data) if len(set(data.cohorts)) > 1 else "all training utterances are of one cohort"

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """Batches of one group each, losses reweighted."""
        term = SmoothedMixture(cohorts=data.cohorts, step_size=self.step_size, smoothing=self.smoothing)
        return Hooks(sampling_weights=np.ones(len(data)), batch_groups=np.asarray(data.cohorts, dtype=str), reduce=term)


class SmoothedMixture:
    """The mean of q_g G loss_i over the batch, and its state: q, and the losses since q moved last.

    Args:
        cohorts: of each utterance, str (n_utterances,).
        step_size: of q.
        smoothing: alpha.
    """

    def __init__(self, *, cohorts: np.ndarray, step_size: float, smoothing: float) -> None:
        self._codes, n_groups = coded(cohorts)
        self._step_size, self._smoothing = step_size, smoothing
        self.weights = torch.full((n_groups,), 1 / n_groups, dtype=torch.float64)
        """q: float64 (n_groups,), sums to 1; groups in the order of their sorted labels."""
        self._sums = torch.zeros(n_groups, dtype=torch.float64)
        self._counts = torch.zeros(n_groups, dtype=torch.float64)

    def __call__(self, step: Step) -> torch.Tensor:
        """This process's utterances' part of the loss."""
        sums, counts = loss_by_group(step, self._codes, len(self.weights))
        self._sums, self._counts = self._sums + sums, self._counts + counts
        if bool((self._counts > 0).all()):
            means = self._sums / self._counts
            self.weights = moved(self.weights, self._step_size * means / (self.weights + self._smoothing))
            self._sums, self._counts = torch.zeros_like(self._sums), torch.zeros_like(self._counts)
        groups = self._codes[torch.as_tensor(step.rows)]
        return weighted_sum(step, self.weights[groups] * len(self.weights)) / step.global_size

    def state_dict(self) -> dict[str, torch.Tensor]:
        """q, and the losses since it moved last."""
        return {"weights": self.weights.clone(), "sums": self._sums.clone(), "counts": self._counts.clone()}

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Go on from there."""
        self.weights, self._sums, self._counts = (copied(state, name) for name in ("weights", "sums", "counts"))
