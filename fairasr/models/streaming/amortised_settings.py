"""Size of an amortised Transformer encoder, and what opens its gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fairasr.models.settings import number_problems, require_settings, size_problems

Gates = Literal["learned", "open", "random", "every"]
GATES = ("learned", "open", "random", "every")
SIZES = ("d_model", "n_layers", "n_heads", "d_feed_forward", "window", "arbitrator_size", "every", "anneal_passes")


@dataclass(frozen=True, kw_only=True)
class AmortisedSettings:
    """Size of an amortised Transformer encoder, and what opens its gates.

    Attributes:
        d_model: channels of a step.
        n_layers: layers, each of an attention and a feed-forward block.
        n_heads: attention heads; d_model is a multiple of it.
        d_feed_forward: hidden channels of a feed-forward block.
        window: frames of 30 ms that a frame attends to, itself among them.
        gates: "learned": by an arbitrator for each block; "open": always, the dense model, which has no arbitrators; "random" and
            "every": without looking, for comparison at equal compute.
        arbitrator_size: hidden units of an arbitrator.
        anneal_passes: passes in training mode until the temperature of the learned gates has fallen from 1 to 0.5. A pass is a
            batch that goes through at once: with accumulation there are several to a step.
        gate_rate: share of open gates where they are "random".
        every: frames from one open frame to the next where gates are "every".
        dropout: of what every block adds.

    Raises:
        ModelError: sizes that do not fit together, or no such gates.
    """

    d_model: int = 96
    n_layers: int = 4
    n_heads: int = 4
    d_feed_forward: int = 384
    window: int = 33
    gates: Gates = "learned"
    arbitrator_size: int = 8
    anneal_passes: int = 1000
    gate_rate: float = 0.5
    every: int = 2
    dropout: float = 0.0

    def __post_init__(self) -> None:
        wrong = size_problems(self, *SIZES)
        if not wrong and self.d_model % self.n_heads:
            wrong.append(f"d_model {self.d_model} is no multiple of n_heads {self.n_heads}")
        if self.gates not in GATES:
            wrong.append(f"gates is {self.gates!r}, not one of {', '.join(GATES)}")
        rate = self.gate_rate
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 < rate <= 1:
            wrong.append(f"gate_rate is {rate!r}, not a number above 0 and at most 1")
        require_settings(wrong + number_problems(self, "dropout", below=1), what="the amortised encoder")
