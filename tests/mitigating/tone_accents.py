"""A corpus of tone-words in two accents: a letter is a tone, and one accent says every letter higher."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

RATE_HZ = 8_000
WORDS = ("bad", "cab", "face", "head", "gag", "ace")
PLAIN, SHIFTED = "plain", "shifted"
SHIFT = {PLAIN: 0.0, SHIFTED: 0.5}
"""The other accent says every letter half a letter higher."""


def spoken(text: str, *, accent: str, rng: np.random.Generator) -> np.ndarray:
    """`text` as one tone a letter, float32 (n_samples,)."""
    parts = [np.zeros(400)]
    for letter in text:
        n_samples = int(RATE_HZ * rng.uniform(0.10, 0.14))
        frequency_hz = 300 * 2 ** ((ord(letter) - ord("a") + SHIFT[accent]) / 3)
        tone = 0.3 * np.sin(2 * np.pi * frequency_hz * np.arange(n_samples) / RATE_HZ)
        parts.append(np.zeros(n_samples) if letter == " " else tone)
    samples = np.concatenate([*parts, np.zeros(400)])
    return (samples + 0.01 * rng.normal(size=len(samples))).astype(np.float32)


def write_corpus(folder: Path, *, speakers: dict[str, int], utterances: int, seed: int) -> Path:
    """utterances.csv and recordings of so many speakers of each accent; those of the plain one live in the south."""
    rng = np.random.default_rng(seed)
    (folder / "audio").mkdir(parents=True)
    rows = []
    for accent, n_speakers in speakers.items():
        for speaker in range(n_speakers):
            place = (42 if accent == SHIFTED else 31) + rng.uniform(0, 3), -100 + rng.uniform(0, 5)
            for number in range(utterances):
                reference = " ".join(rng.choice(WORDS, size=3))
                name = f"{accent}-{speaker:03d}-{number}"
                soundfile.write(folder / "audio" / f"{name}.wav", spoken(reference, accent=accent, rng=rng), RATE_HZ)
                rows.append((name, f"{accent}-{speaker:03d}", reference, f"audio/{name}.wav", *place, accent))
    columns = ["utterance_id", "speaker_id", "reference", "audio_path", "latitude_deg", "longitude_deg", "accent"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "utterances.csv", index=False)
    return folder / "utterances.csv"
