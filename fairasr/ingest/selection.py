"""Which systems and utterances of a corpus are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from fairasr.core import Manifest
from fairasr.core.errors import ScoringError
from fairasr.ingest.corpus import Corpus

Missing = Literal["error", "deletions", "set-aside"]
"""What an utterance without hypothesis is: an error; its words deleted; or set aside for every system, and counted."""


def selected(corpus: Corpus, *, systems: Sequence[str], missing: Missing) -> Corpus:
    """The corpus with only `systems` (all, if empty) and, under "set-aside", only utterances that each of them transcribed.

    All systems are then compared on the same utterances. The others are in `manifest.set_aside`, with the reason.

    Raises:
        ScoringError: a system is not in the corpus, or no utterance was transcribed by all of them.
    """
    names = [hypotheses.system for hypotheses in corpus.systems] + [counts.system for counts in corpus.counts]
    unknown = [name for name in systems if name not in names]
    if unknown:
        raise ScoringError(
            f"{len(unknown)} of {len(systems)} systems asked for are not in '{corpus.manifest.source}' (first: {unknown[0]!r}); "
            f"it has {', '.join(names) or 'none'}."
        )
    kept = tuple(hypotheses for hypotheses in corpus.systems if not systems or hypotheses.system in systems)
    corpus = replace(corpus, systems=kept, counts=tuple(one for one in corpus.counts if not systems or one.system in systems))
    if missing != "set-aside":
        return corpus
    table = corpus.manifest.table
    reasons = np.full(len(table), "", dtype=object)
    for hypotheses in reversed(kept):
        reasons[~table["utterance_id"].isin(hypotheses.texts.keys()).to_numpy()] = f"no hypothesis of {hypotheses.system}"
    complete = reasons == ""
    if complete.all():
        return corpus
    if not complete.any():
        raise ScoringError(
            f"none of {len(table):,} utterances was transcribed by all of {', '.join(h.system for h in kept)} (first: "
            f"{table['utterance_id'].iloc[0]!r} has {reasons[0]}). Choose systems that share utterances."
        )
    manifest = corpus.manifest
    aside = table[~complete].assign(reason=reasons[~complete])
    return replace(
        corpus,
        manifest=Manifest(
            table=table[complete],
            embeddings=None if manifest.embeddings is None else manifest.embeddings[complete],
            source=manifest.source,
            has_speaker_ids=manifest.has_speaker_ids,
            set_aside=pd.concat([manifest.set_aside, aside], ignore_index=True),
        ),
    )
