"""What a model does on some utterances: transcribed once, kept in the job's folder, counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fairasr.core import Counts
from fairasr.mitigating.spoken import Spoken
from fairasr.models import Trainable, transcribe_to_file
from fairasr.training.world import told_by_main

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One set of utterances to measure on.

    Attributes:
        name: "development", "test", or that of a forgetting set; also the folder of its hypotheses.
        spoken: the utterances.
        cohorts: cohort of each utterance's speaker, for models that take it; str (n_utterances,).
    """

    name: str
    spoken: Spoken
    cohorts: np.ndarray | None = None


def counts_of(model: Trainable, on: Measured, *, system: str, folder: Path, progress: Progress) -> Counts:
    """Counts per speaker of what `model` hears, under the name `system`.

    Under torchrun the main process transcribes and tells the others.
    """
    path = folder / "hypotheses" / on.name / f"{system}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)

    def transcribed() -> Counts:
        hypotheses, _ = transcribe_to_file(
            model,
            on.spoken.manifest,
            recordings=on.spoken.recordings,
            path=path,
            system=system,
            cohorts=None if on.cohorts is None else list(on.cohorts),
            progress=lambda done, total: progress(f"{system}: transcribing {on.name}", done, total),
        )
        return on.spoken.score(hypotheses)

    return told_by_main(transcribed)


def counts_of_base(base: Trainable, on: Measured, *, folder: Path, progress: Progress) -> Counts:
    """The same of the base model, from the hypotheses that the job names where they cover all of `on`."""
    known = on.spoken.base_hypotheses
    if known is not None and set(on.spoken.manifest.table["utterance_id"]) <= set(known.texts):
        return on.spoken.score(known)
    return counts_of(base, on, system=f"base-{base.name}", folder=folder, progress=progress)
