"""Speakers: how often each is misheard, how much they say, and an embedding that says whom they sound like."""

from __future__ import annotations

import numpy as np

N_VOICES = 12
DIMENSIONS = 64
VOICE_SPREAD = 0.1
"""Standard deviation of a speaker around the centre of their voice, per dimension; centres have unit length."""

HIGHEST_RATE = 0.9
STREAM = 0x776F726C64


def generator_of(seed: int) -> np.random.Generator:
    """The generator of a world: another stream than `default_rng(seed)`, from which an audit of the same seed draws its splits.

    Otherwise the first permutation of both would be one and the same, and everybody inside a gap would land in one half.
    """
    return np.random.default_rng((STREAM, seed))


def draw_speaker_effects(generator: np.random.Generator, *, n_speakers: int, coefficient_of_variation: float) -> np.ndarray:
    """How many times harder than average each speaker is to hear: lognormal, mean 1, float array (n_speakers,).

    A coefficient of about 0.5 is what recognisers show among speakers of one group; it is what makes tests on utterances
    flag half of all equal groups (methods: the speaker is the unit).
    """
    log_variance = np.log1p(coefficient_of_variation**2)
    return generator.lognormal(-log_variance / 2, np.sqrt(log_variance), size=n_speakers)


def draw_amounts(generator: np.random.Generator, *, n_speakers: int, utterances: tuple[int, int], words_mean: float) -> np.ndarray:
    """Utterances and words of each speaker: int array (2, n_speakers).

    Utterances are uniform over the range, both ends included; each has one word and a Poisson number more.
    """
    n_utterances = generator.integers(utterances[0], utterances[1], size=n_speakers, endpoint=True)
    return np.stack([n_utterances, n_utterances + generator.poisson(n_utterances * (words_mean - 1))])


def draw_voice_centres(generator: np.random.Generator) -> np.ndarray:
    """Centres of the voices, unit length: float array (N_VOICES, DIMENSIONS)."""
    centres = generator.normal(size=(N_VOICES, DIMENSIONS))
    unit: np.ndarray = centres / np.linalg.norm(centres, axis=1, keepdims=True)
    return unit


def draw_embeddings(generator: np.random.Generator, voices: np.ndarray, *, centres: np.ndarray) -> np.ndarray:
    """Embedding of speakers with these voices: float32 array (n_speakers, DIMENSIONS), unit length."""
    raw = centres[voices] + VOICE_SPREAD * generator.standard_normal(size=(len(voices), centres.shape[1]))
    unit: np.ndarray = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    return unit


def speaker_names(n_speakers: int) -> list[str]:
    """Names that sort as they count: "s0000", "s0001", ..."""
    digits = max(4, len(str(n_speakers - 1)))
    return [f"s{number:0{digits}d}" for number in range(n_speakers)]
