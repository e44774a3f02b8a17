"""Paths and targets of connectionist temporal classification (Graves et al. 2006), whichever number the blank has."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch

from fairasr.models.recogniser import Outputs


def path_losses(outputs: Outputs, *, targets: torch.Tensor, target_lengths: torch.Tensor, blank: int) -> torch.Tensor:
    """-log p of each target, summed over all paths that collapse to it: float32 (n,) [nats].

    Args:
        outputs: log-probabilities of each step.
        targets: int64 (n, symbols), padded with anything.
        target_lengths: symbols that count, int64 (n,); 0 for silence.
        blank: its number.
    """
    losses: torch.Tensor = torch.nn.functional.ctc_loss(
        outputs.log_probs.transpose(0, 1),
        targets,
        outputs.lengths,
        target_lengths,
        blank=blank,
        reduction="none",
        zero_infinity=False,
    )
    return losses


def collapsed(paths: torch.Tensor, lengths: torch.Tensor, *, blank: int) -> list[list[int]]:
    """Symbols of each path, int64 (n, steps): repeats merged, blanks left out, nothing after its length."""
    return [
        [int(symbol) for symbol in torch.unique_consecutive(path[:length]) if symbol != blank]
        for path, length in zip(paths.cpu(), lengths.tolist(), strict=True)
    ]


def drawn_paths(outputs: Outputs, *, seed: int) -> torch.Tensor:
    """A path of each utterance, each step drawn from the model's own distribution: int64 (n, steps), on the CPU.

    Collapsed, it is a draw from p(y | recording). torch's own generators are left alone.
    """
    generator = torch.Generator().manual_seed(seed)
    probabilities = outputs.log_probs.detach().exp().cpu()
    return torch.multinomial(probabilities.flatten(0, 1), 1, generator=generator).view(probabilities.shape[:2])


def padded_targets(targets: Sequence[Sequence[int]]) -> dict[str, torch.Tensor]:
    """`targets` int64 (n, symbols), at least one column because the loss takes no width of 0, and `target_lengths` int64 (n,)."""
    lengths = [len(target) for target in targets]
    together = torch.zeros(len(targets), max(1, *lengths), dtype=torch.int64)
    for row, target in zip(together, targets, strict=True):
        row[: len(target)] = torch.tensor(target, dtype=torch.int64)
    return {"targets": together, "target_lengths": torch.tensor(lengths, dtype=torch.int64)}


def steps_needed(target: Sequence[int]) -> int:
    """Fewest steps of a path that collapses to `target`: one a symbol, and a blank between two equal ones."""
    return len(target) + sum(first == second for first, second in pairwise(target))
