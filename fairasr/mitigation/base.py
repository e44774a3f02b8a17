"""What a mitigation is: settings that become hooks of the one training loop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, Self

from fairasr.models import Trainable
from fairasr.training import Hooks, TrainingData


class Mitigation(Protocol):
    """Settings of one method: a frozen dataclass, one per file in `methods/`, one line in METHODS.

    The order of calls: `obstacle`, `prepared` (a clone), `hooks`, the loop, `finished`.
    """

    strength_field: ClassVar[str]
    """The setting that a sweep varies ("strength", "share"); "" where there is none."""

    strengths: ClassVar[tuple[float, ...]]
    """Values a sweep tries unless told otherwise, from weak to strong."""

    @property
    def method(self) -> str:
        """Name of the method, as in job files and reports."""

    def obstacle(self, model: Trainable, data: TrainingData) -> str | None:
        """Why the method cannot work here, as a sentence without a full stop; None where it can."""

    def trained_as(self) -> Mitigation:
        """The method whose training this one finishes differently (interpolation: plain fine-tuning); itself for most.

        Two methods that are trained as equal settings share one training run.
        """

    def prepared(self, model: Trainable, data: TrainingData) -> Trainable:
        """The clone that will be trained: some parameters frozen, some added. `model` is not changed."""

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """What to do to the loop.

        Args:
            model: what `prepared` gave; its weights are still those it starts from.
            data: the utterances.
            seed: of every draw that the method makes.
            cache: folder where costly things (a Fisher information) are kept between runs of one job, keyed by what they were
                computed from.

        Raises:
            TrainingError: the method cannot work on this model or data.
        """

    def finished(self, trained: Trainable, *, base: Trainable) -> Trainable:
        """The model to be measured, from the one that the loop has trained (adapters merged, weights averaged)."""


@dataclass(frozen=True, kw_only=True)
class Simple:
    """A method that trains all parameters of a clone and measures what comes out: what most methods inherit."""

    strength_field: ClassVar[str] = ""
    strengths: ClassVar[tuple[float, ...]] = ()

    def obstacle(self, model: Trainable, data: TrainingData) -> str | None:
        """Only that there is nothing to train on."""
        return None if data.target.any() else "no training utterance is of a target cohort"

    def trained_as(self) -> Self:
        """Itself."""
        return self

    def prepared(self, model: Trainable, data: TrainingData) -> Trainable:
        """A clone."""
        return model.clone()

    def finished(self, trained: Trainable, *, base: Trainable) -> Trainable:
        """As trained."""
        return trained
