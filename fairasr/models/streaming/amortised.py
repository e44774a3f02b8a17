"""The compute-amortised transducer (after Xie et al. 2022): it chooses for each frame how much of its encoder to run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from fairasr.models.hugging_face import device_of, evaluating
from fairasr.models.streaming.amortised_encoder import AmortisedEncoder
from fairasr.models.streaming.amortised_settings import AmortisedSettings
from fairasr.models.streaming.recogniser import TransducerRecognizer
from fairasr.models.streaming.transcribing import CHUNK_FRAMES


class AmortisedTransducer(TransducerRecognizer):
    """A `TransducerRecognizer` whose encoder is an `AmortisedEncoder`; `compute_weight` says how dear computation is to it."""

    architecture = "amortised-transducer"
    encoder_settings = AmortisedSettings

    @staticmethod
    def make_encoder(settings: Any, *, n_features: int) -> AmortisedEncoder:
        """The encoder of `AmortisedSettings`, without weights yet, for frames of `n_features` numbers."""
        return AmortisedEncoder(settings, n_features=n_features)

    def open_gates(self, recordings: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Which blocks run for which frame of each recording while it is transcribed: bool (frames, layers, 2) each.

        The last axis is attention and feed-forward; a frame is 30 ms. Where people speak and where they do not, and whose frames
        are given less, is for others to count.
        """
        gates = []
        with evaluating(self.module), torch.no_grad():
            for samples in recordings:
                state, parts = self.module.encoder.start(1), []
                features = self.layout.features(samples)[None].to(device_of(self.module))
                for start in range(0, features.shape[1], CHUNK_FRAMES):
                    encoded = self.module.encoder(features[:, start : start + CHUNK_FRAMES], state)
                    state = encoded.state
                    parts.append(encoded.gates[0].cpu())
                gates.append(torch.cat(parts).numpy())
        return gates
