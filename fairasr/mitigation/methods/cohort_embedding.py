"""Cohort embedding: the model is told which cohort the speaker is in (Dheram et al. 2022, arXiv 2207.11345)."""

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
class CohortEmbedding(Simple):
    """Append a learned vector of 2 numbers of the speaker's cohort to every acoustic frame; train on everyone, drawn evenly.

    The model that comes out also transcribes speakers of unknown cohort; given the cohorts of the frozen rule it uses them.

    Attributes:
        dropout: share of training utterances whose cohort is withheld, so that the model works without it.
    """

    method: ClassVar[str] = "cohort-embedding"
    dropout: float = 0.1

    def __post_init__(self) -> None:
        require(self.method, {f"dropout is {self.dropout}, not at least 0 and below 1": 0 <= self.dropout < 1})

    def obstacle(self, model: Trainable, data: TrainingData) -> str | None:
        """That there are no two cohorts to tell apart, or nothing to train on."""
        n_cohorts = len(_labels(data))
        if n_cohorts < 2:
            return f"the training utterances are of {n_cohorts} known cohort{'s' * (n_cohorts != 1)}, and the embedding needs 2"
        return super().obstacle(model, data)

    def prepared(self, model: Trainable, data: TrainingData) -> Trainable:
        """A clone that takes cohorts; it transcribes as the model does until it is trained."""
        from fairasr.models.cohort_conditioned import CohortConditioned

        return CohortConditioned(model.clone(), labels=_labels(data), dropout=self.dropout)

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """Every utterance is drawn alike: vectors of the general population's cohorts are learned too."""
        return Hooks(sampling_weights=np.ones(len(data)))


def _labels(data: TrainingData) -> list[str]:
    return sorted({str(cohort) for cohort in data.cohorts} - {UNKNOWN})
