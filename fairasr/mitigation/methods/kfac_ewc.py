"""K-FAC EWC: consolidation with a Kronecker-factored Fisher information instead of its diagonal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from fairasr.mitigation.consolidation import UsesGeneral, anchor, general_sample
from fairasr.mitigation.fisher_cache import fisher_key, kept
from fairasr.mitigation.kronecker import KroneckerFisher, kronecker_fisher
from fairasr.mitigation.kronecker_penalty import KroneckerPrecision
from fairasr.mitigation.parts import OfParts
from fairasr.mitigation.penalty import QuadraticPenalty
from fairasr.mitigation.settings import require
from fairasr.models import Trainable
from fairasr.training import Hooks, TrainingData


@dataclass(frozen=True, kw_only=True)
class KFACEWC(UsesGeneral, OfParts):
    """Fine-tune with the penalty (strength / 2) sum over layers of <dW, H dW Q>, dW = W - W*; see `kronecker_fisher`.

    It knows which directions within a layer the general population needs, where EWC knows which single weights (Ritter et al. 2018,
    arXiv 1805.07810). Parameters outside linear and convolutional layers have EWC's penalty.

    Attributes:
        strength: lambda; 0 is plain fine-tuning bit for bit (of `parts`).
        variant: estimate of the Fisher information, as of EWC.
        parts: which parameters are trained; the others are frozen.
        n_fisher: utterances of the general population that it is estimated from; all where there are fewer.
        largest: layers with more inputs or outputs have EWC's penalty: a layer keeps n_in^2 + n_out^2 numbers.
        normalise: "mean": divided by the mean of the matrix' diagonal, and the strength is in that unit; "none": as it is.
    """

    method: ClassVar[str] = "kfac-ewc"
    strength_field: ClassVar[str] = "strength"
    strengths: ClassVar[tuple[float, ...]] = (0.00001, 0.0001, 0.001, 0.01, 0.1, 1.0)
    strength: float = 0.01
    variant: Literal["empirical", "sample"] = "empirical"
    n_fisher: int = 256
    largest: int = 4096
    normalise: Literal["mean", "none"] = "mean"

    def __post_init__(self) -> None:
        require(
            self.method,
            {
                f"strength is {self.strength}, not a number of at least 0": 0 <= self.strength < float("inf"),
                f"n_fisher is {self.n_fisher}, not at least 1": self.n_fisher >= 1,
                f"largest is {self.largest}, not at least 1": self.largest >= 1,
            },
        )

    @property
    def is_plain(self) -> bool:
        """Whether nothing is held back."""
        return self.strength == 0

    def hooks(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Hooks:
        """The penalty; none at strength 0."""
        if self.is_plain:
            return Hooks()
        fisher = self.fisher(model, data, seed=seed, cache=cache)
        fisher = fisher.normalised() if self.normalise == "mean" else fisher
        return Hooks(penalty=QuadraticPenalty(strength=self.strength, precision=KroneckerPrecision(anchor(model), fisher)))

    def fisher(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> KroneckerFisher:
        """The Fisher information at the model's weights, from `cache` where it was computed before.

        Raises:
            TrainingError: as `kronecker_fisher`.
        """
        rows = general_sample(data, self.n_fisher, seed=seed)
        settings: dict[str, object] = {"variant": f"kronecker {self.variant}", "largest": self.largest}
        settings |= {"seed": seed} if self.variant == "sample" else {}
        tensors = kept(
            cache,
            fisher_key(model, data, rows, settings),
            lambda: kronecker_fisher(model, data, rows, variant=self.variant, seed=seed, largest=self.largest).tensors(),
        )
        return KroneckerFisher.from_tensors(tensors, variant=self.variant, n_utterances=len(rows))
