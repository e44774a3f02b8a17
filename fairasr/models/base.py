"""What a speaker encoder is, and what it gives: one vector per utterance that is near the vectors of the same voice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from fairasr.core.errors import IngestError


class SpeakerEncoder(Protocol):
    """Turns a recording into a vector of the voice in it. Knows nothing of files and tables: `embed_manifest` does."""

    name: str
    """Name and version: vectors of two encoders are not comparable, so results carry it."""

    dimension: int
    """Length of a vector."""

    sample_rate_hz: int
    """Rate [Hz] at which `embed` wants its samples."""

    def embed(self, samples: np.ndarray) -> np.ndarray:
        """Unit-norm vector, float32 (dimension,), of mono samples, float32 (n_samples,) in -1..1.

        Raises:
            UnreadableAudioError: there is no voice to embed (too short, silent, not finite).
        """


class UnreadableAudioError(IngestError):
    """One recording cannot be read or holds nothing; `embed_manifest` notes it and goes on."""


@dataclass(frozen=True, kw_only=True)
class Embeddings:
    """Speaker embeddings of utterances.

    Attributes:
        utterance_ids: str array (n_utterances,), unique.
        vectors: float32 (n_utterances, dim); a row of NaN is missing.
        encoder: name of the encoder; "" if not known.
        failures: utterance_id -> why it has no vector.
        recordings: utterance_id -> SHA-256 of the recording that its vector is of, where it is known.

    Raises:
        IngestError: shapes do not fit, or an utterance appears twice.
    """

    utterance_ids: np.ndarray
    vectors: np.ndarray
    encoder: str = ""
    failures: Mapping[str, str] = field(default_factory=dict)
    recordings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.utterance_ids):
            raise IngestError(
                f"embeddings have shape {self.vectors.shape} for {len(self.utterance_ids):,} utterances; "
                f"they must be (n_utterances, dim), one row per utterance."
            )
        distinct, counts = np.unique(self.utterance_ids, return_counts=True)
        if len(distinct) < len(self.utterance_ids):
            raise IngestError(
                f"{len(self.utterance_ids) - len(distinct):,} of {len(self.utterance_ids):,} embeddings repeat an utterance "
                f"(first: {str(distinct[counts > 1][0])!r}). Keep one row per utterance."
            )

    @property
    def known(self) -> np.ndarray:
        """Which utterances have a vector: bool array (n_utterances,)."""
        return np.asarray(np.isfinite(self.vectors).all(axis=1))
