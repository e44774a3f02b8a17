"""Diagonal Fisher information: how much the likelihood of the general population depends on each parameter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from fairasr.core.errors import TrainingError
from fairasr.mitigation.gradients import Progress, Variant, likelihood_gradients
from fairasr.mitigation.parts import trainable_parameters
from fairasr.models import HasAuxiliaryLosses, Trainable
from fairasr.training import TrainingData


@dataclass(frozen=True, kw_only=True)
class Fisher:
    """Diagonal of the Fisher information at some weights.

    Attributes:
        diagonal: parameter -> F, float32 in the parameter's shape, >= 0 [nats^2 / unit of the parameter^2].
        variant: how it was estimated; a strength of EWC means nothing without it.
        n_utterances: utterances it is the mean over.
    """

    diagonal: dict[str, torch.Tensor]
    variant: Variant
    n_utterances: int

    @property
    def raw_mean(self) -> float:
        """Mean over all parameters covered, before any normalisation."""
        return mean_of(self.diagonal)

    def normalised(self) -> dict[str, torch.Tensor]:
        """The diagonal divided by its mean, so that strengths compare across models: mean 1 over all parameters covered."""
        mean = self.raw_mean
        return {name: values / mean for name, values in self.diagonal.items()}


def fisher_diagonal(
    model: Trainable,
    data: TrainingData,
    rows: np.ndarray,
    *,
    variant: Variant,
    seed: int,
    batch_size: int = 8,
    progress: Progress | None = None,
) -> Fisher:
    """Diagonal Fisher information at the model's present weights.

        F_i = (1 / |D|) sum over (x, y) in D of (d log p(y | x) / d theta_i)^2

    p is of the whole sequence, one utterance at a time, so that no batch size enters (Kirkpatrick et al. 2017; van de Ven 2025,
    arXiv 2502.11756, on the variants). Sums are kept in float32: in bfloat16 they would round most entries to 0.

    Args:
        model: whose trainable parameters get an entry each.
        data: the utterances.
        rows: D, int (n,): of the general population.
        variant: "empirical": y is the reference; "sample": y is drawn from the model, the Fisher information proper; "batched": the
            square of the mean gradient of `batch_size` utterances, which is about 1/batch_size of the empirical one and is
            offered for comparison with codebases that take it.
        seed: of the draws of "sample".
        batch_size: of "batched" alone; a smaller last batch weighs by its size.
        progress: called with (done, total) utterances.

    Raises:
        TrainingError: no rows, a parameter that no utterance depends on, or nothing but zeros.
    """
    require_rows(rows)
    names = list(trainable_parameters(model.module))
    sums: dict[str, torch.Tensor] = {}
    batch_size = batch_size if variant == "batched" else 1
    passes = likelihood_gradients(model, data, rows, variant=variant, seed=seed, batch_size=batch_size, progress=progress)
    for n, gradients in passes:
        add_squares(sums, names, gradients, weight=n / len(rows))
    return Fisher(diagonal=complete(sums, model, len(rows)), variant=variant, n_utterances=len(rows))


def add_squares(
    sums: dict[str, torch.Tensor], names: list[str], gradients: tuple[torch.Tensor | None, ...], *, weight: float
) -> None:
    """Add weight * gradient^2 to the sums, in float32."""
    for name, gradient in zip(names, gradients, strict=True):
        if gradient is not None:
            if name not in sums:
                sums[name] = torch.zeros_like(gradient, dtype=torch.float32)
            sums[name].addcmul_(gradient, gradient, value=weight)


def complete(sums: dict[str, torch.Tensor], model: Trainable, n_utterances: int) -> dict[str, torch.Tensor]:
    """The sums on the CPU, once it is sure that every trainable parameter has one and that they say something.

    A recogniser with auxiliary losses may name parameters that serve those alone, such as a second output: likelihood does not
    depend on them, so they get 0 and nothing holds them.

    Raises:
        TrainingError: a parameter has none (it would be left free in silence), they are not finite, or all are zero.
    """
    parameters = trainable_parameters(model.module)
    names = list(parameters)
    apart = model.auxiliary_parameters() if isinstance(model, HasAuxiliaryLosses) else frozenset()
    sums = {name: torch.zeros_like(parameters[name], dtype=torch.float32) for name in names if name in apart} | sums
    missing = [name for name in names if name not in sums]
    if missing:
        raise TrainingError(
            f"{len(missing):,} of {len(names):,} trainable parameter tensors have no Fisher entry (first: '{missing[0]}'): the "
            f"likelihood of {n_utterances:,} utterances does not depend on them. Freeze them (requires_grad False), or they would "
            f"be free to move."
        )
    broken = [name for name in names if not torch.isfinite(sums[name]).all()]
    if broken:
        raise TrainingError(
            f"the Fisher information of {len(broken):,} of {len(names):,} parameter tensors is not finite (first: '{broken[0]}'). "
            f"Look at the utterances of the general population, or at the model's weights."
        )
    if not any(sums[name].any() for name in names):
        raise TrainingError(
            f"the Fisher information is zero throughout ({n_utterances:,} utterances, {len(names):,} parameter tensors), so a "
            f"penalty would do nothing. Look whether the model's losses depend on its parameters."
        )
    return {name: sums[name].cpu() for name in names}


def require_rows(rows: np.ndarray) -> None:
    """Refuse an empty set of utterances."""
    if len(rows) == 0:
        raise TrainingError(
            "there is no utterance to take the Fisher information from. Keep some of the general population among the training "
            "utterances."
        )


def mean_of(diagonal: dict[str, torch.Tensor]) -> float:
    """Mean over all entries of all tensors, summed in float64."""
    total = sum(float(values.sum(dtype=torch.float64)) for values in diagonal.values())
    return total / sum(values.numel() for values in diagonal.values())
