"""A made corpus of 160 speakers whose rates are known by construction, and what runs the command line on it."""

from __future__ import annotations

import hashlib
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from typer.testing import CliRunner

from fairasr.cli.main import run

N_SPEAKERS = 160
N_UTTERANCES = 2
ACCENTS = {"north": 3, "south": 1, "east": 2, "west": 2}
"""Wrong words of six in every utterance of a speaker of the accent; of every second speaker one more."""
WORDS = ("sun", "rain", "wind", "snow", "fog", "hail")
REFERENCE = " ".join(WORDS)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a command did."""

    status: int
    printed: str
    message: str


def fairasr(*arguments: object) -> Outcome:
    """Run a command in this process. Anything but an exit status, such as a traceback, is raised."""
    result = CliRunner().invoke(run, [str(argument) for argument in arguments], catch_exceptions=False)
    return Outcome(status=result.exit_code, printed=result.stdout, message=result.stderr)


@contextmanager
def stoppable(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A process that an interrupt reaches, also where what started these tests ignores it; gone afterwards in any case."""

    def heed() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "bufsize": 1}
    with subprocess.Popen(command, preexec_fn=heed, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def small_table() -> pd.DataFrame:
    """One row per utterance, everything text as in a CSV; homes in Kansas, so on land; a fourth of the speakers in each accent."""
    rows = []
    for speaker in range(N_SPEAKERS):
        accent = tuple(ACCENTS)[speaker % len(ACCENTS)]
        for turn in range(N_UTTERANCES):
            n_wrong = ACCENTS[accent] + speaker // len(ACCENTS) % 2
            rows.append(
                {
                    "utterance_id": f"u{speaker:03d}-{turn}",
                    "speaker_id": f"s{speaker:03d}",
                    "reference": REFERENCE,
                    "hypothesis": " ".join(["wrong"] * n_wrong + list(WORDS[n_wrong:])),
                    "accent": accent,
                    "latitude_deg": f"{37.5 + 0.2 * (speaker % 8):.1f}",
                    "longitude_deg": f"{-100.5 + 0.25 * (speaker // 8):.2f}",
                    "zip_code": f"{67001 + speaker % 7}",
                }
            )
    return pd.DataFrame(rows)


def small_embeddings() -> np.ndarray:
    """Voices of the utterances of `small_table`: float32 (n_utterances, 4), two clusters."""
    generator = np.random.default_rng(0)
    centres = np.eye(4, dtype=np.float32)[:2]
    speakers = np.repeat(np.arange(N_SPEAKERS), N_UTTERANCES)
    return centres[speakers % 2] + generator.normal(scale=0.05, size=(len(speakers), 4)).astype(np.float32)


def write_embeddings(path: Path, vectors: np.ndarray) -> Path:
    """An .npz of vectors for the utterances of `small_table`, in its order."""
    np.savez(path, utterance_id=small_table()["utterance_id"].to_numpy(dtype=str), embedding=vectors)
    return path


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by its relative path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
