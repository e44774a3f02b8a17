"""What each convolutional part of a ConvRNN-T is worth: encoders without it, as large by wider LSTM layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import torch

from fairasr.models.streaming.conv_encoder import ConvEncoder
from fairasr.models.streaming.conv_settings import ConvEncoderSettings

Variant = Literal["lstm", "local", "global", "both"]


def of_equal_size(settings: ConvEncoderSettings, *, n_features: int) -> Mapping[Variant, ConvEncoderSettings]:
    """LSTM layers alone, with the local part, with the global part, with both: `lstm_width` makes up for what is absent.

    Args:
        settings: of the one with both parts; whether it has them is not looked at.
        n_features: of a frame.
    """
    both = replace(settings, local=True, global_context=True)
    wanted = n_encoder_parameters(both, n_features=n_features)
    return {
        "lstm": _resized(replace(both, local=False, global_context=False), wanted, n_features=n_features),
        "local": _resized(replace(both, global_context=False), wanted, n_features=n_features),
        "global": _resized(replace(both, local=False), wanted, n_features=n_features),
        "both": both,
    }


def n_encoder_parameters(settings: ConvEncoderSettings, *, n_features: int) -> int:
    """Numbers that training changes in such an encoder."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in ConvEncoder(settings, n_features=n_features).parameters())


def _resized(settings: ConvEncoderSettings, wanted: int, *, n_features: int) -> ConvEncoderSettings:
    """The `lstm_width` whose number of parameters is nearest to `wanted`: it grows with the width, so it is searched by halves."""

    def sized(width: int) -> ConvEncoderSettings:
        return replace(settings, lstm_width=width)

    def counted(width: int) -> int:
        return n_encoder_parameters(sized(width), n_features=n_features)

    below, above = settings.lstm_width, 2 * settings.lstm_width
    while counted(above) < wanted:
        below, above = above, 2 * above
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (middle, above) if counted(middle) <= wanted else (below, middle)
    return sized(min(below, above, key=lambda width: abs(counted(width) - wanted)))
