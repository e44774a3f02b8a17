"""Mishearing: what a recogniser with a given error rate would have written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fairasr.testing.drawn_counts import DELETED, INSERTED, SUBSTITUTED
from fairasr.testing.vocabulary import ADDED, roles, similar_words

EMPTY_PER_RATE = 0.02
LOOP_PER_RATE = 0.01
"""Chance that a whole utterance comes out empty, or as a loop, per unit of error rate. Both grow with the rate, so that ratios of
rates stay as planted."""

LOOP_REPEATS = (7, 12)
LOOP_WORDS = 2


def mishear(generator: np.random.Generator, *, references: Sequence[str], rates: np.ndarray) -> list[str]:
    """Hypotheses with about `rates` errors per word: one text per reference; "" where nothing was heard.

    Words are replaced by similar ones, dropped, and short words added, in the shares of `drawn_counts`. A few utterances come
    out empty and a few repeat their last words over and over, both the more the higher the rate.

    Args:
        generator: source of randomness.
        references: texts, at least one word each.
        rates: expected errors per word of each: float array (n_utterances,).
    """
    similar, addable = similar_words(), roles()[ADDED]
    split = [reference.split() for reference in references]
    lengths = np.array([len(spoken) for spoken in split])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    chance, choice = generator.random(size=(2, starts[-1]))
    added, added_choice = generator.random(size=(2, starts[-1]))
    whole = generator.random(len(split))
    repeats = generator.integers(*LOOP_REPEATS, size=len(split), endpoint=True)
    heard = []
    for number, (spoken, rate) in enumerate(zip(split, rates, strict=True)):
        if whole[number] < EMPTY_PER_RATE * rate:
            heard.append("")
            continue
        written: list[str] = []
        for position, word in enumerate(spoken, start=starts[number]):
            if chance[position] < SUBSTITUTED * rate:
                written.append(similar[word][int(choice[position] * len(similar[word]))])
            elif chance[position] >= (SUBSTITUTED + DELETED) * rate:
                written.append(word)
            if added[position] < INSERTED * rate:
                written.append(addable[int(added_choice[position] * len(addable))])
        if whole[number] > 1 - LOOP_PER_RATE * rate:
            written += spoken[-LOOP_WORDS:] * int(repeats[number])
        heard.append(" ".join(written))
    return heard
