"""Micro-batches of this process: the schedule cut into what goes through the model at once, features made when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from fairasr.core.errors import TrainingError
from fairasr.models import Trainable, UnreadableAudioError
from fairasr.training.base import TrainingData
from fairasr.training.batches import share_of


class MicroBatches(torch.utils.data.Dataset[dict[str, Any]]):
    """Item i is micro-batch i % accumulation of step i // accumulation, the part of it that this process has.

    Args:
        model: makes the features.
        data: the utterances.
        schedule: rows of each step's batch.
        accumulation: micro-batches of a step.
        rank: of this process.
        n_processes: how many there are.
    """

    def __init__(
        self,
        model: Trainable,
        data: TrainingData,
        schedule: list[np.ndarray],
        *,
        accumulation: int,
        rank: int,
        n_processes: int,
    ) -> None:
        self._model, self._data, self._schedule = model, data, schedule
        self._accumulation, self._rank, self._n_processes = accumulation, rank, n_processes
        self._ids = data.manifest.table["utterance_id"].to_numpy(dtype=object)
        smallest = min(len(rows) for rows in schedule)
        if smallest < accumulation * n_processes:
            raise TrainingError(
                f"the smallest of {len(schedule):,} batches has {smallest} utterances, which cannot be shared out among "
                f"{n_processes} processes with {accumulation} micro-batches each. Use fewer, or a larger batch_size."
            )

    def __len__(self) -> int:
        return len(self._schedule) * self._accumulation

    def __getitem__(self, item: int) -> dict[str, Any]:
        """Arguments of `Network.forward`, and "audio_s", the seconds of audio in them."""
        step, part = divmod(item, self._accumulation)
        whole = self._schedule[step]
        together = share_of(whole, part=part, n_parts=self._accumulation)
        rows = share_of(together, part=self._rank, n_parts=self._n_processes)
        return {
            "rows": rows,
            "audio_s": sum(self._audio_s(row, step=step + 1) for row in rows),
            "batch": self._data.batch(self._model, rows),
            "global_size": len(together),
            # The trainer divides by the micro-batches and averages over the processes: neither may change what a step is.
            "factor": self._accumulation * self._n_processes * len(together) / len(whole),
        }

    def rows(self, step: int) -> np.ndarray:
        """Rows of a step's batch over all processes; steps count from 1."""
        return self._schedule[step - 1]

    def size(self, step: int) -> int:
        """How many these are."""
        return len(self.rows(step))

    def named(self, rows: Sequence[int] | np.ndarray) -> str:
        """Utterance ids of at most three rows, for messages."""
        return ", ".join(repr(self._ids[row]) for row in rows[:3])

    def _audio_s(self, row: int, *, step: int) -> float:
        recordings = self._data.recordings
        try:
            return len(recordings.read(int(row))) / recordings.sample_rate_hz
        except UnreadableAudioError as error:
            raise TrainingError(
                f"the recording of utterance {self._ids[row]!r}, wanted at step {step}, cannot be used: {error}. "
                f"Mend it or take the utterance out of the training data; the last checkpoint is still there."
            ) from error
