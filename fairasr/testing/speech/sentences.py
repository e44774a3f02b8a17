"""Sentences of a small grammar: few words, many of them alike but for a vowel, so that an accent can move one onto another."""

from __future__ import annotations

import numpy as np

WHO = ("anna", "carl", "dora", "mark", "paul", "ruth")
DOES = ("bought", "found", "lost", "made", "saw", "sold")
LIKE = ("bad", "dark", "dirty", "fast", "large", "last", "new", "old", "short", "small")
THING = ("bird", "boat", "book", "card", "cart", "coat", "cot", "cup", "glass", "path", "port", "pot", "cat", "shirt", "shoe")
WHERE = ("at home", "in court", "near the bath", "on the farm", "by the water", "in the car")

ARTICLES = ("a", "the")

WORDS = tuple(sorted({word for entry in (*WHO, *DOES, *ARTICLES, *LIKE, *THING, *WHERE) for word in entry.split()}))
"""Every word there is, once."""


def draw_sentence(generator: np.random.Generator) -> str:
    """One sentence of 4 to 8 words, without punctuation, in lower case."""
    words = [generator.choice(WHO), generator.choice(DOES), generator.choice(ARTICLES)]
    if generator.random() < 0.6:
        words.append(generator.choice(LIKE))
    words.append(generator.choice(THING))
    if generator.random() < 0.4:
        words.append(generator.choice(WHERE))
    return " ".join(words)
