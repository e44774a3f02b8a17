"""Division of the speakers: who is trained on, who chooses, who is measured. Nobody is in two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fairasr.core import Manifest
from fairasr.core.errors import JobError
from fairasr.statistics import split_speakers

PARTS = 20
"""Shares are dealt out in twentieths of the speakers, each with about the same amount of speech."""


@dataclass(frozen=True, kw_only=True)
class Division:
    """Speakers of each part, sorted.

    Attributes:
        training: their utterances are trained on, and cohorts were found on them.
        development: choose strength and checkpoint.
        test: in neither; what the report measures.
    """

    training: pd.Index
    development: pd.Index
    test: pd.Index


def divided(
    manifest: Manifest, words: np.ndarray, *, training: float, development: float, seed: int, discovery: pd.Index | None = None
) -> Division:
    """Divide the speakers of `manifest` by seed, each part with its share of the speech.

    Args:
        manifest: all speakers of the job.
        words: reference words of each, int (n_speakers,), ordered as `manifest.speaker_ids`.
        training: share of the speakers to train on.
        development: share of all speakers to choose on; the rest is tested on.
        seed: of the dealing.
        discovery: speakers on whom an audit found the cohorts: they, and no others, are trained on.

    Raises:
        JobError: a part is empty.
    """
    speakers = manifest.speaker_ids
    if discovery is None:
        parts = split_speakers(words, n_parts=PARTS, seed=seed)
        first, second = round(training * PARTS), round((training + development) * PARTS)
        is_training, is_development = parts < first, (parts >= first) & (parts < second)
    else:
        is_training = np.asarray(speakers.isin(discovery))
        rest = np.flatnonzero(~is_training)
        is_development = np.zeros(len(speakers), dtype=bool)
        share = development / (1 - training)
        is_development[rest] = split_speakers(words[rest], n_parts=PARTS, seed=seed) < round(share * PARTS)
    division = Division(
        training=speakers[is_training],
        development=speakers[is_development],
        test=speakers[~is_training & ~is_development],
    )
    for name in ("training", "development", "test"):
        if getattr(division, name).empty:
            raise JobError(
                f"of the {len(speakers):,} speakers of '{manifest.source}' none is left as a {name} speaker. Change the shares "
                "under [speakers], or add speakers."
            )
    return division


def drawn_speakers(manifest: Manifest, *, at_most: int, seed: int) -> pd.Index:
    """All speakers, or `at_most` of them drawn by seed; sorted."""
    speakers = manifest.speaker_ids
    if not at_most or len(speakers) <= at_most:
        return speakers
    return speakers[np.sort(np.random.default_rng(seed).choice(len(speakers), size=at_most, replace=False))]
