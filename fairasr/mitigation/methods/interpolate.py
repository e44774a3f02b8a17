"""Weight interpolation: a point between the base model and the fine-tuned one (Wortsman et al. 2022, WiSE-FT)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch

from fairasr.core.errors import TrainingError
from fairasr.mitigation.base import Mitigation, Simple
from fairasr.mitigation.settings import require
from fairasr.models import Trainable
from fairasr.training import Hooks, TrainingData


@dataclass(frozen=True, kw_only=True)
class Interpolation(Simple):
    """Train as plain fine-tuning, then take theta0 + alpha (theta1 - theta0) of all weights and statistics.

    A sweep over alpha shares one training run. Counts (integer buffers) are those of the trained model,
    but of the base model where alpha is 0.

    Attributes:
        alpha: 0 is the base model, 1 plain fine-tuning, both bit for bit.
    """

    method: ClassVar[str] = "interpolation"
    strength_field: ClassVar[str] = "alpha"
    strengths: ClassVar[tuple[float, ...]] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    alpha: float = 0.5

    def __post_init__(self) -> None:
        require(self.method, {f"alpha is {self.alpha}, not a number from 0 to 1": 0 <= self.alpha <= 1})

    def trained_as(self) -> Mitigation:  # type: ignore[override]
        """Plain fine-tuning."""
        # Methods do not import each other; the registry knows them by name.
        from fairasr.mitigation.registry import method_of

        return method_of("fine-tuning", {})

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """None."""
        return Hooks()

    def finished(self, trained: Trainable, *, base: Trainable) -> Trainable:
        """The model between the two.

        Raises:
            TrainingError: the trained model has other weights than the base model (a method changed its architecture).
        """
        ends, starts = trained.module.state_dict(), base.module.state_dict()
        different = sorted(ends.keys() ^ starts.keys())
        if different:
            raise TrainingError(
                f"cannot interpolate between models of different architecture: {len(different):,} weights are in only one of them "
                f"(first: '{different[0]}'). Combine interpolation only with methods that keep the architecture."
            )
        between = trained.clone()
        # lerp gives both ends exactly; start + alpha * (end - start) would round.
        weights = {
            name: torch.lerp(starts[name].to(end.device), end, self.alpha)
            if end.is_floating_point()
            else (end if self.alpha else starts[name])
            for name, end in ends.items()
        }
        between.module.load_state_dict(weights)
        return between
