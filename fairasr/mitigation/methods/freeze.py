"""Layer freezing: only a part of the recogniser is fine-tuned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from fairasr.mitigation.base import Simple
from fairasr.mitigation.parts import PartChoice, Trains, clone_that_trains, nothing_trains, trains_part
from fairasr.mitigation.settings import require
from fairasr.models import Trainable
from fairasr.training import Hooks, TrainingData


@dataclass(frozen=True, kw_only=True)
class Freezing(Simple):
    """Fine-tune some parameters on the target cohorts and leave the rest as they are.

    Attributes:
        parts: the part that is trained; "all" (and no `prefixes`) is plain fine-tuning bit for bit.
        prefixes: of that part, only parameters whose name in the module begins with one of these; empty: all of it.
    """

    method: ClassVar[str] = "freezing"
    parts: PartChoice = "language"
    prefixes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(self.method, {"prefixes hold an empty text, which every name begins with": all(self.prefixes)})

    def obstacle(self, model: Trainable, data: TrainingData) -> str | None:
        """That there is nothing to train on, or nothing to train."""
        what = f"parts = '{self.parts}'" + (f" with prefixes = {list(self.prefixes)}" if self.prefixes else "")
        return super().obstacle(model, data) or nothing_trains(model, self._trains(model), what=what)

    def prepared(self, model: Trainable, data: TrainingData) -> Trainable:
        """A clone of which only the chosen parameters are trained."""
        return clone_that_trains(model, self._trains(model))

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """None."""
        return Hooks()

    def _trains(self, model: Trainable) -> Trains:
        of_part = trains_part(model, self.parts)
        return lambda name: of_part(name) and (not self.prefixes or name.startswith(self.prefixes))
