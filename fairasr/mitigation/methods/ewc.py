"""Elastic weight consolidation: parameters that the general population depends on are held back (Trinh et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from fairasr.mitigation.consolidation import UsesGeneral, anchor, general_sample
from fairasr.mitigation.fisher import Fisher, fisher_diagonal
from fairasr.mitigation.fisher_cache import fisher_key, kept
from fairasr.mitigation.gradients import Variant
from fairasr.mitigation.parts import OfParts
from fairasr.mitigation.penalty import Diagonal, QuadraticPenalty
from fairasr.mitigation.settings import require
from fairasr.models import Trainable
from fairasr.training import Hooks, TrainingData


@dataclass(frozen=True, kw_only=True)
class EWC(UsesGeneral, OfParts):
    """Fine-tune on the target cohorts with a spring on every parameter, as stiff as the general population needs it.

        L(theta) = L_ASR(theta) + (strength / 2) sum_i F_i (theta_i - theta*_i)^2

    (Kirkpatrick et al. 2017; Trinh et al. 2022, arXiv 2207.07850). theta* are the base model's weights, F the diagonal Fisher
    information of the general population there (`fisher_diagonal`). L_ASR is per symbol here, so that strengths compare across
    corpora. Trinh et al. find a good share of the gain in adapting the language side only: `parts`. Some entries of F are a hundred
    times the mean and more: AdamW bears any strength, plain SGD diverges once strength * learning rate * largest entry is above 2.

    Attributes:
        strength: lambda; 0 is plain fine-tuning bit for bit (of `parts`).
        variant: estimate of the Fisher information, see `fisher_diagonal`; a strength belongs to its variant.
        parts: which parameters are trained; the others are frozen.
        n_fisher: utterances of the general population that F is estimated from; all where there are fewer.
        fisher_batch: utterances per batch of the variant "batched".
        normalise: "mean": F is divided by its mean over the trained parameters, and the strength is in that unit; "none": as it is.
    """

    method: ClassVar[str] = "ewc"
    strength_field: ClassVar[str] = "strength"
    strengths: ClassVar[tuple[float, ...]] = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
    strength: float = 0.1
    variant: Variant = "empirical"
    n_fisher: int = 256
    fisher_batch: int = 8
    normalise: Literal["mean", "none"] = "mean"

    def __post_init__(self) -> None:
        require(
            self.method,
            {
                f"strength is {self.strength}, not a number of at least 0": 0 <= self.strength < float("inf"),
                f"n_fisher is {self.n_fisher}, not at least 1": self.n_fisher >= 1,
                f"fisher_batch is {self.fisher_batch}, not at least 1": self.fisher_batch >= 1,
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
        weights = fisher.normalised() if self.normalise == "mean" else fisher.diagonal
        return Hooks(penalty=QuadraticPenalty(strength=self.strength, precision=Diagonal(anchor(model), weights)))

    def fisher(self, model: Trainable, data: TrainingData, *, seed: int, cache: Path | None = None) -> Fisher:
        """The Fisher information at the model's weights, from `cache` where it was computed before.

        Raises:
            TrainingError: as `fisher_diagonal`.
        """
        rows = general_sample(data, self.n_fisher, seed=seed)
        settings: dict[str, object] = {"variant": self.variant}
        # Whatever does not change the result stays out of the key, so that runs that differ in it share the file.
        settings |= {"seed": seed} if self.variant == "sample" else {}
        settings |= {"batch": self.fisher_batch} if self.variant == "batched" else {}
        diagonal = kept(
            cache,
            fisher_key(model, data, rows, settings),
            lambda: fisher_diagonal(model, data, rows, variant=self.variant, seed=seed, batch_size=self.fisher_batch).diagonal,
        )
        return Fisher(diagonal=diagonal, variant=self.variant, n_utterances=len(rows))
