"""The encoder of ConvRNN-T (Radfar et al. 2022): a local and a global convolutional encoder in front of a stack of LSTM layers.

Of the paper we had the abstract alone; the layers are those on which two independent implementations of it agree. Ours differs from
them where a step would depend on the future, the padding or the batch: the squeeze is a mean so far, the norms are over channels.
Each LSTM layer has a norm and a residual path, without which a small model of this kind does not start to learn.
"""

from __future__ import annotations

import torch
from torch import nn

from fairasr.models.streaming.conv_settings import ConvEncoderSettings
from fairasr.models.streaming.encoder import Encoded, State, StreamingEncoder
from fairasr.models.streaming.flops import layer_flops
from fairasr.models.streaming.global_cnn import GlobalCNN
from fairasr.models.streaming.local_cnn import LocalCNN, NoLocalCNN
from fairasr.models.streaming.nested_state import inner, nested
from fairasr.models.streaming.residual_lstm import ResidualLSTM


class ConvEncoder(StreamingEncoder):
    """Frames -> local -> global; both side by side -> linear -> LSTM layers. Without the global part, local -> LSTM layers.

    Args:
        settings: its size.
        n_features: of a frame.
    """

    frame_layer = "local.first"
    frame_axis = 1

    def __init__(self, settings: ConvEncoderSettings, *, n_features: int) -> None:
        super().__init__()
        width = settings.width if settings.global_context else settings.lstm_width
        self.local = (
            LocalCNN(n_features, channels=settings.channels, width=width) if settings.local else NoLocalCNN(n_features, width=width)
        )
        self.global_context, self.fusion = None, None
        if settings.global_context:
            self.global_context = GlobalCNN(
                width,
                n_blocks=settings.n_blocks,
                squeeze=settings.squeeze,
                reduction=settings.reduction,
                dropout=settings.dropout,
            )
            self.fusion = nn.Linear(2 * width, settings.lstm_width)
        self.lstm = ResidualLSTM(settings.lstm_width, n_layers=settings.n_lstm_layers, dropout=settings.dropout)

    @property
    def width(self) -> int:
        """Channels of a step: cells of an LSTM layer."""
        return self.lstm.width

    @property
    def full_flops(self) -> float:
        """Floating-point operations of every frame."""
        flops = self.local.flops + self.lstm.flops
        if self.global_context is not None and self.fusion is not None:
            flops += self.global_context.flops + layer_flops(self.fusion)
        return flops

    def start(self, n: int) -> State:
        """The state before the first frame of `n` recordings, on the device of the weights."""
        parts = {"local": self.local.start(n), "lstm": self.lstm.start(n)}
        if self.global_context is not None:
            parts["global_context"] = self.global_context.start(n)
        return nested(parts)

    def forward(self, frames: torch.Tensor, state: State) -> Encoded:
        """Steps of the next frames, float (n, frames, n_features)."""
        parts = {}
        steps, parts["local"] = self.local(frames, inner(state, "local"))
        if self.global_context is not None and self.fusion is not None:
            context, parts["global_context"] = self.global_context(steps, inner(state, "global_context"))
            steps = self.fusion(torch.cat([steps, context], dim=-1))
        steps, parts["lstm"] = self.lstm(steps, inner(state, "lstm"))
        flops = torch.full((), self.full_flops, device=steps.device).expand(steps.shape[:2])
        return Encoded(steps=steps, state=nested(parts), flops=flops)
