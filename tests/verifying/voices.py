"""A made-up corpus of voices: vectors around a centre of each speaker, wider for one sex, so that their verifier errs more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fairasr.ingest import Corpus
from fairasr.ingest.recordings_table import read_recordings

WIDTHS = {"f": 2.2, "m": 1.4}


def write_voices(
    folder: Path, *, n_speakers: int = 60, n_each: int = 5, seed: int = 0, columns: dict[str, list[str]] | None = None
) -> tuple[Path, Path]:
    """Table of utterances (no references) and file of vectors; speakers are f and m in turn.

    Args:
        folder: where they go.
        n_speakers: in all.
        n_each: utterances of each.
        seed: of the vectors.
        columns: further columns, one value per speaker.
    """
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n_speakers, 24))
    rows, vectors = [], []
    for speaker in range(n_speakers):
        sex = "fm"[speaker % 2]
        for utterance in range(n_each):
            more = {name: values[speaker] for name, values in (columns or {}).items()}
            rows.append({"utterance_id": f"u{speaker:03d}-{utterance}", "speaker_id": f"s{speaker:03d}", "sex": sex, **more})
            vectors.append(centres[speaker] + WIDTHS[sex] * rng.normal(size=24))
    table = pd.DataFrame(rows)
    table.to_csv(folder / "recordings.csv", index=False)
    np.savez(
        folder / "voices.npz",
        utterance_id=table["utterance_id"].to_numpy(dtype=str),
        embedding=np.array(vectors, dtype=np.float32),
    )
    return folder / "recordings.csv", folder / "voices.npz"


def corpus_of(table: Path) -> Corpus:
    return read_recordings(table)
