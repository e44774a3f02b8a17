"""The sound of a mixture: recordings of a corpus, added where its turns are."""

from __future__ import annotations

import numpy as np

from fairasr.mixtures.placing import Mixture
from fairasr.models import Recordings

COMMON_LEVEL_DB = -26.0
"""Root mean square of a turn over full scale where turns are brought to one level: speech peaks some 15 to 20 dB above it."""

HIGHEST_PEAK = 0.99
"""A sum above this is turned down as a whole: clipped samples are a sound of their own."""


def mixed_samples(mixture: Mixture, recordings: Recordings, *, equalised: bool) -> np.ndarray:
    """Mono samples of a mixture, float32 (n_samples,) in -1..1 at the rate of `recordings`.

    Args:
        mixture: what is spoken when.
        recordings: of the corpus.
        equalised: bring every turn to the common level, then to its own; else recordings stay as loud as they are.
    """
    rate_hz = recordings.sample_rate_hz
    samples = np.zeros(round(mixture.duration_s * rate_hz), dtype=np.float64)
    for placed in mixture.turns:
        spoken = [recordings.read(row) for row in placed.rows]
        gain = 1.0
        if equalised:
            level = np.sqrt(np.mean(np.concatenate(spoken).astype(np.float64) ** 2))
            gain = 10 ** ((COMMON_LEVEL_DB + placed.level_db) / 20) / level if level > 0 else 1.0
        for start_s, recording in zip(placed.starts_s, spoken, strict=True):
            start = round(start_s * rate_hz)
            # Rounding of the ends may ask for a sample or two beyond the last one.
            recording = recording[: len(samples) - start]
            samples[start : start + len(recording)] += gain * recording
    peak = float(np.abs(samples).max(initial=0.0))
    return (samples * min(1.0, HIGHEST_PEAK / peak) if peak > 0 else samples).astype(np.float32)
