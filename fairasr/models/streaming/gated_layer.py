"""A Transformer layer whose attention and feed-forward blocks are each run for some frames and left out for the others."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from fairasr.models.streaming.amortised_settings import AmortisedSettings
from fairasr.models.streaming.flops import layer_flops
from fairasr.models.streaming.gates import Arbitrator, logistic_noise, straight_through
from fairasr.models.streaming.windowed_attention import Absent, Memory, WindowedAttention

BLOCKS = ("attention", "feed-forward")
"""Blocks of a layer, as on the last axis of the gates."""


class GatedLayer(nn.Module):
    """Attention, then a feed-forward block, each normalised in front and around a residual path, behind a gate.

    Args:
        settings: of the encoder.

    Attributes:
        fixed_flops: operations of a frame whatever the gates say: keys, values and arbitrators.
        attention_flops: of a frame's queries and output layer, where the gate is open.
        flops_by_key: of each frame attended to, where the gate is open.
        feed_forward_flops: of the feed-forward block, where the gate is open.
    """

    def __init__(self, settings: AmortisedSettings) -> None:
        super().__init__()
        d_model = settings.d_model
        self.attention_norm = nn.LayerNorm(d_model)
        self.attention = WindowedAttention(d_model, settings.n_heads, settings.window)
        self.feed_forward_norm = nn.LayerNorm(d_model)
        self.wider = nn.Linear(d_model, settings.d_feed_forward)
        self.back = nn.Linear(settings.d_feed_forward, d_model)
        self.dropout = nn.Dropout(settings.dropout)
        n_arbitrators = len(BLOCKS) if settings.gates == "learned" else 0
        arbitrators = [Arbitrator(d_model, settings.arbitrator_size) for _ in range(n_arbitrators)]
        self.arbitrators = nn.ModuleList(arbitrators)
        self.fixed_flops = layer_flops(self.attention.keys_values) + sum(each.flops for each in arbitrators)
        self.attention_flops = layer_flops(self.attention.query, self.attention.output)
        self.flops_by_key = 4.0 * d_model
        self.feed_forward_flops = layer_flops(self.wider, self.back)

    def forward(
        self,
        hidden: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        absent: Absent,
        *,
        fixed: torch.Tensor | None,
        temperature: torch.Tensor | None,
        sparse: bool,
    ) -> tuple[torch.Tensor, Memory, torch.Tensor]:
        """Frames after the layer; keys and values; gates, (n, frames, 2) of 0 and 1, with a gradient where they are learned.

        Args:
            hidden: frames (n, frames, d_model).
            keys: see `WindowedAttention.remembered`.
            values: likewise.
            absent: likewise.
            fixed: gates that are not learned, bool (n, frames, 2).
            temperature: of learned gates. With neither, all gates are open.
            sparse: run a block on its open frames alone and not on all, to be multiplied: the same numbers, but no gradient to
                gates that are closed.
        """
        normed = self.attention_norm(hidden)
        memory = self.attention.remembered(normed, keys, values, absent)
        attends = self._gate(0, normed, fixed, temperature)
        hidden = self._added(
            hidden,
            attends,
            every=lambda: self.attention(normed, memory),
            some=(lambda places: self.attention.some(normed, places, memory)) if sparse else None,
        )
        normed = self.feed_forward_norm(hidden)
        feeds = self._gate(1, normed, fixed, temperature)
        hidden = self._added(
            hidden,
            feeds,
            every=lambda: self._feed_forward(normed),
            some=(lambda places: self._feed_forward(normed.flatten(0, 1).index_select(0, places))) if sparse else None,
        )
        if attends is None or feeds is None:
            return hidden, memory, hidden.new_ones(()).expand(*hidden.shape[:2], len(BLOCKS))
        return hidden, memory, torch.stack([attends, feeds], dim=-1)

    def _gate(
        self, block: int, normed: torch.Tensor, fixed: torch.Tensor | None, temperature: torch.Tensor | None
    ) -> torch.Tensor | None:
        """0 and 1, (n, frames); None where all are open."""
        if fixed is not None:
            return fixed[..., block].to(normed.dtype)
        if temperature is None:
            return None
        scores = self.arbitrators[block](normed)
        noise = logistic_noise(scores.shape, device=scores.device) if self.training else None
        return straight_through(scores, temperature, noise)

    def _added(
        self,
        hidden: torch.Tensor,
        gate: torch.Tensor | None,
        *,
        every: Callable[[], torch.Tensor],
        some: Callable[[torch.Tensor], torch.Tensor] | None,
    ) -> torch.Tensor:
        """Frames with what a block makes of them, from all frames or from `some`, where the gate is open."""
        if gate is None:
            return hidden + self.dropout(every())  # type: ignore[no-any-return]
        if some is None:
            return hidden + gate[..., None] * self.dropout(every())  # type: ignore[no-any-return]
        places = gate.flatten().nonzero().squeeze(-1)
        if not len(places):
            return hidden
        return hidden.flatten(0, 1).index_add(0, places, some(places).to(hidden.dtype)).view_as(hidden)

    def _feed_forward(self, normed: torch.Tensor) -> torch.Tensor:
        return self.back(self.wider(normed).relu())  # type: ignore[no-any-return]
