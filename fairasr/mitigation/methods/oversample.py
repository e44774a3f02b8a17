"""Oversampling: utterances of small cohorts are drawn more often (Dheram et al. 2022, arXiv 2207.11345)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from fairasr.core import UNKNOWN
from fairasr.mitigation.base import Simple
from fairasr.mitigation.settings import require
from fairasr.models import Trainable
from fairasr.training import Hooks, TrainingData


@dataclass(frozen=True, kw_only=True)
class Oversampling(Simple):
    """Draw every cohort about as often as the others, target cohorts and general population alike.

    An utterance of cohort c is drawn with weight min(max_weight, target_share / share_c) ** power, share_c being the cohort's share
    of all training utterances. Utterances of the cohort "unknown" weigh 1. Several cohorts below `target_share` are each raised to
    about it. What was really drawn is in the run's history (`target_share`) and in `Trained.drawn`.

    Attributes:
        power: 1 is the published weight, between 0 and 1 a part of it. 0 asks for no oversampling at all and trains bit for bit
            like plain fine-tuning, which draws target utterances alone; any power above 0 draws from everyone.
        target_share: share of the draws that every cohort is raised (or lowered) to; None: 1 / number of cohorts, all alike.
        max_weight: largest weight of an utterance before the power, so that a handful of them is not drawn over and over.
    """

    method: ClassVar[str] = "oversampling"
    strength_field: ClassVar[str] = "power"
    strengths: ClassVar[tuple[float, ...]] = (0.25, 0.5, 0.75, 1.0)
    power: float = 1.0
    target_share: float | None = None
    max_weight: float = 20.0

    def __post_init__(self) -> None:
        share = self.target_share
        require(
            self.method,
            {
                f"power is {self.power}, not a number of at least 0": 0 <= self.power < np.inf,
                f"target_share is {share}, not above 0 and at most 1": share is None or 0 < share <= 1,
                f"max_weight is {self.max_weight}, not a number above 0": 0 < self.max_weight < np.inf,
            },
        )

    def obstacle(self, model: Trainable, data: TrainingData) -> str | None:
        """That there is nothing to train on, or no second cohort to draw more often than."""
        n_cohorts = len(set(data.cohorts) - {UNKNOWN})
        if self.power > 0 and n_cohorts < 2:
            return f"the training utterances are of {n_cohorts} known cohort{'s' * (n_cohorts != 1)}, and oversampling needs 2"
        return super().obstacle(model, data)

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """Sampling weights over all utterances; none at power 0."""
        return Hooks() if self.power == 0 else Hooks(sampling_weights=self.weights(data.cohorts))

    def weights(self, cohorts: np.ndarray) -> np.ndarray:
        """Sampling weight of each utterance, float (n_utterances,) > 0, from its cohort, str (n_utterances,)."""
        labels, codes, counts = np.unique(np.asarray(cohorts, dtype=str), return_inverse=True, return_counts=True)
        known = labels != UNKNOWN
        target_share = self.target_share if self.target_share is not None else 1 / max(1, int(known.sum()))
        weights = np.minimum(self.max_weight, target_share / (counts / counts.sum()))
        return np.asarray(np.where(known, weights, 1.0)[codes] ** self.power)
