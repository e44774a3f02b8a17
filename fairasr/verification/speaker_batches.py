"""Batches of speakers: which speakers, which two utterances of each, which stretch of them; by seed and step alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from fairasr.core import Manifest
from fairasr.core.errors import TrainingError
from fairasr.models import Recordings, UnreadableAudioError

if TYPE_CHECKING:
    import torch

    from fairasr.models.log_mel import LogMel


@dataclass(frozen=True, kw_only=True)
class SpeakerBatches:
    """Draws batches: M speakers without replacement, two utterances of each.

    A speaker with one utterance gives two stretches of it. A batch depends on the seed and its step, on no batch before it, so that
    a run can be gone on with at any step.

    Attributes:
        speakers: speaker of each row, str (n_rows,).
        n_speakers: M, of a batch.
        seed: of every draw.

    Raises:
        TrainingError: there are fewer than M speakers, or M is less than 2.
    """

    speakers: np.ndarray
    n_speakers: int
    seed: int

    def __post_init__(self) -> None:
        if self.n_speakers < 2:
            raise TrainingError(f"a batch of {self.n_speakers} speakers has nobody to tell apart. Ask for 2 or more.")
        n = len(self.rows_by_speaker)
        if n < self.n_speakers:
            raise TrainingError(
                f"there are {n:,} speakers to train on, and a batch has {self.n_speakers:,}. "
                f"Ask for batches of at most {n:,} speakers, or give more speakers."
            )

    @cached_property
    def rows_by_speaker(self) -> list[np.ndarray]:
        """Rows of every speaker, int each, speakers in the order of their names."""
        _, positions = np.unique(self.speakers, return_inverse=True)
        order = np.argsort(positions, kind="stable")
        return np.split(order, np.cumsum(np.bincount(positions))[:-1]) if len(order) else []

    @property
    def n_single(self) -> int:
        """Speakers with one utterance only."""
        return sum(len(rows) == 1 for rows in self.rows_by_speaker)

    @property
    def period(self) -> int:
        """Batches of an epoch: as many as hold the number of all utterances."""
        return max(1, -(-len(self.speakers) // (2 * self.n_speakers)))

    def draw(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows, int (n_speakers, 2); and where the stretch lies in each, float (n_speakers, 2) in 0..1, first to last place.

        Args:
            step: 1 or more.
        """
        random = np.random.default_rng((self.seed, step))
        chosen = random.choice(len(self.rows_by_speaker), size=self.n_speakers, replace=False)
        rows = np.array([_two_of(self.rows_by_speaker[speaker], random) for speaker in chosen])
        return rows, random.random(rows.shape)


class Stretches(Protocol):
    """Features of stretches of utterances, by row."""

    def features(self, rows: np.ndarray, places: np.ndarray) -> torch.Tensor:
        """Float32 (n, frames, n_mels) of rows, int (n,), at places, float (n,) in 0..1."""

    def audio_s(self, rows: np.ndarray) -> float:
        """Seconds of sound in stretches of these rows."""


@dataclass(frozen=True, kw_only=True)
class RecordedStretches:
    """Stretches of recordings.

    Attributes:
        manifest: for the names in messages.
        recordings: by row.
        log_mel: of the encoder.
        stretch_s: length [s]; a shorter recording is repeated until it fills it.
    """

    manifest: Manifest
    recordings: Recordings
    log_mel: LogMel
    stretch_s: float

    def features(self, rows: np.ndarray, places: np.ndarray) -> torch.Tensor:
        """Log-mel frames of every stretch, each normalised over itself.

        Raises:
            TrainingError: a recording cannot be read.
        """
        import torch

        n_samples = round(self.stretch_s * self.log_mel.sample_rate_hz)
        made = []
        for row, place in zip(rows.tolist(), places.tolist(), strict=True):
            made.append(self.log_mel.features(stretch_of(self._samples(row), n_samples=n_samples, place=place)))
        return torch.stack(made)

    def audio_s(self, rows: np.ndarray) -> float:
        """Seconds in all."""
        return len(rows) * self.stretch_s

    def _samples(self, row: int) -> np.ndarray:
        try:
            return self.recordings.read(row)
        except UnreadableAudioError as error:
            utterance = self.manifest.table["utterance_id"].iloc[row]
            raise TrainingError(
                f"the recording of utterance {str(utterance)!r} can no longer be read: {error}. Restore it and start again: "
                f"training goes on from the last checkpoint."
            ) from error


def stretch_of(samples: np.ndarray, *, n_samples: int, place: float) -> np.ndarray:
    """`n_samples` of a recording (n,), from the first place at 0 to the last at 1; a shorter one is repeated."""
    spare = len(samples) - n_samples
    if spare <= 0:
        return np.resize(samples, n_samples)
    start = min(int(place * (spare + 1)), spare)
    return samples[start : start + n_samples]


def _two_of(rows: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return random.choice(rows, size=2, replace=False) if len(rows) > 1 else np.repeat(rows, 2)
