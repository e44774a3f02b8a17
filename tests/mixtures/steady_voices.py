"""A corpus whose every recording is one steady value of its own, so that a sample of a mixture tells which recordings it holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

RATE_HZ = 1000
WORDS = ("one", "two", "three")
ACCENTS = ("north", "south")
STEP = 1 / 2048
"""Between the values of two recordings."""


def write_corpus(folder: Path, *, n_speakers: int = 4, takes: int = 4) -> Path:
    """Table of `n_speakers` speakers who say each word `takes` times; recording k has the value (k + 1) STEP for 0.3 to 0.6 s."""
    (folder / "audio").mkdir(parents=True)
    rows = []
    for speaker in range(n_speakers):
        for word in WORDS:
            for take in range(takes):
                number = len(rows)
                path = f"audio/{number}.wav"
                samples = np.full(300 + 100 * (number % 4), (number + 1) * STEP)
                soundfile.write(folder / path, samples, RATE_HZ, subtype="PCM_16")
                rows.append(
                    {
                        "utterance_id": f"u{number}",
                        "speaker_id": f"s{speaker:02d}",
                        "reference": word,
                        "audio_path": path,
                        "accent": ACCENTS[speaker % 2],
                        "take": take,
                    }
                )
    table = folder / "corpus.csv"
    pd.DataFrame(rows).to_csv(table, index=False)
    return table


def heard(folder: Path, audio_path: str) -> np.ndarray:
    """Samples of a mixture in steps of the recordings' values: int array (n_samples,)."""
    samples, rate_hz = soundfile.read(folder / audio_path)
    assert rate_hz == RATE_HZ
    return np.round(samples / STEP).astype(int)
