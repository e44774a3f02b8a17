"""Weighted replay: a memory of the general population is drawn from while fine-tuning (Vander Eeckt & Van hamme 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from fairasr.mitigation.consolidation import DrawsGeneral
from fairasr.mitigation.memory import Weighting, memory_weights
from fairasr.mitigation.settings import require
from fairasr.models import Trainable
from fairasr.training import Hooks, TrainingData


@dataclass(frozen=True, kw_only=True)
class Replay(DrawsGeneral):
    """Draw target utterances, and now and then one of a small memory of the general population.

    Unlike `mix`, it needs only the memory at hand, as where the general population's recordings must not all be kept.

    Attributes:
        share: share of the draws that are of the memory; 0 is plain fine-tuning bit for bit.
        n_memory: utterances in the memory, drawn by the seed; all of the general population where there are fewer.
        weighting: chance of each utterance of the memory: "even", or such that every "speaker" or every "cohort" in it is drawn
            equally often.
    """

    method: ClassVar[str] = "replay"
    strength_field: ClassVar[str] = "share"
    strengths: ClassVar[tuple[float, ...]] = (0.1, 0.25, 0.5, 0.75)
    n_memory: int = 200
    weighting: Weighting = "even"

    def __post_init__(self) -> None:
        require(
            self.method,
            {
                f"share is {self.share}, not at least 0 and below 1": 0 <= self.share < 1,
                f"n_memory is {self.n_memory}, not at least 1": self.n_memory >= 1,
            },
        )

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """Sampling weights; none at share 0."""
        if self.is_plain:
            return Hooks()
        return Hooks(
            sampling_weights=memory_weights(data, share=self.share, n_memory=self.n_memory, weighting=self.weighting, seed=seed)
        )
