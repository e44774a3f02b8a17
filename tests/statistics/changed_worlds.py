"""Counts of two systems drawn with a planted change: what a verdict ought to say of them is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fairasr.core import Counts, Partition

KEPT = 0.9
"""Share of the errors before that the new system makes too, where it is not better than that."""


def errors_after(before: np.ndarray, expected: np.ndarray, ratio: float, rng: np.random.Generator) -> np.ndarray:
    """Errors of a system that makes `ratio` times as many as expected: most of them the same, some new."""
    kept = rng.binomial(before, min(KEPT, ratio))
    return kept + rng.poisson(max(ratio - KEPT, 0.0) * expected)


def counts_of(system: str, words: np.ndarray, errors: np.ndarray) -> Counts:
    """Counts with one row per speaker."""
    table = pd.DataFrame(
        {
            "speaker_id": [f"s{i:05d}" for i in range(len(words))],
            "cell": "",
            "n_utterances": 5,
            "n_ref_words": words,
            "errors": errors,
        }
    )
    return Counts(table=table, system=system, normaliser="none", numerator=("errors",))


def changed_world(
    sizes: Mapping[str, int], ratios: Mapping[str, float], *, seed: int, rate: float = 0.15
) -> tuple[Counts, Counts, Partition]:
    """Before, after, and the cohorts; `ratios` is the true rate after / before of each cohort, 1 where it is not named."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(list(sizes), list(sizes.values()))
    words = rng.integers(60, 240, len(labels))
    rates = np.minimum(rate * np.exp(0.4 * rng.standard_normal(len(labels))), 0.8)
    before = rng.binomial(words, rates)
    after = np.zeros_like(before)
    for label in sizes:
        inside = labels == label
        after[inside] = errors_after(before[inside], (rates * words)[inside], ratios.get(label, 1.0), rng)
    first, second = counts_of("before", words, before), counts_of("after", words, after)
    index = pd.Index(first.table["speaker_id"], name="speaker_id")
    partition = Partition(method="made", labels=pd.Series(labels, index=index), descriptions={}, used_scores=False)
    return first, second, partition
