"""What the methods that reweight have in common: sums over all processes, losses by group, group weights moved by exponents."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from fairasr.training import Step
from fairasr.training.world import gathered, world_size


def coded(cohorts: np.ndarray) -> tuple[torch.Tensor, int]:
    """Group of each utterance, int64 (n_utterances,), and how many groups there are; "unknown" is a group like the others."""
    labels, codes = np.unique(np.asarray(cohorts, dtype=str), return_inverse=True)
    return torch.from_numpy(codes.astype(np.int64)), len(labels)


def evenly(cohorts: np.ndarray) -> np.ndarray:
    """Sampling weight of each utterance, float (n_utterances,), by which every group is drawn equally often."""
    _, codes, counts = np.unique(np.asarray(cohorts, dtype=str), return_inverse=True, return_counts=True)
    return np.asarray(1 / counts[codes])


def over_processes(values: torch.Tensor, *, device: torch.device) -> torch.Tensor:
    """Sum of `values` over all processes: float64 on the CPU, no gradient, equal on every process.

    Args:
        values: float (...), of this process, on the CPU.
        device: where the training runs.
    """
    values = values.detach().to(torch.float64)
    if world_size() > 1:  # GPUs exchange what is on a GPU
        values = gathered(values.to(device)).reshape(-1, *values.shape).sum(dim=0)
    return values.cpu()


def loss_by_group(step: Step, codes: torch.Tensor, n_groups: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Summed loss per symbol and number of utterances of each group in the batch of all processes: float64 (n_groups,) each."""
    local = torch.zeros(2, n_groups, dtype=torch.float64)
    groups = codes[torch.as_tensor(step.rows)]
    local[0].index_add_(0, groups, step.losses_per_symbol.detach().to(device="cpu", dtype=torch.float64))
    local[1].index_add_(0, groups, torch.ones(len(groups), dtype=torch.float64))
    sums, counts = over_processes(local, device=step.losses.device)
    return sums, counts


def moved(weights: torch.Tensor, exponents: torch.Tensor) -> torch.Tensor:
    """Weights q_g exp(exponent_g), renormalised to sum 1: float64 (n_groups,)."""
    return torch.softmax(weights.log() + exponents, dim=0)


def weighted_sum(step: Step, weights: torch.Tensor) -> torch.Tensor:
    """sum_i weight_i * loss per symbol_i over the utterances of this process, with gradient; weights (n,) take part as numbers."""
    losses = step.losses_per_symbol
    return (losses * weights.detach().to(device=losses.device, dtype=losses.dtype)).sum()


def copied(state: Mapping[str, torch.Tensor], name: str) -> torch.Tensor:
    """An entry of a term's state that later steps can change without changing `state`."""
    return state[name].detach().cpu().clone()
