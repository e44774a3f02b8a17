"""A planted accent: words of tone pairs, where one accent says some letters exactly as the other says others.

No sound is new in the accent, so a recogniser cannot learn it without reading known sounds anew from the word they are in; that is
what makes fine-tuning on the accent alone forget the rest. The lexicon is such that no word of either accent is within one
letter of any other word of either.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from fairasr.core import Manifest
from fairasr.models import Recordings
from fairasr.training import TrainingData

RATE_HZ = 8_000
LETTERS = "abcdefghij"
PLACES_HZ = np.array([(low, high) for low in (350, 500, 700) for high in (1000, 1400, 1900, 2600)], dtype=float)[: len(LETTERS)]
"""Two tones of each letter, as two formants."""
MOVED = {"a": "f", "c": "h", "e": "j", "g": "b"}
"""What the accent says instead: letter -> letter whose sound it has."""
GENERAL, ACCENT = "general", "accent"
N_WORDS, N_LETTERS = 16, 3
LETTER_S, EDGE_S = 0.07, 0.05
NOISE = 0.15


def lexicon(generator: np.random.Generator) -> list[str]:
    """Words that differ in two letters or more from each other, however either is said."""
    words: list[str] = []
    said: list[str] = []
    while len(words) < N_WORDS:
        word = "".join(generator.choice(list(LETTERS), size=N_LETTERS))
        if all(_distance(sound, other) >= 2 for sound in (word, as_said(word)) for other in said):
            words.append(word)
            said += [word, as_said(word)]
    return words


def as_said(word: str) -> str:
    """The letters whose sounds the accent makes for `word`."""
    return "".join(MOVED.get(letter, letter) for letter in word)


def _distance(first: str, second: str) -> int:
    return sum(one != other for one, other in zip(first, second, strict=True))


def spoken(text: str, generator: np.random.Generator) -> np.ndarray:
    """The sounds of `text`, each voice a little higher or faster than the next, in noise: float (n_samples,)."""
    height, pace = np.exp(generator.normal(0, [0.03, 0.1]))
    parts = [np.zeros(int(EDGE_S * RATE_HZ))]
    for letter in text:
        n_samples = int(LETTER_S * pace * RATE_HZ * np.exp(generator.normal(0, 0.1)))
        if letter == " ":
            parts.append(np.zeros(n_samples))
            continue
        tones_hz = PLACES_HZ[LETTERS.index(letter)] * height * np.exp(generator.normal(0, 0.02, size=2))
        phases = 2 * np.pi * (tones_hz[:, None] * np.arange(n_samples) / RATE_HZ + generator.random((2, 1)))
        parts.append(np.sqrt(np.hanning(n_samples)) * (np.array([1.0, 0.7]) @ np.sin(phases)))
    samples = np.concatenate([*parts, np.zeros(int(EDGE_S * RATE_HZ))])
    return (samples + NOISE * generator.standard_normal(len(samples))) / 5


@dataclass(frozen=True, kw_only=True)
class PlantedAccent:
    """Utterances of one world.

    Attributes:
        base: general speech to train a recogniser on.
        adaptation: speech of the accent, the target, and general speech that fine-tuning does not draw.
        test: both, unseen.
    """

    base: TrainingData
    adaptation: TrainingData
    test: TrainingData


def planted_accent(folder: Path, *, seed: int, n_base: int, n_accent: int, n_general: int, n_test: int) -> PlantedAccent:
    """Draw a world into `folder`: `n_test` test utterances of each kind, the other numbers as named."""
    generator = np.random.default_rng(seed)
    words = lexicon(generator)

    def part(name: str, **how_many: int) -> TrainingData:
        return _written(folder / name, words, generator, how_many)

    return PlantedAccent(
        base=part("base", general=n_base),
        adaptation=part("adaptation", accent=n_accent, general=n_general),
        test=part("test", accent=n_test, general=n_test),
    )


def _written(folder: Path, words: list[str], generator: np.random.Generator, how_many: dict[str, int]) -> TrainingData:
    folder.mkdir(parents=True)
    rows = []
    for cohort, n_utterances in how_many.items():
        for number in range(n_utterances):
            reference = " ".join(generator.choice(words, size=2))
            samples = spoken(as_said(reference) if cohort == ACCENT else reference, generator)
            name = f"{cohort}-{number:04d}"
            soundfile.write(folder / f"{name}.wav", samples, RATE_HZ)
            rows.append((name, name, reference, f"{name}.wav", len(samples) / RATE_HZ, cohort))
    table = pd.DataFrame(rows, columns=["utterance_id", "speaker_id", "reference", "audio_path", "duration_s", "cohort"])
    manifest = Manifest(table=table)
    cohorts = table["cohort"].to_numpy(dtype=str)
    # Trained on the accent where there is one, on everything where there is none.
    target = cohorts == ACCENT if ACCENT in how_many else np.ones(len(table), dtype=bool)
    recordings = Recordings(manifest, audio_root=folder, sample_rate_hz=RATE_HZ)
    return TrainingData(manifest=manifest, recordings=recordings, cohorts=cohorts, target=target)
