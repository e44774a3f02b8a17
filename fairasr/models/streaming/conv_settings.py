"""Sizes of a ConvRNN-T's encoder: a small one that trains on two cores, and one as large as those that follow the paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from fairasr.models.settings import number_problems, require_settings, size_problems
from fairasr.models.streaming.global_cnn import Squeeze


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


@dataclass(frozen=True, kw_only=True)
class ConvEncoderSettings:
    """Size of the encoder of a ConvRNN-T.

    Attributes:
        local: whether there are convolutions over time and frequency; else a linear layer is in their place.
        channels: of each of them.
        global_context: whether there are blocks that look far back; else their input goes to the LSTM layers alone.
        width: channels of these blocks.
        n_blocks: of dilation 1, 2, 4 and so on.
        squeeze: "cumulative": channels are weighted by their mean up to each step; "none": they are not.
        reduction: channels that become one in the squeeze.
        lstm_width: cells of an LSTM layer.
        n_lstm_layers: LSTM layers.
        dropout: of what each block and LSTM layer adds.

    Raises:
        ModelError: sizes that do not fit together.
    """

    local: bool = True
    channels: tuple[int, ...] = (8, 8, 8, 8)
    global_context: bool = True
    width: int = 64
    n_blocks: int = 4
    squeeze: Squeeze = "cumulative"
    reduction: int = 8
    lstm_width: int = 128
    n_lstm_layers: int = 2
    dropout: float = 0.1

    def __post_init__(self) -> None:
        wrong = size_problems(self, "width", "n_blocks", "reduction", "lstm_width", "n_lstm_layers")
        wrong += number_problems(self, "dropout", below=1)
        switches = {"local": self.local, "global_context": self.global_context}
        wrong += [f"{name} is {value!r}, not true or false" for name, value in switches.items() if not isinstance(value, bool)]
        if not isinstance(self.channels, tuple) or not self.channels or not all(map(_is_size, self.channels)):
            wrong.append(f"channels are {self.channels!r}, not whole numbers above 0")
        if self.squeeze not in get_args(Squeeze):
            wrong.append(f"squeeze is {self.squeeze!r}, none of {', '.join(get_args(Squeeze))}")
        require_settings(wrong, what="the encoder of a ConvRNN-T")


PAPER_SIZE = ConvEncoderSettings(channels=(100, 100, 64, 64), width=512, n_blocks=6, lstm_width=640, n_lstm_layers=7)
"""As large as the implementations that follow the paper: 33.0 million parameters for 64 bands, 4.4 GFLOP a second of audio."""
