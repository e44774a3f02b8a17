"""Recordings from files: mono float32 samples at the rate that is asked for."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np

from fairasr.core.errors import MissingExtraError
from fairasr.models.base import UnreadableAudioError
from fairasr.models.wav_header import missing_bytes

LONGEST_S = 3600.0
"""Longer recordings are refused: whole files are held in memory, and an utterance is not an hour long."""


def soundfile_module() -> ModuleType:
    """The soundfile package.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import soundfile
    except ImportError as error:
        raise MissingExtraError('reading audio needs soundfile: pip install "fairasr[train]" (or "fairasr[speaker]")') from error
    return soundfile  # type: ignore[no-any-return]


def resampled(samples: np.ndarray, *, from_hz: int, to_hz: int) -> np.ndarray:
    """`samples` (n_samples,) at another rate, by a polyphase filter that also removes what the new rate cannot hold: float32."""
    if from_hz == to_hz:
        return np.asarray(samples, dtype=np.float32)
    from scipy.signal import resample_poly

    ratio = Fraction(to_hz, from_hz)
    return np.asarray(resample_poly(samples, ratio.numerator, ratio.denominator), dtype=np.float32)


def read_audio(path: Path, *, sample_rate_hz: int) -> np.ndarray:
    """Mono samples of a file, float32 (n_samples,) in -1..1: channels averaged, resampled to `sample_rate_hz`.

    Reads what libsndfile reads (wav, flac, ogg, mp3, ...).

    Raises:
        MissingExtraError: soundfile is not installed.
        UnreadableAudioError: no such file, not audio, empty, longer than an hour, or cut short. The last is seen of wav and flac;
            an mp3 that is cut short is read as far as it goes, since its header says no exact length.
    """
    soundfile = soundfile_module()
    if not path.is_file():
        raise UnreadableAudioError("there is no such file")
    try:
        with soundfile.SoundFile(path) as stream:
            if stream.frames > LONGEST_S * stream.samplerate:
                raise UnreadableAudioError(f"it is {stream.frames / stream.samplerate:,.0f} s long, more than {LONGEST_S:,.0f} s")
            channels = stream.read(dtype="float32", always_2d=True)
            rate_hz = int(stream.samplerate)
    except (soundfile.LibsndfileError, OSError) as error:
        raise UnreadableAudioError(f"it cannot be read as audio ({error})") from error
    missing = missing_bytes(path)
    if missing:
        raise UnreadableAudioError(f"it is cut short: its header promises {missing:,} bytes more")
    if not len(channels):
        raise UnreadableAudioError("it holds no samples")
    return resampled(channels.mean(axis=1), from_hz=rate_hz, to_hz=sample_rate_hz)


def audible(samples: np.ndarray) -> np.ndarray:
    """The samples, in which there is something to hear.

    Raises:
        UnreadableAudioError: one is not finite, or all are 0.
    """
    if not np.isfinite(samples).all():
        raise UnreadableAudioError("a sample is not a finite number")
    if not samples.any():
        raise UnreadableAudioError("it is silent throughout")
    return samples
