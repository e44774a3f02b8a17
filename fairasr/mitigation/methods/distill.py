"""Replay with distillation: on replayed utterances the outputs are also pulled to those of the base model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from fairasr.mitigation.consolidation import DrawsGeneral
from fairasr.mitigation.memory import Weighting, memory_weights
from fairasr.mitigation.settings import require
from fairasr.mitigation.teacher import Teacher
from fairasr.models import Trainable
from fairasr.training import Hooks, TrainingData


@dataclass(frozen=True, kw_only=True)
class Distillation(DrawsGeneral):
    """Weighted replay plus a pull towards what the base model says of the replayed utterances.

        penalty = strength * T^2 * (1 / n) * sum over general utterances i of the batch of mean over steps t of KL(old_it || new_it)

    n is the size of the whole batch, so that the pull weighs with the replayed share as the replayed losses do. Distributions are
    softened by the temperature T (Hinton et al. 2015, arXiv 1503.02531); a step is a frame of CTC or a target token of attention.

    Attributes:
        share: share of the draws that are of the memory; 0 is plain fine-tuning bit for bit.
        strength: of the pull; 0 is replay.
        temperature: T.
        n_memory: utterances in the memory, drawn by the seed; all of the general population where there are fewer.
        weighting: as of `replay`.
    """

    method: ClassVar[str] = "distillation"
    strength_field: ClassVar[str] = "strength"
    strengths: ClassVar[tuple[float, ...]] = (0.1, 1.0, 10.0)
    strength: float = 1.0
    temperature: float = 2.0
    n_memory: int = 200
    weighting: Weighting = "even"

    def __post_init__(self) -> None:
        require(
            self.method,
            {
                f"share is {self.share}, not at least 0 and below 1": 0 <= self.share < 1,
                f"strength is {self.strength}, not a number of at least 0": 0 <= self.strength < float("inf"),
                f"temperature is {self.temperature}, not a number above 0": 0 < self.temperature < float("inf"),
                f"n_memory is {self.n_memory}, not at least 1": self.n_memory >= 1,
            },
        )

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """Sampling weights and the pull; nothing at share 0, no pull at strength 0."""
        if self.is_plain:
            return Hooks()
        return Hooks(
            sampling_weights=memory_weights(data, share=self.share, n_memory=self.n_memory, weighting=self.weighting, seed=seed),
            penalty=None
            if self.strength == 0
            else Teacher(model, general=~data.target, strength=self.strength, temperature=self.temperature),
        )
