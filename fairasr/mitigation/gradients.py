"""Gradients of log p(reference | recording) at the weights a model has, one utterance after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch

from fairasr.core.errors import TrainingError
from fairasr.mitigation.parts import trainable_parameters
from fairasr.models import Trainable, UnreadableAudioError
from fairasr.models.recurrent import keep_differentiable
from fairasr.training import TrainingData

Variant = Literal["empirical", "sample", "batched"]

Progress = Callable[[int, int], None]
"""Called with (done, total) utterances."""


def likelihood_gradients(
    model: Trainable,
    data: TrainingData,
    rows: np.ndarray,
    *,
    variant: Variant,
    seed: int,
    batch_size: int = 1,
    progress: Progress | None = None,
) -> Iterator[tuple[int, tuple[torch.Tensor | None, ...]]]:
    """Gradient of -log p, whole sequences, by every trainable parameter, in eval mode; the weights are not changed.

    On a GPU if there is one, where the gradients then are; the model is back where it was at the end.

    Args:
        model: whose `module` is differentiated.
        data: the utterances.
        rows: which of them, int (n,).
        variant: "sample" draws y from the model; the others take the reference.
        seed: of the draws of "sample"; each row has its own, whatever the order.
        batch_size: utterances of which the mean gradient is taken; 1 but for "batched".
        progress: called after every batch.

    Yields:
        Utterances of the batch and their mean gradient in the order of `trainable_parameters`; None for a parameter that the
        output does not depend on.

    Raises:
        TrainingError: a recording cannot be read, or a gradient is not finite.
    """
    parameters = list(trainable_parameters(model.module).values())
    with _prepared(model.module) as device:
        for start in range(0, len(rows), batch_size):
            part = rows[start : start + batch_size]
            batch = _batch(model, data, part, device)
            if variant == "sample":
                batch = model.sampled(batch, seed=int(np.random.SeedSequence([seed, *part]).generate_state(1)[0]))
            with torch.enable_grad():
                loss = model.losses(model.outputs(batch), batch).mean()
                gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
            # A non-finite gradient almost always comes with a non-finite loss, and the loss is one number.
            if not torch.isfinite(loss):
                raise TrainingError(
                    f"the likelihood of {_named(data, part)} is not finite, so it has no Fisher information. "
                    "Set such utterances aside: their text may be too long for their recording."
                )
            yield len(part), gradients
            if progress is not None:
                progress(start + len(part), len(rows))


def _batch(model: Trainable, data: TrainingData, rows: np.ndarray, device: torch.device) -> dict[str, torch.Tensor]:
    try:
        batch = data.batch(model, rows)
    except UnreadableAudioError as error:
        raise TrainingError(
            f"cannot take the gradient of {_named(data, rows)}: {error}. Leave utterances without a readable recording out."
        ) from error
    return {name: values.to(device) for name, values in batch.items()}


def _named(data: TrainingData, rows: np.ndarray) -> str:
    first = data.manifest.table["utterance_id"].iloc[int(rows[0])]
    return f"utterance {first!r}" if len(rows) == 1 else f"a batch of {len(rows)} utterances (first: {first!r})"


@contextmanager
def _prepared(module: torch.nn.Module) -> Iterator[torch.device]:
    """Everything in eval mode, but differentiable, and on the fastest device; afterwards as before."""
    home = next(module.parameters()).device
    device = torch.device("cuda") if home.type == "cpu" and torch.cuda.is_available() else home
    modes = {part: part.training for part in module.modules()}
    try:
        module.eval().to(device)
        keep_differentiable(module)
        yield device
    finally:
        module.to(home)
        for part, training in modes.items():
            part.training = training
