"""ConvRNN-T (Radfar et al. 2022): a transducer that hears through convolutions, near and far back, and then LSTM layers."""

from __future__ import annotations

from typing import Any

from fairasr.models.streaming.conv_encoder import ConvEncoder
from fairasr.models.streaming.conv_settings import ConvEncoderSettings
from fairasr.models.streaming.recogniser import TransducerRecognizer


class ConvRNNT(TransducerRecognizer):
    """A `TransducerRecognizer` whose encoder is a `ConvEncoder`."""

    architecture = "conv-rnnt"
    encoder_settings = ConvEncoderSettings

    @staticmethod
    def make_encoder(settings: Any, *, n_features: int) -> ConvEncoder:
        """The encoder of `ConvEncoderSettings`, without weights yet, for frames of `n_features` numbers."""
        return ConvEncoder(settings, n_features=n_features)
