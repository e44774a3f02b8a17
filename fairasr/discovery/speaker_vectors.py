"""One vector per speaker: the direction of the sum of their utterances' unit vectors, each weighted by its duration.

e_s = normalise(sum over u of duration_u * e_u), e_u of length 1 (methods of Dheram et al. 2022, 2207.11345).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairasr.core import UNKNOWN, Manifest
from fairasr.core.errors import DiscoveryError
from fairasr.discovery.spherical_kmeans import unit_rows

BLOCK_ROWS = 16_384


@dataclass(frozen=True, kw_only=True, eq=False)
class SpeakerVectors:
    """Vectors of a manifest's speakers.

    Attributes:
        vectors: float32 (n_speakers, dim), rows of length 1, or of NaN where the speaker has no usable embedding.
        known: which rows are not NaN: bool (n_speakers,).
        notes: how many embeddings and speakers are missing.
    """

    vectors: np.ndarray
    known: np.ndarray
    notes: tuple[str, ...]


def speaker_vectors(manifest: Manifest) -> SpeakerVectors:
    """Vectors of the speakers of `manifest`, rows as in `speaker_ids`.

    Embeddings with a value that is not finite, or of length 0, count as missing. Where some durations are missing the median
    of the others stands for them; where all are, every utterance weighs the same.

    Raises:
        DiscoveryError: the manifest has no embeddings.
    """
    if manifest.embeddings is None:
        raise DiscoveryError(
            f"manifest '{manifest.source}' has no speaker embeddings. "
            f"Give a column, .npz or .parquet of them, or make them with `fairasr embed`."
        )
    n_speakers = len(manifest.speaker_ids)
    # Summed in the order of speaker and utterance_id, so that the order of rows cannot change the last digit.
    order = np.lexsort((manifest.table["utterance_id"].to_numpy(dtype=str), manifest.speaker_positions))
    weights = _weights(manifest)
    sums = np.zeros((n_speakers, manifest.embeddings.shape[1]))
    n_missing = 0
    for start in range(0, len(order), BLOCK_ROWS):
        rows = order[start : start + BLOCK_ROWS]
        vectors = unit_rows(manifest.embeddings[rows])
        usable = np.isfinite(vectors[:, 0]) if vectors.shape[1] else np.zeros(len(rows), dtype=bool)
        n_missing += int((~usable).sum())
        rows, vectors = rows[usable], vectors[usable]
        if len(rows):
            speakers, first = np.unique(manifest.speaker_positions[rows], return_index=True)
            sums[speakers] += np.add.reduceat(vectors * weights[rows, None], first, axis=0)
    vectors = unit_rows(sums)
    known = np.isfinite(vectors).all(axis=1)
    n_unplaced = int((~known).sum())
    notes = (
        (n_missing, f"{n_missing:,} of {len(manifest):,} utterances have no usable embedding (missing, zero or not finite)."),
        (n_unplaced, f"{n_unplaced:,} of {n_speakers:,} speakers have no usable embedding and are in cohort '{UNKNOWN}'."),
    )
    return SpeakerVectors(vectors=vectors, known=known, notes=tuple(text for count, text in notes if count))


def _weights(manifest: Manifest) -> np.ndarray:
    """Weight of each utterance: its duration [s], or what stands for it: float array (n_utterances,)."""
    if "duration_s" not in manifest.table:
        return np.ones(len(manifest))
    durations = manifest.table["duration_s"].to_numpy(dtype=float, na_value=np.nan)
    given = np.isfinite(durations)
    return np.where(given, durations, np.median(durations[given]) if given.any() else 1.0)
