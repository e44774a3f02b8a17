"""A small corpus with texts, places and two declared groups, one of which errs more."""

from __future__ import annotations

import numpy as np
import pandas as pd

WORDS = np.array(["red", "green", "blue", "one", "two", "three", "north", "south"])


def utterances(n_speakers: int = 120, *, seed: int = 1, systems: tuple[str, ...] = ("",)) -> pd.DataFrame:
    """Four utterances of six words per speaker; accent "far" loses words twice as often, "hand" says nothing about errors."""
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(n_speakers):
        accent = "far" if number % 3 == 0 else "near"
        rate = (0.4 if accent == "far" else 0.15) * generator.gamma(6, 1 / 6)
        place = generator.uniform((30, -110), (45, -80)).round(3)
        for turn in range(4):
            said = generator.choice(WORDS, 6)
            row = {
                "utterance_id": f"u{number:03d}-{turn}",
                "speaker_id": f"s{number:03d}",
                "reference": " ".join(said),
                "latitude_deg": place[0],
                "longitude_deg": place[1],
                "accent": accent,
                "hand": "left" if number % 2 else "right",
            }
            for system in systems:
                kept = said[generator.random(6) >= min(rate, 0.9)]
                row[f"hypothesis:{system}" if system else "hypothesis"] = " ".join(kept)
            rows.append(row)
    return pd.DataFrame(rows)
