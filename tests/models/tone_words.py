"""Words in which each letter is a tone: a language that a small recogniser learns in seconds, with no file and no download."""

from __future__ import annotations

import numpy as np

RATE_HZ = 8_000
WORDS = ("bad", "cab", "face", "head", "deaf", "gag", "hedge", "ace")


def spoken(text: str, rng: np.random.Generator) -> np.ndarray:
    """`text` as tones, float32 (n_samples,): a letter lasts 100 to 160 ms, a third of an octave above the one before it."""
    parts = [np.zeros(400)]
    for letter in text:
        n_samples = int(RATE_HZ * rng.uniform(0.10, 0.16))
        frequency_hz = 300 * 2 ** ((ord(letter) - ord("a")) / 3)
        tone = np.sin(2 * np.pi * frequency_hz * np.arange(n_samples) / RATE_HZ) * np.hanning(n_samples) ** 0.25
        parts.append(np.zeros(n_samples) if letter == " " else 0.3 * tone)
    samples = np.concatenate([*parts, np.zeros(400)])
    return (samples + 0.01 * rng.normal(size=len(samples))).astype(np.float32)


def corpus(n_utterances: int, *, seed: int) -> tuple[list[np.ndarray], list[str]]:
    """Recordings of one to three words each, and what is said in them."""
    rng = np.random.default_rng(seed)
    references = [" ".join(rng.choice(WORDS, size=rng.integers(1, 4))) for _ in range(n_utterances)]
    return [spoken(reference, rng) for reference in references], references
