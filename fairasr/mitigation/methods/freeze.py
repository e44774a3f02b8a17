"""Layer freezing: only a part of the recogniser is fine-tuned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from fairasr.mitigation.parts import OfParts, PartChoice, Trains
from fairasr.mitigation.settings import require
from fairasr.models import Trainable
from fairasr.training import Hooks, TrainingData


@dataclass(frozen=True, kw_only=True)
class Freezing(OfParts):
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

    @property
    def choice(self) -> str:
        """What was chosen, in the words of a job file."""
        return super().choice + (f" with prefixes = {list(self.prefixes)}" if self.prefixes else "")

    def trains(self, model: Trainable) -> Trains:
        """True for the parameters of `parts` that one of `prefixes` names."""
        of_part = super().trains(model)
        return lambda name: of_part(name) and (not self.prefixes or name.startswith(self.prefixes))

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """None."""
        return Hooks()
