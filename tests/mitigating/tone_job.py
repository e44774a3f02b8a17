"""A job on the tone-words: three methods, two seeds, a few steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fairasr.mitigating import Mitigated, job_from, mitigate

JOB: dict[str, Any] = {
    "title": "Tones",
    "notes": ["Tones are not speech."],
    "model": "model",
    "seeds": [0, 1],
    "corpus": {"source": "people/utterances.csv"},
    "cohorts": {"method": "geo-tree", "settings": {"min_speakers": 5}, "min_speakers": 5},
    "speakers": {"min_target": 4},
    "budget": {"n_steps": 10, "batch_size": 8, "learning_rate": 5e-3, "checkpoint_every": 5},
    "selection": {"overall_cap": 1.0},
    "method": [
        {"name": "fine-tuning"},
        {"name": "ewc", "strength": [1, 100], "n_fisher": 8},
        {"name": "interpolation", "alpha": [0.5]},
    ],
}

PLAIN = [{"name": "fine-tuning"}]


def run(world: Path, folder: Path, **changes: Any) -> Mitigated:
    return mitigate(job_from({**JOB, **changes}, folder=world), folder=folder)
