"""Which hypotheses loop or are made up: a flag for each utterance, so that a gap can be explained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairasr.scoring.edit_counts import EditCounts
from fairasr.scoring.tokens import Ragged, TokenPairs

LONGEST_PHRASE = 16
"""[words] Longest phrase whose repetition is looked for; longer ones are caught by their insertions."""

FEWEST_REPEATS = 4
"""Times a phrase must stand back to back; people say things twice, and sometimes three times."""

FEWEST_WORDS = 6
"""[words] A repetition must cover as many, so that "no no no no" is none."""

BITS_OF_A_WORD = 32
"""Bits that hold the number of a word; the number of the text goes above them."""


def loop_flags(pairs: TokenPairs, counts: EditCounts) -> np.ndarray:
    """Whether each hypothesis loops or says what nobody said: bool array (n_utterances,) [ours].

    True where any of these holds:
      - a phrase of 1 to `LONGEST_PHRASE` words stands `FEWEST_REPEATS` times or more back to back, covers `FEWEST_WORDS` words or
        more, and the reference repeats no phrase of that length so often;
      - more words were inserted than the reference has; over an empty reference that is any word at all.
    """
    flags = counts.insertions > pairs.references.lengths
    heard = _numbered(pairs.hypotheses)
    for n_words in range(1, LONGEST_PHRASE + 1):
        repeating = _repeating(heard, n_words=n_words)
        if not repeating.any():
            continue
        said = _numbered(pairs.references.where(repeating))
        flags[repeating] |= ~_repeating(said, n_words=n_words)
    return flags


@dataclass(frozen=True, kw_only=True)
class _Numbered:
    """Words of `n_texts` texts, end to end: the text each is of, and one number for text and word; int64 arrays (n_words,)."""

    owners: np.ndarray
    words: np.ndarray
    n_texts: int


def _numbered(texts: Ragged) -> _Numbered:
    owners = np.repeat(np.arange(len(texts.lengths)), texts.lengths)
    return _Numbered(owners=owners, words=(owners << BITS_OF_A_WORD) | texts.ids, n_texts=len(texts.lengths))


def _repeating(texts: _Numbered, *, n_words: int) -> np.ndarray:
    """Whether a phrase of `n_words` words stands often enough back to back in each text: bool array (n_texts,).

    A phrase repeated r times makes n_words * (r - 1) words in a row equal to the word n_words before them.
    """
    found = np.zeros(texts.n_texts, dtype=bool)
    in_a_row = max(FEWEST_REPEATS * n_words, FEWEST_WORDS) - n_words
    echoes = np.flatnonzero(texts.words[n_words:] == texts.words[:-n_words])
    first, last = echoes[: -in_a_row + 1 or None], echoes[in_a_row - 1 :]
    found[texts.owners[first[last - first == in_a_row - 1]]] = True
    return found
