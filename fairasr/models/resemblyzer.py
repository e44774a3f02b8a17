"""The GE2E speaker encoder (Wan et al. 2018, arXiv 1710.10467) with the weights that Resemblyzer ships.

Three LSTM layers of 256 read 1.6 s of mel frames; the last state through a linear layer and a ReLU, scaled to length 1, is the
vector of that stretch. An utterance's vector is the scaled mean over overlapping stretches (section 3.2 of the paper).

We differ from Resemblyzer in one point: it cuts out pauses with a voice activity detector (webrtcvad) first, we do not trim.
Pauses of a read sentence change its vector little, and the detector is one more compiled package to trust and to install.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fairasr.core.errors import IngestError, MissingExtraError
from fairasr.models.base import UnreadableAudioError
from fairasr.models.mel import mel_spectrogram

SAMPLE_RATE_HZ = 16_000
WINDOW_SAMPLES = 400
HOP_SAMPLES = 160
N_MELS = 40
STRETCH_FRAMES = 160
STRETCHES_PER_S = 1.3
"""Resemblyzer's default: a stretch of 1.6 s begins every 0.77 s."""
MIN_COVERAGE = 0.75
"""A last stretch with less sound in it than this share is left out, unless it is the only one."""
DIMENSION = 256
N_LAYERS = 3
TARGET_DBFS = -30.0
"""Quieter recordings are made this loud first, as in training; louder ones stay."""
STRETCHES_AT_ONCE = 64

WEIGHTS_DISTRIBUTION = "Resemblyzer"
WEIGHTS_FILE = "resemblyzer/pretrained.pt"
INSTALL_TORCH = 'pip install "fairasr[speaker]"'
INSTALL_WEIGHTS = "pip install --no-deps Resemblyzer==0.1.4"


def installed_weights() -> Path:
    """The weights file of the installed Resemblyzer package, found without importing the package.

    Raises:
        MissingExtraError: the package, or the file in it, is not installed.
    """
    try:
        path = Path(str(importlib.metadata.distribution(WEIGHTS_DISTRIBUTION).locate_file(WEIGHTS_FILE)))
    except importlib.metadata.PackageNotFoundError:
        path = None
    if path is None or not path.is_file():
        raise MissingExtraError(
            f"the speaker encoder's weights are not installed: {INSTALL_WEIGHTS} "
            f"(--no-deps, because the package asks for others that only its training needs)"
        )
    return path


def stretch_starts(n_samples: int) -> np.ndarray:
    """First mel frame of each stretch of `STRETCH_FRAMES` frames in a recording: int array (n_stretches,), at least one."""
    step = round(SAMPLE_RATE_HZ / STRETCHES_PER_S / HOP_SAMPLES)
    n_frames = -(-(n_samples + 1) // HOP_SAMPLES)
    starts = np.arange(0, max(1, n_frames - STRETCH_FRAMES + step + 1), step)
    covered = (n_samples - starts[-1] * HOP_SAMPLES) / (STRETCH_FRAMES * HOP_SAMPLES)
    return starts[:-1] if covered < MIN_COVERAGE and len(starts) > 1 else starts


def loud_enough(samples: np.ndarray) -> np.ndarray:
    """`samples` (n_samples,), made louder where their power is below `TARGET_DBFS`; silence is left as it is."""
    power = float(np.mean(np.square(samples, dtype=float)))
    wanted = 10 ** (TARGET_DBFS / 10)
    return samples if power == 0 or power >= wanted else np.asarray(samples * np.sqrt(wanted / power), dtype=np.float32)


def stretches(samples: np.ndarray) -> np.ndarray:
    """Mel frames of every stretch of a recording: float32 (n_stretches, STRETCH_FRAMES, N_MELS); silence pads the last."""
    starts = stretch_starts(len(samples))
    wanted = (starts[-1] + STRETCH_FRAMES) * HOP_SAMPLES
    padded = np.pad(samples, (0, max(0, wanted - len(samples))))
    frames = mel_spectrogram(
        padded, sample_rate_hz=SAMPLE_RATE_HZ, window_samples=WINDOW_SAMPLES, hop_samples=HOP_SAMPLES, n_mels=N_MELS
    )
    return np.stack([frames[start : start + STRETCH_FRAMES] for start in starts])


class ResemblyzerEncoder:
    """GE2E speaker encoder, 256-dimensional, on the CPU; same recording, same vector.

    Args:
        weights: a `pretrained.pt` file; None: the one in the installed Resemblyzer package.

    Raises:
        MissingExtraError: torch or the weights are not installed; says what to install.
        IngestError: the weights file is not one of this encoder.
    """

    name = "resemblyzer-0.1.4"
    dimension = DIMENSION
    sample_rate_hz = SAMPLE_RATE_HZ

    def __init__(self, weights: str | Path | None = None) -> None:
        try:
            import torch
        except ImportError as error:
            raise MissingExtraError(f"the speaker encoder needs torch: {INSTALL_TORCH} and {INSTALL_WEIGHTS}") from error
        self._torch: Any = torch
        path = installed_weights() if weights is None else Path(weights)
        state = _state(torch, path)
        self._lstm = torch.nn.LSTM(N_MELS, DIMENSION, N_LAYERS, batch_first=True).eval()
        self._linear = torch.nn.Linear(DIMENSION, DIMENSION).eval()
        try:
            self._lstm.load_state_dict(_below("lstm.", state))
            self._linear.load_state_dict(_below("linear.", state))
        except RuntimeError as error:
            raise IngestError(
                f"{path.name} does not fit this encoder: {error}. Give the pretrained.pt of Resemblyzer 0.1.4."
            ) from error

    def embed(self, samples: np.ndarray) -> np.ndarray:
        """Vector of the voice in `samples`, float32 (256,) of length 1; samples are mono, 16 kHz, in -1..1.

        Raises:
            UnreadableAudioError: no samples, silence throughout, or a sample that is no number.
        """
        if not len(samples):
            raise UnreadableAudioError("it holds no samples")
        if not np.isfinite(samples).all():
            raise UnreadableAudioError("a sample is not a finite number")
        if not np.any(samples):
            raise UnreadableAudioError("it is silent throughout")
        mels = stretches(loud_enough(np.asarray(samples, dtype=np.float32)))
        torch = self._torch
        with torch.inference_mode():
            parts = [
                torch.nn.functional.normalize(torch.relu(self._linear(self._lstm(torch.from_numpy(block))[1][0][-1])), dim=1)
                for block in np.array_split(mels, -(-len(mels) // STRETCHES_AT_ONCE))
            ]
            mean = torch.cat(parts).mean(dim=0).numpy()
        length = float(np.linalg.norm(mean))
        if length == 0:
            raise UnreadableAudioError("the encoder hears no voice in it")
        return np.asarray(mean / length, dtype=np.float32)


def _state(torch: Any, path: Path) -> Mapping[str, Any]:
    import pickle

    if not path.is_file():
        raise IngestError(
            f"there are no weights at {path}. Give the pretrained.pt of Resemblyzer 0.1.4, or none to use the installed one."
        )
    try:
        # weights_only: the file is a pickle, and only its tensors may be built.
        state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
    except (pickle.UnpicklingError, EOFError, OSError, RuntimeError, LookupError, TypeError, ValueError) as error:
        raise IngestError(
            f"{path.name} cannot be read as weights ({type(error).__name__}). Give the pretrained.pt of Resemblyzer 0.1.4."
        ) from error
    return dict(state)


def _below(prefix: str, state: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
