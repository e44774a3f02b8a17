"""Splits of speakers by seed, stratified by how much they said."""

from __future__ import annotations

import numpy as np


def split_speakers(denominators: np.ndarray, *, n_parts: int, seed: int) -> np.ndarray:
    """Part of each speaker: int array (n_speakers,) in 0..n_parts-1; parts differ by at most one speaker in size.

    Speakers are ordered by amount of speech and each run of `n_parts` neighbours is dealt out at random, so every part
    gets about the same number of words.

    Args:
        denominators: int array (n_speakers,), words of each speaker, in an order that does not depend on the file's rows.
        n_parts: 2 for discovery (0) and confirmation (1), K for cross-fitting.
        seed: of the dealing.
    """
    generator = np.random.default_rng(seed)
    ordered = np.argsort(denominators, kind="stable")
    n_runs = -(-len(ordered) // n_parts)
    dealt = generator.permuted(np.tile(np.arange(n_parts), (n_runs, 1)), axis=1).reshape(-1)[: len(ordered)]
    parts = np.empty(len(ordered), dtype=int)
    parts[ordered] = dealt
    return parts
