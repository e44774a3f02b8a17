"""Streaming recognisers with small encoders: a linear layer and an LSTM, and one that learns, of residual LSTMs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from fairasr.models.settings import require_settings, size_problems
from fairasr.models.streaming.encoder import Encoded, State, StreamingEncoder
from fairasr.models.streaming.recogniser import TransducerRecognizer
from fairasr.models.streaming.residual_lstm import ResidualLSTM

RATE_HZ = 8_000


@dataclass(frozen=True, kw_only=True)
class StandInSettings:
    """Its size."""

    hidden: int = 12

    def __post_init__(self) -> None:
        require_settings(size_problems(self, "hidden"), what="the stand-in")


class StandInEncoder(StreamingEncoder):
    """Linear layer and LSTM; `flops` is spent alike on every frame."""

    frame_layer = "first"
    frame_axis = 2

    def __init__(self, settings: StandInSettings, *, n_features: int) -> None:
        super().__init__()
        self.first = nn.Linear(n_features, settings.hidden)
        self.dropout = nn.Dropout(0.0)
        self.lstm = nn.LSTM(settings.hidden, settings.hidden, batch_first=True)

    @property
    def width(self) -> int:
        return self.lstm.hidden_size

    @property
    def full_flops(self) -> float:
        return 1000.0

    def start(self, n: int) -> State:
        zeros = self.first.weight.new_zeros(n, self.width)
        return {"hidden": zeros, "cell": zeros}

    def forward(self, frames: torch.Tensor, state: State) -> Encoded:
        hidden = self.dropout(self.first(frames)).tanh()
        steps, (h, c) = self.lstm(hidden, (state["hidden"][None].contiguous(), state["cell"][None].contiguous()))
        flops = frames.new_full(frames.shape[:2], self.full_flops / 2)
        return Encoded(steps=steps, state={"hidden": h[0], "cell": c[0]}, flops=flops)


class StandIn(TransducerRecognizer):
    """The recogniser."""

    architecture = "stand-in"
    encoder_settings = StandInSettings

    @staticmethod
    def make_encoder(settings: Any, *, n_features: int) -> StreamingEncoder:
        return StandInEncoder(settings, n_features=n_features)


def stand_in(references: Sequence[str], *, seed: int = 0, **settings: Any) -> StandIn:
    """A small one; `settings` are a transducer's."""
    small = {"n_mels": 6, "embedding": 5, "predictor": 7, "joint": 9, **settings}
    return StandIn.of(references, settings=small, sample_rate_hz=RATE_HZ, name="small", seed=seed)


def talkative(references: Sequence[str], **settings: Any) -> StandIn:
    """Untrained, but its scores are far apart and the blank's high enough that it writes at some frames and not at others."""
    model = stand_in(references, seed=3, **settings)
    with torch.no_grad():
        model.module.encoder.first.weight.mul_(6)
        model.module.joint.of_steps.weight.mul_(6)
        model.module.joint.output.weight.mul_(4)
        model.module.joint.output.bias[0] = 2.5
    return model


class LearnerEncoder(StreamingEncoder):
    """Linear layer and residual LSTMs."""

    frame_layer = "first"
    frame_axis = 2

    def __init__(self, settings: StandInSettings, *, n_features: int) -> None:
        super().__init__()
        self.first = nn.Linear(n_features, settings.hidden)
        self.lstm = ResidualLSTM(settings.hidden, n_layers=2)

    @property
    def width(self) -> int:
        return self.lstm.width

    @property
    def full_flops(self) -> float:
        return self.lstm.flops

    def start(self, n: int) -> State:
        return self.lstm.start(n)

    def forward(self, frames: torch.Tensor, state: State) -> Encoded:
        steps, state = self.lstm(self.first(frames), state)
        return Encoded(steps=steps, state=state, flops=frames.new_full(frames.shape[:2], self.full_flops))


class Learner(TransducerRecognizer):
    """One that learns words of tones in seconds."""

    architecture = "learner"
    encoder_settings = StandInSettings

    @staticmethod
    def make_encoder(settings: Any, *, n_features: int) -> StreamingEncoder:
        return LearnerEncoder(settings, n_features=n_features)
