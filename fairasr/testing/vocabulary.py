"""The sentences of the demo, made of about 400 words in their roles (`vocabulary.toml`)."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

import numpy as np

PATTERNS = (
    "{people} {done} the {adjectives} {nouns} {places}",
    "{people} {done} the {nouns} and the {adjectives} {nouns}",
    "{openings} {people} {done} the {nouns} {times}",
    "{requests} {to_do} the {adjectives} {nouns} {places}",
    "{names} and {names} {done} the {nouns} {times}",
    "{names} {done} the {adjectives} {nouns}",
    "{requests} {to_do} the {nouns}",
    "{openings} {names} will {to_do} the {adjectives} {nouns} for {people} {times}",
    "{names} asked {people} to {to_do} the {nouns} {places} {times}",
)
"""Sentences: fixed words, and roles in braces to draw from."""

ROLE = re.compile(r"\{(\w+)\}")
ADDED = "added"
"""Role of the words a recogniser adds."""

N_SIMILAR = 6


@cache
def roles() -> dict[str, tuple[str, ...]]:
    """Role -> its words and phrases."""
    text = files("fairasr.testing").joinpath("vocabulary.toml").read_text(encoding="utf-8")
    return {role: tuple(phrases) for role, phrases in tomllib.loads(text).items()}


@cache
def words() -> tuple[str, ...]:
    """Every single word of the demo, sorted."""
    phrases = [phrase for listed in roles().values() for phrase in listed]
    return tuple(sorted({word for text in (*phrases, *(ROLE.sub(" ", pattern) for pattern in PATTERNS)) for word in text.split()}))


@cache
def similar_words() -> dict[str, tuple[str, ...]]:
    """For each word the N_SIMILAR others spelt most like it, nearest first (Levenshtein; ties in alphabetical order)."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist

    vocabulary = words()
    distances = cdist(vocabulary, vocabulary, scorer=Levenshtein.distance)
    np.fill_diagonal(distances, distances.max() + 1)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :N_SIMILAR]
    return {word: tuple(vocabulary[other] for other in nearest[row]) for row, word in enumerate(vocabulary)}


def draw_sentences(generator: np.random.Generator, n_sentences: int) -> list[str]:
    """Sentences of lower-case words, no punctuation, about nine words long."""
    chosen = generator.integers(len(PATTERNS), size=n_sentences)
    sentences = [""] * n_sentences
    for number, pattern in enumerate(PATTERNS):
        rows = np.flatnonzero(chosen == number)
        frame = ROLE.sub("{}", pattern)
        drawn = [_draw_phrases(generator, role=role, n_phrases=len(rows)) for role in ROLE.findall(pattern)]
        for row, phrases in zip(rows, zip(*drawn, strict=True), strict=True):
            sentences[row] = frame.format(*phrases)
    return sentences


def _draw_phrases(generator: np.random.Generator, *, role: str, n_phrases: int) -> list[str]:
    listed = roles()[role]
    return [listed[choice] for choice in generator.integers(len(listed), size=n_phrases)]
