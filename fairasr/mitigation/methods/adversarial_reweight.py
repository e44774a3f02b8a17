"""Adversarially reweighted learning: find hard regions without group labels (Lahoti et al. 2020, arXiv 2006.13114)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from fairasr.mitigation.base import Simple
from fairasr.mitigation.group_weights import copied, over_processes, weighted_sum
from fairasr.mitigation.settings import require
from fairasr.mitigation.utterance_features import n_features, utterance_features
from fairasr.models import Trainable
from fairasr.training import Hooks, Step, TrainingData

LEAST_MEAN = 1e-4
"""The adversary's mean output is divided by no less than this, so that weights stay finite when it says "none"."""

LEAST_PER_FEATURE = 10
"""Utterances. In a trial of ours with 18 features, references spoilt at random got a fifth more weight than others with 200
utterances, 3 % more with 1,600."""


@dataclass(frozen=True, kw_only=True)
class AdversarialReweighting(Simple):
    """Weigh utterances by an adversary that looks for those with large loss; no cohorts are needed.

    With features x_i of an utterance's recording and reference, f_i = sigmoid(v.x_i + b) and weight
    lambda_i = 1 + f_i / mean of the batch's f (Lahoti et al. 2020): at least 1, on average 2. The model minimises the
    mean of lambda_i loss_i, the adversary maximises it, one step each in turn. Losses are per target symbol. The adversary is
    linear: what it cannot tell by a plane through the features, such as utterances whose reference is wrong, gains no weight.

    All utterances are drawn evenly. Steps count batches that go through the model at once, micro-batches with accumulation. At the
    end of the pretraining weights go from 1 to 2 on average, which an optimiser that does not normalise sees as a doubled rate.

    Attributes:
        pretraining_steps: steps before the adversary comes in; until then the loss is the plain mean.
        adversary_learning_rate: of the adversary's own optimiser (Adagrad).
        n_bands: mel bands whose mean and spread the adversary sees: its capacity, 2 n_bands + 2 features.
    """

    method: ClassVar[str] = "arl"
    strength_field: ClassVar[str] = "adversary_learning_rate"
    strengths: ClassVar[tuple[float, ...]] = (0.01, 0.03, 0.1)
    pretraining_steps: int = 20
    adversary_learning_rate: float = 0.03
    n_bands: int = 8

    def __post_init__(self) -> None:
        rate = self.adversary_learning_rate
        require(
            self.method,
            {
                f"pretraining_steps is {self.pretraining_steps}, not at least 0": self.pretraining_steps >= 0,
                f"adversary_learning_rate is {rate}, not a number of at least 0": 0 <= rate < np.inf,
                f"n_bands is {self.n_bands}, not in 1..40": 1 <= self.n_bands <= 40,
            },
        )

    def obstacle(self, model: Trainable, data: TrainingData) -> str | None:
        """That there are too few utterances for what the adversary can tell, or nothing to train on."""
        needed = LEAST_PER_FEATURE * n_features(self.n_bands)
        if len(data) < needed:
            return (
                f"there are {len(data):,} training utterances, and with n_bands {self.n_bands} the adversary needs {needed:,} "
                f"so as not to fit their accidents"
            )
        return super().obstacle(model, data)

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """All utterances drawn evenly, losses reweighted.

        Raises:
            TrainingError: a recording cannot be read.
        """
        term = AgainstAdversary(
            features=utterance_features(data, n_bands=self.n_bands, cache=cache),
            pretraining_steps=self.pretraining_steps,
            learning_rate=self.adversary_learning_rate,
        )
        return Hooks(sampling_weights=np.ones(len(data)), reduce=term)


class AgainstAdversary:
    """The mean of lambda_i loss_i over the batch, and its state: the adversary.

    Args:
        features: of each utterance, standardised, float (n_utterances, n_features).
        pretraining_steps: steps with lambda = 1.
        learning_rate: of the adversary.
    """

    def __init__(self, *, features: np.ndarray, pretraining_steps: int, learning_rate: float) -> None:
        with_bias = np.column_stack([features, np.ones(len(features))])
        self._features = torch.tensor(with_bias, dtype=torch.float64)
        self._pretraining_steps, self._learning_rate = pretraining_steps, learning_rate
        self._plane = torch.zeros(self._features.shape[1], dtype=torch.float64)
        self._squares = torch.zeros_like(self._plane)
        self._steps = torch.zeros((), dtype=torch.int64)

    def __call__(self, step: Step) -> torch.Tensor:
        """This process's utterances' part of the loss."""
        self._steps = self._steps + 1
        if int(self._steps) <= self._pretraining_steps:
            return weighted_sum(step, torch.ones(len(step.rows))) / step.global_size
        features = self._features[torch.as_tensor(step.rows)]
        said = torch.sigmoid(features @ self._plane)
        losses = step.losses_per_symbol.detach().to(device="cpu", dtype=torch.float64)
        slopes = (said * (1 - said))[:, None] * features
        sums = torch.cat([torch.stack([said.sum(), said @ losses]), slopes.sum(dim=0), losses @ slopes])
        mean_said, mean_product, slope_said, slope_product = _split(
            over_processes(sums, device=step.losses.device) / step.global_size
        )
        divisor = max(float(mean_said), LEAST_MEAN)
        loss = weighted_sum(step, 1 + said / divisor) / step.global_size
        slope = slope_product / divisor
        if float(mean_said) > LEAST_MEAN:
            slope = slope - mean_product * slope_said / divisor**2
        self._ascend(slope)
        return loss

    def weights(self, rows: np.ndarray) -> np.ndarray:
        """lambda of some utterances as one batch, by the adversary as it is now: float (n,), at least 1, mean 2."""
        said = torch.sigmoid(self._features[torch.as_tensor(rows)] @ self._plane)
        return np.asarray((1 + said / max(float(said.mean()), LEAST_MEAN)).numpy())

    def state_dict(self) -> dict[str, torch.Tensor]:
        """The adversary's plane, its optimiser's sums of squares, and the steps so far."""
        return {"plane": self._plane.clone(), "squares": self._squares.clone(), "steps": self._steps.clone()}

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Go on from there."""
        self._plane, self._squares, self._steps = (copied(state, name) for name in ("plane", "squares", "steps"))

    def _ascend(self, slope: torch.Tensor) -> None:
        """One step of Adagrad up the mean weighted loss, whose slope with regard to plane and bias this is."""
        self._squares = self._squares + slope**2
        self._plane = self._plane + self._learning_rate * slope / (self._squares.sqrt() + 1e-10)


def _split(sums: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Two numbers and two vectors of equal length, from one after another."""
    half = (len(sums) - 2) // 2
    return sums[0], sums[1], sums[2 : 2 + half], sums[2 + half :]
