"""Error counts drawn straight from true rates."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairasr.core import Counts

SUBSTITUTED, DELETED, INSERTED = 0.6, 0.25, 0.15
"""How errors divide into kinds; they sum to 1."""


def draw_counts(
    generator: np.random.Generator, *, speakers: list[str], rates: np.ndarray, n_utterances: np.ndarray, n_words: np.ndarray
) -> Counts:
    """Counts with expected errors `rates` * `n_words`, one row per speaker.

    Words are substituted or deleted (binomial), words are added (Poisson); all arrays are (n_speakers,).
    """
    substitutions = generator.binomial(n_words, SUBSTITUTED * rates)
    deletions = generator.binomial(n_words - substitutions, DELETED * rates / (1 - SUBSTITUTED * rates))
    none = np.zeros(len(speakers), dtype=np.int64)
    table = pd.DataFrame(
        {
            "speaker_id": speakers,
            "cell": "",
            "n_utterances": n_utterances,
            "n_ref_words": n_words,
            "hits": n_words - substitutions - deletions,
            "substitutions": substitutions,
            "deletions": deletions,
            "insertions": generator.poisson(INSERTED * rates * n_words),
            "n_missing": none,
            "n_empty": none,
            "n_loops": none,
        }
    )
    return Counts(table=table, system="drawn", normaliser="none")
