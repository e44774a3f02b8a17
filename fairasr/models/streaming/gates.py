"""Which blocks a frame goes through: chosen by small networks that learn it, or by rules that do not look, for comparison."""

from __future__ import annotations

import torch
from torch import nn

from fairasr.core.errors import ModelError
from fairasr.models.streaming.flops import layer_flops

OPEN_AT_FIRST = 1.0
"""Score of a new arbitrator: most gates are open, since a model whose blocks are off learns nothing."""


class Arbitrator(nn.Module):
    """Scores whether a block shall run for a frame, from that frame alone: above 0 it shall.

    Args:
        d_model: channels of a frame.
        size: hidden units.

    Attributes:
        flops: operations of a frame.
    """

    def __init__(self, d_model: int, size: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(d_model, size)
        self.score = nn.Linear(size, 1, bias=False)
        # Apart from its layer, which starts without preference.
        self.bias = nn.Parameter(torch.empty(1))
        self.flops = layer_flops(self.hidden, self.score)

    def initialise(self, generator: torch.Generator) -> None:
        """Start open; draws nothing."""
        del generator
        self.bias.data.fill_(OPEN_AT_FIRST)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Scores (n, frames) of frames (n, frames, d_model)."""
        return (self.score(self.hidden(frames).relu()) + self.bias).squeeze(-1)  # type: ignore[no-any-return]


def straight_through(scores: torch.Tensor, temperature: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
    """Gates that are exactly 0 or 1, with the gradient of the sigmoid that they are rounded from (Bengio et al. 2013).

    With noise they are draws of binary concrete variables, rounded (Maddison et al. 2017, arXiv 1611.00712).

    Args:
        scores: any shape.
        temperature: above 0.
        noise: logistic, of the shape of the scores; None: a gate is open where its score is above 0.
    """
    logits = scores if noise is None else scores + noise
    soft = torch.sigmoid(logits / temperature)
    # Rounded by the logit: a sigmoid of a tiny positive number is 0.5. The bracket is exactly 0.
    return (logits > 0).to(soft.dtype) + (soft - soft.detach())


def logistic_noise(shape: torch.Size, *, device: torch.device) -> torch.Tensor:
    """log u - log(1 - u) for u uniform in 0..1, from torch's global generator, as dropout draws."""
    return torch.rand(shape, device=device).logit(eps=1e-6)


def fixed_gates(kind: str, n_blocks: int, places: torch.Tensor, *, rate: float, every: int) -> torch.Tensor:
    """Gates that do not depend on what is heard, bool (*places, n_blocks).

    Args:
        kind: "random": open with probability `rate`, independently by place and block, the same for every recording and whenever it
            is asked; "every": all blocks of every `every`-th frame, the first among them, and none of the others.
        n_blocks: blocks.
        places: of the frames in their recordings, int64 of any shape.
        rate: share of open gates.
        every: frames from one open frame to the next.

    Raises:
        ModelError: no such kind.
    """
    if kind == "every":
        return (places % every == 0)[..., None].expand(*places.shape, n_blocks)
    if kind == "random":
        blocks = torch.arange(n_blocks, device=places.device)
        return _hashed(places[..., None] * n_blocks + blocks) < rate
    raise ModelError(f"there are no fixed gates {kind!r}. Choose random or every.")


def _hashed(numbers: torch.Tensor) -> torch.Tensor:
    """Numbers in 0..1 that look drawn, one for each whole number: the same on every machine and for every cut of a stream."""
    mask = (1 << 31) - 1
    # Products of 31-bit numbers stay within int64. Two rounds of multiply and fold leave no pattern that the tests could find.
    mixed = (numbers + 0x2545F491) & mask
    for multiplier in (0x5BD1E995, 0x1B873593):
        mixed = (mixed * multiplier) & mask
        mixed = mixed ^ (mixed >> 15)
    return mixed.double() / (mask + 1)
