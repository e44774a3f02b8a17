"""A causal Transformer that chooses frame by frame which of its blocks to run (after Xie et al., Interspeech 2022).

Every layer has an attention and a feed-forward block around residual paths, and an arbitrator for each of the two. A block that is
off for a frame passes it on as it is. Training multiplies what a block adds by its gate; inference runs a block on the frames whose
gates are open and on no others.

What is counted: keys and values are always computed and charged, 4 d^2 operations a frame and layer for d channels, since later
frames may attend to a frame whose own attention is off. Off, attention saves its queries, scores, sums and output layer,
4 d^2 + 4 d K for K frames attended to, and the feed-forward block all of its 4 d d_ff. Norms, activations and biases are not
counted, here as elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

from fairasr.models.streaming.amortised_settings import AmortisedSettings
from fairasr.models.streaming.encoder import Encoded, State, StreamingEncoder
from fairasr.models.streaming.flops import layer_flops
from fairasr.models.streaming.gated_layer import BLOCKS, GatedLayer
from fairasr.models.streaming.gates import fixed_gates
from fairasr.models.streaming.windowed_attention import Absent

KERNEL = 3
"""Frames that the convolution in front sees."""
COLDEST = 0.5
"""Temperature of the gates at the end of the annealing, from 1."""


@dataclass(frozen=True)
class AmortisedEncoded(Encoded):
    """What the encoder makes of some frames, and what it ran to do so.

    Attributes:
        gates: which blocks ran for which frame, bool (n, frames, layers, 2): attention, feed-forward.
    """

    gates: torch.Tensor


class AmortisedEncoder(StreamingEncoder):
    """Frames to steps by gated Transformer layers.

    Args:
        settings: its size and what opens its gates.
        n_features: of a frame.
    """

    frame_layer = "input"
    frame_axis = 2

    passes: torch.Tensor

    def __init__(self, settings: AmortisedSettings, *, n_features: int) -> None:
        super().__init__()
        self.settings = settings
        d_model = settings.d_model
        self.input = nn.Linear(n_features, d_model)
        # A convolution, written as a layer over frames side by side: the same sums in the same order for any number of frames.
        self.convolution = nn.Linear(KERNEL * d_model, d_model)
        self.layers = nn.ModuleList(GatedLayer(settings) for _ in range(settings.n_layers))
        self.norm = nn.LayerNorm(d_model)
        self._fixed_flops = layer_flops(self.input, self.convolution) + settings.n_layers * self._layer.fixed_flops
        if settings.gates == "learned":
            # Among the weights, so that a run that is taken up again goes on at the same temperature.
            self.register_buffer("passes", torch.empty((), dtype=torch.int64))

    def initialise(self, generator: torch.Generator) -> None:
        """Nothing trained on yet; draws nothing."""
        del generator
        if self.settings.gates == "learned":
            self.passes.zero_()

    @property
    def width(self) -> int:
        """Channels of a step."""
        return self.settings.d_model

    @property
    def full_flops(self) -> float:
        """Operations of a frame with all gates open and its whole window there."""
        layer = self._layer
        attention = layer.attention_flops + layer.flops_by_key * self.settings.window
        return self._fixed_flops + self.settings.n_layers * (attention + layer.feed_forward_flops)

    @property
    def temperature(self) -> torch.Tensor | None:
        """Of the learned gates, falling from 1 to COLDEST as batches pass in training mode; None where gates are not learned."""
        if self.settings.gates != "learned":
            return None
        return 1 - (1 - COLDEST) * (self.passes / self.settings.anneal_passes).clamp(max=1)

    def start(self, n: int) -> State:
        """The state before the first frame of `n` recordings.

        "keys" and "values" are float (n, layers, window - 1, d_model), "tail" (n, 2, d_model), "n_before", the frames so far,
        int64 (n,).
        """
        settings, weight = self.settings, self.input.weight
        remembered = (n, settings.n_layers, settings.window - 1, settings.d_model)
        return {
            "tail": weight.new_zeros(n, KERNEL - 1, settings.d_model),
            "keys": weight.new_zeros(remembered),
            "values": weight.new_zeros(remembered),
            "n_before": torch.zeros(n, dtype=torch.int64, device=weight.device),
        }

    def forward(self, frames: torch.Tensor, state: State) -> AmortisedEncoded:
        """Steps of the next frames.

        Without gradients and in eval mode, blocks run on their frames alone; else they run on all, and the gates multiply.

        Args:
            frames: float (n, frames, n_features), at least one frame.
            state: what `start` or the last call gave; it is not changed.
        """
        n_frames, n_before = frames.shape[1], state["n_before"]
        if self.training and self.settings.gates == "learned":
            self.passes.add_(1)
        temperature, fixed = self.temperature, self._fixed_gates(n_frames, n_before)
        sparse = not (self.training or torch.is_grad_enabled())
        entered = self.input(frames)
        context = torch.cat([state["tail"], entered], dim=1)
        beside = torch.cat([context[:, place : place + n_frames] for place in range(KERNEL)], dim=2)
        hidden = entered + self.convolution(beside).relu()
        absent = Absent.after(n_before, window=self.settings.window)
        keys, values, gates = [], [], []
        for place, layer in enumerate(self.layers):
            hidden, memory, used = layer(
                hidden,
                state["keys"][:, place],
                state["values"][:, place],
                absent,
                fixed=None if fixed is None else fixed[:, :, place],
                temperature=temperature,
                sparse=sparse,
            )
            keys.append(memory.keys[:, n_frames:])
            values.append(memory.values[:, n_frames:])
            gates.append(used)
        following = {
            "tail": context[:, n_frames:].clone(),
            "keys": torch.stack(keys, dim=1),
            "values": torch.stack(values, dim=1),
            "n_before": n_before + n_frames,
        }
        every = torch.stack(gates, dim=2)
        return AmortisedEncoded(self.norm(hidden), following, self._flops(every, n_before), every.detach() > 0)

    def _fixed_gates(self, n_frames: int, n_before: torch.Tensor) -> torch.Tensor | None:
        """Gates of these frames, bool (n, frames, layers, 2), if they do not depend on what is heard; None if open or learned."""
        settings = self.settings
        if settings.gates in ("learned", "open"):
            return None
        places = n_before[:, None] + torch.arange(n_frames, device=n_before.device)
        n_blocks = settings.n_layers * len(BLOCKS)
        gates = fixed_gates(settings.gates, n_blocks, places, rate=settings.gate_rate, every=settings.every)
        return gates.view(*places.shape, settings.n_layers, len(BLOCKS))

    def _flops(self, gates: torch.Tensor, n_before: torch.Tensor) -> torch.Tensor:
        """Operations of each frame, (n, frames), with a gradient to `gates` (n, frames, layers, 2)."""
        there = n_before[:, None] + torch.arange(1, gates.shape[1] + 1, device=gates.device)
        attended = there.clamp(max=self.settings.window).float()
        attention = self._layer.attention_flops + self._layer.flops_by_key * attended
        attends, feeds = gates.float().sum(dim=2).unbind(-1)
        return self._fixed_flops + attends * attention + feeds * self._layer.feed_forward_flops

    @property
    def _layer(self) -> GatedLayer:
        """Any layer: all cost alike."""
        return cast(GatedLayer, self.layers[0])
