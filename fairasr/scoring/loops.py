"""Which hypotheses loop or are made up: a flag for each utterance, so that a gap can be explained."""

from __future__ import annotations

import numpy as np

from fairasr.scoring.edit_counts import EditCounts
from fairasr.scoring.tokens import Ragged, TokenPairs

LONGEST_PHRASE = 16
"""[words] Longest phrase whose repetition is looked for; longer ones are caught by their insertions."""

FEWEST_REPEATS = 4
"""Times a phrase must stand back to back; people say things twice, and sometimes three times."""

FEWEST_WORDS = 6
"""[words] A repetition must cover as many, so that "no no no no" is none."""


def loop_flags(pairs: TokenPairs, counts: EditCounts) -> np.ndarray:
    """Whether each hypothesis loops or says what nobody said: bool array (n_utterances,) [ours].

    True where any of these holds:
      - a phrase of 1 to `LONGEST_PHRASE` words stands `FEWEST_REPEATS` times or more back to back, covers `FEWEST_WORDS` words or
        more, and the reference repeats no phrase of that length so often;
      - more words were inserted than the reference has; over an empty reference that is any word at all.
    """
    flags = counts.insertions > pairs.references.lengths
    for n_words in range(1, LONGEST_PHRASE + 1):
        flags |= _repeats(pairs.hypotheses, n_words=n_words) & ~_repeats(pairs.references, n_words=n_words)
    return flags


def _repeats(texts: Ragged, *, n_words: int) -> np.ndarray:
    """Whether a phrase of `n_words` words stands often enough back to back in each text: bool array (n_texts,).

    A phrase repeated r times makes n_words * (r - 1) words in a row equal to the word n_words before them.
    """
    out = np.zeros(len(texts.lengths), dtype=bool)
    needed = max(FEWEST_REPEATS * n_words, FEWEST_WORDS) - n_words
    bounds = texts.bounds
    # Runs are looked for in all texts at once; a text too short for one ends every run that would cross into it.
    is_echo = np.zeros(len(texts.ids) + 1, dtype=bool)
    if len(texts.ids) <= needed:
        return out
    is_echo[n_words:-1] = texts.ids[n_words:] == texts.ids[:-n_words]
    for offset in range(n_words):
        starts = bounds[:-1][texts.lengths > offset] + offset
        is_echo[starts] = False
    edges = np.flatnonzero(np.diff(is_echo, prepend=False))
    starts, stops = edges[::2], edges[1::2]
    long_enough = starts[stops - starts >= needed]
    out[np.searchsorted(bounds, long_enough, side="right") - 1] = True
    return out
