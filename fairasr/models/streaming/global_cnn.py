"""What was said so far: residual blocks of causal convolutions whose reach doubles from block to block."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from fairasr.models.streaming.encoder import State
from fairasr.models.streaming.flops import layer_flops
from fairasr.models.streaming.nested_state import inner, nested
from fairasr.models.streaming.squeeze_excite import SqueezeExcite

Squeeze = Literal["cumulative", "none"]

KERNEL = 3
WIDER = 2
"""Channels between the pointwise layers of a block, in channels outside."""


class GlobalBlock(nn.Module):
    """g <- g + dropout(SE(W2 z)), with z from a pointwise layer and a dilated depthwise one, each followed by ReLU and LayerNorm.

    The norms are over the channels of a step: batch norm would take padding into its statistics, a norm over time the future.

    Args:
        width: channels of a step.
        dilation: steps between what the depthwise layer sees.
        squeeze: whether channels are weighted by their mean so far.
        reduction: of the squeeze.
        dropout: of what the block adds.
    """

    def __init__(self, width: int, *, dilation: int, squeeze: Squeeze, reduction: int, dropout: float) -> None:
        super().__init__()
        self.wider = nn.Linear(width, WIDER * width)
        self.wider_norm = nn.LayerNorm(WIDER * width)
        self.depthwise = nn.Conv1d(WIDER * width, WIDER * width, KERNEL, dilation=dilation, groups=WIDER * width)
        self.depthwise_norm = nn.LayerNorm(WIDER * width)
        self.back = nn.Linear(WIDER * width, width)
        self.squeeze = SqueezeExcite(width, reduction=reduction) if squeeze == "cumulative" else None
        self.dropout = nn.Dropout(dropout)

    @property
    def flops(self) -> float:
        """Floating-point operations of a step."""
        return layer_flops(self.wider, self.depthwise, self.back) + (self.squeeze.flops if self.squeeze else 0.0)

    @property
    def reach(self) -> int:
        """Steps before its own that the convolution sees."""
        return (KERNEL - 1) * self.depthwise.dilation[0]

    def start(self, n: int) -> State:
        """The last `tail` of steps that the convolution met, float (n, reach, channels), and the state of the squeeze."""
        tail = self.wider.weight.new_zeros(n, self.reach, self.wider.out_features)
        return {"tail": tail, **nested({"squeeze": self.squeeze.start(n)} if self.squeeze else {})}

    def forward(self, steps: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        """Steps (n, steps, width) to steps, and the state after them."""
        wide = self.wider_norm(nn.functional.relu(self.wider(steps)))
        wide = torch.cat([state["tail"].to(wide.dtype), wide], dim=1)
        # A copy, so that a state does not keep the whole part in memory.
        tail = wide[:, -self.reach :].clone()
        wide = self.depthwise(wide.transpose(1, 2)).transpose(1, 2)
        added = self.back(self.depthwise_norm(nn.functional.relu(wide)))
        after: State = {"tail": tail}
        if self.squeeze is not None:
            added, squeezed = self.squeeze(added, inner(state, "squeeze"))
            after = {**after, **nested({"squeeze": squeezed})}
        return steps + self.dropout(added), after


class GlobalCNN(nn.Module):
    """Blocks of dilation 1, 2, 4 and so on. Steps in, as many steps of the same width out.

    Args:
        width: channels of a step.
        n_blocks: blocks.
        squeeze: whether channels are weighted by their mean so far.
        reduction: of the squeeze.
        dropout: of what a block adds.
    """

    def __init__(self, width: int, *, n_blocks: int, squeeze: Squeeze, reduction: int, dropout: float) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            GlobalBlock(width, dilation=2**b, squeeze=squeeze, reduction=reduction, dropout=dropout) for b in range(n_blocks)
        )

    @property
    def flops(self) -> float:
        """Floating-point operations of a step."""
        return sum(block.flops for block in self.blocks)  # type: ignore[misc]

    @property
    def receptive_field(self) -> int:
        """Steps that a step depends on by the convolutions, its own among them; by the squeeze it depends on all before."""
        return 1 + sum(block.reach for block in self.blocks)  # type: ignore[misc]

    def start(self, n: int) -> State:
        """The state before the first step of `n` recordings."""
        return nested({str(b): block.start(n) for b, block in enumerate(self.blocks)})  # type: ignore[operator]

    def forward(self, steps: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        """Steps (n, steps, width) to steps, and the state after them."""
        after = {}
        for b, block in enumerate(self.blocks):
            steps, after[str(b)] = block(steps, inner(state, str(b)))
        return steps, nested(after)
