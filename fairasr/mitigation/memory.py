"""A memory of the general population: which utterances it holds and how often each is drawn."""

from __future__ import annotations

from typing import Literal

import numpy as np

from fairasr.mitigation.consolidation import general_sample
from fairasr.training import TrainingData

Weighting = Literal["even", "speaker", "cohort"]


def memory_weights(data: TrainingData, *, share: float, n_memory: int, weighting: Weighting, seed: int) -> np.ndarray:
    """Chance of each utterance to be drawn, float (n_utterances,), sum 1.

    Args:
        data: both populations, neither empty.
        share: of the draws that are of the memory; the others are target utterances, evenly.
        n_memory: utterances in the memory; all of the general population where there are fewer.
        weighting: "even" over the memory's utterances, or over its speakers or its cohorts and evenly within each.
        seed: of the choice of the memory.
    """
    weights = np.where(data.target, (1 - share) / len(data.target_rows), 0.0)
    memory = general_sample(data, n_memory, seed=seed)
    groups = {
        "even": np.arange(len(memory)),
        "speaker": data.manifest.speaker_positions[memory],
        "cohort": np.asarray(data.cohorts, dtype=str)[memory],
    }[weighting]
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    weights[memory] = share / len(sizes) / sizes[codes]
    return weights
