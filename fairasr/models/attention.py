"""Self-attention with rotary positions (Su et al. 2021, arXiv 2104.09864): scores depend on distances, not on places."""

from __future__ import annotations

import torch
from torch import nn

BASE = 10_000.0
"""Wavelengths of the rotations grow up to this many steps (Su et al. 2021, section 3.3)."""


def rotations(n_steps: int, head_size: int, *, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosine and sine of each step's angles, (n_steps, head_size / 2) each, of the type and on the device of `like`."""
    rates = BASE ** (-torch.arange(0, head_size, 2, device=like.device, dtype=torch.float32) / head_size)
    angles = torch.arange(n_steps, device=like.device, dtype=torch.float32)[:, None] * rates
    return angles.cos().to(like.dtype), angles.sin().to(like.dtype)


def rotated(vectors: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    """`vectors` (..., n_steps, head_size), each pair of halves turned by its step's angles."""
    first, second = vectors.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


class RotaryAttention(nn.Module):
    """Multi-head self-attention over the steps of each utterance.

    Args:
        d_model: channels of a step; an even multiple of `n_heads`.
        n_heads: heads.
    """

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.inputs = nn.Linear(d_model, 3 * d_model)
        self.output = nn.Linear(d_model, d_model)

    def forward(self, hidden: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
        """Attended steps, (n, steps, d_model).

        Args:
            hidden: steps (n, steps, d_model).
            inside: which steps count, bool (n, steps); at least one of each utterance.
        """
        n, n_steps, d_model = hidden.shape
        parts = self.inputs(hidden).view(n, n_steps, 3, self.n_heads, d_model // self.n_heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        cosine, sine = rotations(n_steps, d_model // self.n_heads, like=query)
        # Written out: torch's fused attention has no rule for gradients by utterance (vmap), and is no faster at these lengths.
        scores = rotated(query, cosine, sine) @ rotated(key, cosine, sine).transpose(-1, -2) * query.shape[-1] ** -0.5
        attended = scores.masked_fill(~inside[:, None, None, :], -torch.inf).softmax(dim=-1) @ value
        return self.output(attended.transpose(1, 2).reshape(n, n_steps, d_model))  # type: ignore[no-any-return]
