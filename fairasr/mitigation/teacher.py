"""Teacher: the base model, frozen, whose outputs the trained one is pulled to."""

from __future__ import annotations

import numpy as np
import torch

from fairasr.models import Trainable
from fairasr.training import Step


class Teacher:
    """Penalty on the general utterances of a batch: strength * T^2 * KL(old || new), mean over steps, summed, divided by n.

    Data-parallel training averages gradients over processes, so there the sum is divided by a process's even part of the batch: the
    average is then what one process gives.

    Args:
        model: the base model; a clone is kept, in eval mode and without gradients: one extra copy of all weights.
        general: which utterances are of the general population, bool (n_utterances,).
        strength, temperature: as of `Distillation`.
    """

    def __init__(self, model: Trainable, *, general: np.ndarray, strength: float, temperature: float) -> None:
        self._model = model.clone()
        self._model.module.eval().requires_grad_(False)
        self._general = general
        self._strength, self._temperature = strength, temperature

    def __call__(self, step: Step) -> torch.Tensor:
        """The pull, float32 (); 0 where no utterance of the batch is general."""
        log_probs = step.outputs.log_probs
        positions = torch.from_numpy(np.flatnonzero(self._general[step.rows])).to(log_probs.device)
        if len(positions) == 0:
            return log_probs.new_zeros((), dtype=torch.float32)
        self._model.module.to(log_probs.device)
        with torch.no_grad():
            old = self._model.outputs({name: values[positions] for name, values in step.batch.items()})
        # Some of a batch may be padded less than all of it.
        new = log_probs[positions, : old.log_probs.shape[1]]
        divergence = divergences(old.log_probs, new, step.outputs.lengths[positions], temperature=self._temperature)
        return self._strength * self._temperature**2 * divergence.sum() / _part_of_batch(step)


def divergences(old: torch.Tensor, new: torch.Tensor, lengths: torch.Tensor, *, temperature: float) -> torch.Tensor:
    """KL(old || new) of each utterance, mean over the steps that count, float32 (n,) [nats].

    Args:
        old, new: log-probabilities (n, steps, n_symbols); their softmax at `temperature` is compared.
        lengths: steps that count, int (n,).
        temperature: above 1 softens both.
    """
    old, new = (torch.log_softmax(side.float() / temperature, dim=-1) for side in (old, new))
    # A symbol that both rule out is -inf - -inf; its probability is 0 and so is its part.
    terms = torch.where(old > -torch.inf, old.exp() * (old - new), 0.0)
    per_step = terms.sum(dim=-1)
    counts = torch.arange(per_step.shape[1], device=lengths.device) < lengths[:, None]
    return torch.where(counts, per_step, 0.0).sum(dim=1) / lengths.clamp(min=1)


def _part_of_batch(step: Step) -> float:
    """Utterances of the whole batch per process."""
    from fairasr.training.world import world_size

    return step.global_size / world_size()
