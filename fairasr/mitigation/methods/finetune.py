"""Plain fine-tuning on the target cohorts: what every other method must beat."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from fairasr.mitigation.base import Simple
from fairasr.models import Trainable
from fairasr.training import Hooks, TrainingData


@dataclass(frozen=True, kw_only=True)
class FineTuning(Simple):
    """Train all parameters on utterances of the target cohorts, and nothing else."""

    method: ClassVar[str] = "fine-tuning"

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """None."""
        return Hooks()
