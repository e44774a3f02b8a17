"""L2-SP: a spring of equal stiffness on every parameter, towards the base model (Li et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from fairasr.mitigation.consolidation import anchor
from fairasr.mitigation.parts import OfParts
from fairasr.mitigation.penalty import Diagonal, QuadraticPenalty
from fairasr.mitigation.settings import require
from fairasr.models import Trainable
from fairasr.training import Hooks, TrainingData


@dataclass(frozen=True, kw_only=True)
class L2SP(OfParts):
    """Fine-tune with the penalty (strength / 2) sum_i (theta_i - theta*_i)^2: elastic weight consolidation with F = 1.

    What EWC must beat to show that its Fisher information says something (Li et al. 2018, arXiv 1802.01483, eq. 3).

    Attributes:
        strength: 0 is plain fine-tuning bit for bit (of `parts`). In the same unit as that of EWC, whose F has mean 1.
        parts: which parameters are trained; the others are frozen.
    """

    method: ClassVar[str] = "l2-sp"
    strength_field: ClassVar[str] = "strength"
    strengths: ClassVar[tuple[float, ...]] = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
    strength: float = 0.1

    def __post_init__(self) -> None:
        require(
            self.method,
            {f"strength is {self.strength}, not a number of at least 0": 0 <= self.strength < float("inf")},
        )

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """The penalty; none at strength 0."""
        if self.strength == 0:
            return Hooks()
        return Hooks(penalty=QuadraticPenalty(strength=self.strength, precision=Diagonal(anchor(model))))
