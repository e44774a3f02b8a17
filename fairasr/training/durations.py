"""How long each utterance is."""

from __future__ import annotations

import numpy as np

from fairasr.core.errors import TrainingError
from fairasr.models import UnreadableAudioError
from fairasr.training.base import TrainingData


def durations_s(data: TrainingData) -> np.ndarray:
    """Duration of each utterance, float (n_utterances,) [s]: from the manifest, and where it is silent by listening.

    Raises:
        TrainingError: a recording that must be listened to cannot be read.
    """
    table, recordings = data.manifest.table, data.recordings
    known = np.full(len(data), np.nan)
    if "duration_s" in table:
        known = table["duration_s"].to_numpy(dtype=float, na_value=np.nan).copy()
    for row in np.flatnonzero(np.isnan(known)):
        try:
            known[row] = len(recordings.read(int(row))) / recordings.sample_rate_hz
        except UnreadableAudioError as error:
            raise TrainingError(
                f"the recording of utterance {table['utterance_id'][row]!r} cannot be used: {error}. "
                f"Mend it, take the utterance out, or give the column duration_s."
            ) from error
    return known
