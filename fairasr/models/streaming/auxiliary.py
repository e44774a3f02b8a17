"""Aims of a streaming transducer's training besides its own loss: a second output, and little computation."""

from __future__ import annotations

import torch

from fairasr.models.vocabulary import BLANK


def second_losses(
    log_probs: torch.Tensor, *, steps: torch.Tensor, targets: torch.Tensor, target_lengths: torch.Tensor
) -> torch.Tensor:
    """CTC loss of each utterance per symbol, float32 (n,) [nats]; 0 without gradient where there are too few steps for one.

    Args:
        log_probs: of the second output, float32 (n, steps, n_symbols).
        steps: that count of each utterance, int64 (n,).
        targets: int64 (n, symbols), padded with anything.
        target_lengths: int64 (n,); silence counts as one symbol.
    """
    losses: torch.Tensor = torch.nn.functional.ctc_loss(
        log_probs.transpose(0, 1), targets, steps, target_lengths, blank=BLANK, reduction="none", zero_infinity=True
    )
    return losses / target_lengths.clamp(min=1)


def compute_shares(flops: torch.Tensor, *, frames: torch.Tensor, full_flops: float) -> torch.Tensor:
    """Share of the full computation that is spent on each utterance's own frames, float32 (n,).

    Args:
        flops: of each frame, float (n, frames).
        frames: that count of each utterance, int64 (n,).
        full_flops: of a frame for which everything is computed.
    """
    inside = torch.arange(flops.shape[1], device=flops.device) < frames[:, None]
    return torch.where(inside, flops.float(), 0.0).sum(dim=1) / (full_flops * frames)
