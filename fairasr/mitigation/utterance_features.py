"""Numbers that describe an utterance without any model: how it sounds, how much is said and how fast."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from fairasr.core.atomic import write_file
from fairasr.core.errors import TrainingError
from fairasr.models import UnreadableAudioError
from fairasr.models.mel import mel_spectrogram
from fairasr.training import TrainingData

WINDOW_S = 0.025
HOP_S = 0.010
LEAST_POWER = 1e-10
"""Added before the logarithm, so that digital silence has one; about the power of a 16-bit sample's last bit."""
VERSION = 1
"""Of the numbers below: those kept by another version are not used."""


def n_features(n_bands: int) -> int:
    """Features of an utterance."""
    return 2 * n_bands + 2


def utterance_features(data: TrainingData, *, n_bands: int, cache: Path | None = None) -> np.ndarray:
    """Standardised features of each utterance: float64 (n_utterances, 2 n_bands + 2); a feature that never varies is 0.

    Mean and standard deviation over frames of the log power in each mel band (the recording), number of symbols and words per
    second (the reference). With `cache` they are kept there, keyed by samples and references.

    Raises:
        TrainingError: a recording cannot be read.
    """
    kept = cache / f"utterance-features-{_key(data, n_bands=n_bands)}.f8" if cache is not None else None
    if kept is not None and kept.is_file():
        content = kept.read_bytes()
        if len(content) == 8 * len(data) * n_features(n_bands):
            return np.frombuffer(content, dtype="<f8").reshape(len(data), n_features(n_bands)).copy()
    references = data.manifest.table["reference"].to_list()
    raw = np.array([_features(data, row, references[row], n_bands=n_bands) for row in range(len(data))])
    centred, spread = raw - raw.mean(axis=0), raw.std(axis=0)
    varies = spread > 1e-9 * np.abs(raw).max(axis=0)  # what is left of equal numbers after rounding is no variation
    features = np.where(varies, centred / np.where(varies, spread, 1), 0.0)
    if kept is not None:
        write_file(kept, features.astype("<f8").tobytes())
    return features


def _features(data: TrainingData, row: int, reference: str, *, n_bands: int) -> np.ndarray:
    samples, rate_hz = _samples(data, row), data.recordings.sample_rate_hz
    power = mel_spectrogram(
        samples,
        sample_rate_hz=rate_hz,
        window_samples=round(WINDOW_S * rate_hz),
        hop_samples=round(HOP_S * rate_hz),
        n_mels=n_bands,
    )
    log_power = np.log(power.astype(float) + LEAST_POWER)
    words_per_s = len(reference.split()) / (len(samples) / rate_hz)
    return np.concatenate([log_power.mean(axis=0), log_power.std(axis=0), [len(reference), words_per_s]])


def _samples(data: TrainingData, row: int) -> np.ndarray:
    try:
        return data.recordings.read(row)
    except UnreadableAudioError as error:
        utterance = data.manifest.table["utterance_id"].iloc[row]
        raise TrainingError(
            f"the recording of utterance {utterance!r} cannot be used: {error}. Mend it or leave it out."
        ) from error


def _key(data: TrainingData, *, n_bands: int) -> str:
    digest = hashlib.sha256(f"{VERSION} {n_bands} {data.recordings.sample_rate_hz}".encode())
    for row, reference in enumerate(data.manifest.table["reference"]):
        samples = np.ascontiguousarray(_samples(data, row), dtype="<f4")
        digest.update(f"\0{len(samples)}\0{len(reference.encode())}\0{reference}".encode())
        digest.update(samples.tobytes())
    return digest.hexdigest()[:32]
