"""The module that the trainer sees: a batch goes in, its loss comes out; the methods' terms are computed inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from fairasr.models import HasAuxiliaryLosses, Trainable, TrainsWithoutDropout
from fairasr.models.recurrent import keep_differentiable
from fairasr.training.base import Budget, Hooks, Step


class Network(torch.nn.Module):
    """Gives the loss of a batch, and trains as the budget says: with dropout or not, normalisation statistics frozen or not.

    The terms are computed in `forward`, so that data-parallel training sees every parameter that the loss depends on, those that
    only a penalty touches too. Only the model's own module is a submodule: what a term learns (an adversary) is not trained here.

    Args:
        model: its `module` is trained.
        hooks: the terms of the loss.
        budget: how it is trained.
    """

    def __init__(self, model: Trainable, hooks: Hooks, budget: Budget) -> None:
        super().__init__()
        self.network = model.module
        # A plain tuple, since a model or a term that is itself a module would become a submodule.
        self._parts = (model, hooks, budget)

    def forward(self, rows: np.ndarray, batch: Mapping[str, torch.Tensor], global_size: int, factor: float) -> dict[str, Any]:
        """Loss of some utterances.

        Args:
            rows: int (n,), of the training data.
            batch: their features and targets.
            global_size: utterances over all processes that go through the model at this time.
            factor: what the task's part of the loss is multiplied by.

        Returns:
            "loss": scalar to be minimised; "task" and "penalty": its parts before the factor, without gradient;
            "finite": bool (n,), whether each utterance's loss is a number.
        """
        model, hooks, _ = self._parts
        said = model.outputs(batch)
        # Sums of many terms lose everything in half precision: a penalty of 1e-6 on a loss of 1 is rounded to 0.
        with torch.autocast(said.log_probs.device.type, enabled=False):
            outputs = replace(said, log_probs=said.log_probs.float())
            step = Step(
                model=model,
                rows=rows,
                batch=batch,
                outputs=outputs,
                losses=model.losses(outputs, batch),
                lengths=model.target_lengths(batch),
                global_size=global_size,
            )
            task = hooks.reduce(step) if hooks.reduce else step.losses_per_symbol.sum() / global_size
            if isinstance(model, HasAuxiliaryLosses):
                # Beside the method's own reduction: what a method weighs is the loss of the reference alone.
                task = task + model.auxiliary_losses(outputs, batch).sum() / global_size
            loss = factor * task
            penalty = torch.zeros((), device=loss.device)
            if hooks.penalty:
                penalty = hooks.penalty(step)
                loss = loss + penalty
        return {
            "loss": loss,
            "task": task.detach(),
            "penalty": penalty.detach(),
            "finite": torch.isfinite(step.losses.detach()),
        }

    def train(self, mode: bool = True) -> Network:
        """Training mode, in so far as the budget allows it; the trainer asks for it before every batch.

        Without dropout that is eval mode, except for the networks that have aims which act only while they are trained: those
        are trained all the same, with their dropout off.
        """
        super().train(mode)
        _, _, budget = self._parts
        if not mode:
            return self
        if not budget.dropout:
            self.network.eval()
            for module in self.network.modules():
                if isinstance(module, TrainsWithoutDropout):
                    module.train_without_dropout()
        for module in self.network.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.train(not budget.freeze_statistics)
        keep_differentiable(self.network)
        return self
