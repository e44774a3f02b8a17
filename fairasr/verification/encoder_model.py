"""A trained speaker encoder as a `SpeakerEncoder`: vectors of recordings, a folder to save it in and load it from."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Self

import numpy as np
import torch

from fairasr.core.errors import ModelError
from fairasr.models import UnreadableAudioError
from fairasr.models.log_mel import LogMel
from fairasr.models.weights import ModelRecord, read_record, read_weights, save_model, weights_sha256
from fairasr.verification.encoder import EncoderSettings, SpeakerTDNN, encoder_settings

ARCHITECTURE = "speaker-tdnn"

LEAST_S = 0.3
"""Shorter recordings are refused: the network looks at 0.15 s around every frame, and a voice is more than one sound."""

STRETCH_S = 2.0
"""Recordings are embedded in parts of about this length, as it was trained on."""


class TrainedSpeakerEncoder:
    """An encoder trained by `fairasr verify train`; a `SpeakerEncoder`.

    Args:
        module: the network.
        settings: its size.
        sample_rate_hz: of the recordings it wants.
        label: what it was called when it was trained.
    """

    def __init__(self, module: SpeakerTDNN, *, settings: EncoderSettings, sample_rate_hz: int, label: str) -> None:
        self.module = module
        self.settings = settings
        self.sample_rate_hz = sample_rate_hz
        self.label = label
        self.dimension = settings.dimension
        self.log_mel = LogMel(n_mels=settings.n_mels, sample_rate_hz=sample_rate_hz)
        # Vectors of other weights are not comparable, so the name tells them apart; `save` gives it anew after training.
        self.name = self._name()

    @classmethod
    def initialised(
        cls, *, seed: int, label: str = ARCHITECTURE, settings: EncoderSettings | None = None, sample_rate_hz: int = 16_000
    ) -> Self:
        """One with random weights, to be trained: same seed, same weights."""
        settings = settings or EncoderSettings()
        module = SpeakerTDNN.initialised(settings, seed=seed)
        return cls(module, settings=settings, sample_rate_hz=sample_rate_hz, label=label)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The encoder that `save` wrote.

        Raises:
            ModelError: the folder holds no speaker encoder, or a damaged one.
        """
        record = read_record(folder)
        if record.architecture != ARCHITECTURE:
            raise ModelError(
                f"'{folder}' holds a model of architecture {record.architecture!r}, not {ARCHITECTURE!r}. "
                f"Give the folder of an encoder that `fairasr verify train` wrote."
            )
        settings = encoder_settings(record.settings)
        with torch.device("meta"):
            module = SpeakerTDNN(settings)
        shapes = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
        module.load_state_dict(read_weights(folder, record, shapes=shapes), assign=True)
        return cls(module.eval(), settings=settings, sample_rate_hz=record.sample_rate_hz, label=record.name)

    def save(self, folder: Path) -> None:
        """Write record and weights into `folder`, both or neither.

        Raises:
            OutputError: it cannot be written; the encoder that was there still is.
        """
        record = ModelRecord(
            architecture=ARCHITECTURE,
            name=self.label,
            sample_rate_hz=self.sample_rate_hz,
            settings=asdict(self.settings),
            vocabulary={},
        )
        save_model(folder, record, self.module.state_dict())
        self.name = self._name()

    def _name(self) -> str:
        """Label and the first digits of the weights' digest."""
        return f"{self.label}-{weights_sha256(self)[:8]}"

    def embed(self, samples: np.ndarray) -> np.ndarray:
        """Vector of the voice in `samples`, float32 (dimension,) of length 1: the mean over parts of about two seconds.

        Raises:
            UnreadableAudioError: too short, silent throughout, or a sample that is no number.
        """
        require_voice(samples, sample_rate_hz=self.sample_rate_hz)
        n_parts = max(1, round(len(samples) / (STRETCH_S * self.sample_rate_hz)))
        device = next(self.module.parameters()).device
        with torch.inference_mode():
            # One at a time: each is normalised over itself, as in training, and a long recording takes no more memory.
            parts = [
                self.module(self.log_mel.features(part)[None].to(device))[0].cpu() for part in np.array_split(samples, n_parts)
            ]
            mean = torch.stack(parts).mean(dim=0).numpy()
        length = float(np.linalg.norm(mean))
        if not np.isfinite(length) or length == 0:
            raise UnreadableAudioError("the encoder hears no voice in it")
        return np.asarray(mean / length, dtype=np.float32)


def require_voice(samples: np.ndarray, *, sample_rate_hz: int) -> None:
    """Refuse a recording that has no voice to learn or to embed.

    Raises:
        UnreadableAudioError: too short, silent throughout, or a sample that is no number.
    """
    if len(samples) < LEAST_S * sample_rate_hz:
        raise UnreadableAudioError(f"it is {len(samples) / sample_rate_hz:.2f} s long, less than {LEAST_S} s")
    if not np.isfinite(samples).all():
        raise UnreadableAudioError("a sample is not a finite number")
    if not np.any(samples):
        raise UnreadableAudioError("it is silent throughout")
