"""Fine-tuning on a mix of the target cohorts and the general population."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from fairasr.mitigation.consolidation import DrawsGeneral
from fairasr.mitigation.settings import require
from fairasr.models import Trainable
from fairasr.training import Hooks, TrainingData


@dataclass(frozen=True, kw_only=True)
class TargetGeneralMix(DrawsGeneral):
    """Draw target utterances and others in a fixed proportion, evenly within each.

    Attributes:
        share: share of the draws that are of the general population; 0 is plain fine-tuning bit for bit.
    """

    method: ClassVar[str] = "mix"
    strength_field: ClassVar[str] = "share"
    strengths: ClassVar[tuple[float, ...]] = (0.1, 0.25, 0.5, 0.75, 0.9)
    share: float = 0.5

    def __post_init__(self) -> None:
        require(self.method, {f"share is {self.share}, not at least 0 and below 1": 0 <= self.share < 1})

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """Sampling weights; none at share 0."""
        if self.is_plain:
            return Hooks()
        weights = np.where(data.target, (1 - self.share) / len(data.target_rows), self.share / len(data.general_rows))
        return Hooks(sampling_weights=weights)
