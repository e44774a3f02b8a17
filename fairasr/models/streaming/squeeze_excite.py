"""Squeeze and excitation (Hu et al. 2018) that knows nothing of the future: channels are weighted by their mean up to each step."""

from __future__ import annotations

import torch
from torch import nn

from fairasr.models.streaming.encoder import State
from fairasr.models.streaming.flops import layer_flops


class SqueezeExcite(nn.Module):
    """z <- s * z with s_t = sigmoid(V2 ReLU(V1 m_t)) and m_t the mean of z_1 to z_t.

    The usual mean over all steps would make every step depend on all that is said after it, which a stream cannot know.

    Args:
        width: channels.
        reduction: how many channels become one between the two layers.
    """

    def __init__(self, width: int, *, reduction: int) -> None:
        super().__init__()
        narrow = max(1, width // reduction)
        self.squeeze = nn.Linear(width, narrow)
        self.excite = nn.Linear(narrow, width)

    @property
    def flops(self) -> float:
        """Floating-point operations of a step."""
        return layer_flops(self.squeeze, self.excite)

    def start(self, n: int) -> State:
        """Before the first step: `sum` of the steps so far, float (n, width), and their number `count`, float (n,)."""
        # Not an integer: 2^24 steps are six days of speech.
        weight = self.squeeze.weight
        return {"sum": weight.new_zeros(n, weight.shape[1]), "count": weight.new_zeros(n)}

    def gates(self, steps: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        """What each channel is multiplied by at each step, 0..1, float (n, steps, width), and the state after them."""
        sums = state["sum"][:, None] + steps.cumsum(dim=1)
        counts = state["count"][:, None] + torch.arange(1, steps.shape[1] + 1, device=steps.device)
        gates = self.excite(nn.functional.relu(self.squeeze(sums / counts[..., None]))).sigmoid()
        # Copies, so that a state does not keep the whole part in memory.
        return gates, {"sum": sums[:, -1].clone(), "count": counts[:, -1].clone()}

    def forward(self, steps: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        """Steps (n, steps, width) to steps, and the state after them."""
        gates, state = self.gates(steps, state)
        return steps * gates, state
