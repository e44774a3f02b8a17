"""One training and its measurement: trained by a job as `fairasr train` would, gone on with where it was stopped, kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from measuring import measured_strings, measured_turns

from fairasr.mitigating.from_scratch import FromScratch, train_recogniser
from fairasr.mitigating.job import CorpusChoice
from fairasr.training import Budget

RATE_HZ = 8_000
"""Of the spoken digits."""
BATCH_SIZE = 16
LEARNING_RATE = 2e-3


@dataclass(frozen=True, kw_only=True)
class Run:
    """One variant with one seed.

    Attributes:
        family: experiment it belongs to.
        name: of the variant.
        architecture: in ARCHITECTURES.
        seed: of weights and batches.
        n_steps: of training, of BATCH_SIZE recordings.
        encoder: settings of the encoder.
        settings: other settings.
        speech: what it is trained and measured on: strings of one speaker, mixtures, or mixtures with one text, by start of turns.
    """

    family: str
    name: str
    architecture: str
    seed: int
    n_steps: int
    encoder: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    speech: Literal["strings", "mixtures", "mixtures-as-one"] = "strings"

    @property
    def place(self) -> str:
        """Where it is kept, below the folder of results."""
        return f"{self.family}/{self.name}-{self.seed}"


def carried_out(run: Run, *, strings: Path, mixtures: Path, out: Path) -> str:
    """Train and measure, unless that was done before; says how it went."""
    result = out / f"{run.place}.json"
    if result.is_file():
        return f"{run.place}: done before"
    source = {"strings": strings, "mixtures": mixtures, "mixtures-as-one": mixtures}[run.speech] / "mixtures.csv"
    if run.speech == "mixtures-as-one":
        source = source.with_name("as-one.csv")
    job = FromScratch(
        name=run.name,
        architecture=run.architecture,
        corpus=CorpusChoice(source=source, only={"part": ("train",)}),
        settings={**run.settings, "encoder": dict(run.encoder)},
        sample_rate_hz=RATE_HZ,
        budget=Budget(
            n_steps=run.n_steps,
            batch_size=BATCH_SIZE,
            learning_rate=LEARNING_RATE,
            warmup_steps=50,
            schedule="cosine",
            clip_norm=5.0,
            checkpoint_every=200,
        ),
        seed=run.seed,
    )
    model = train_recogniser(job, folder=out / "models" / run.place)
    test = CorpusChoice(source=source, only={"part": ("test",)})
    if run.speech == "strings":
        found = measured_strings(model, test, sample_rate_hz=RATE_HZ)
    else:
        found = measured_turns(model, test, mixtures=mixtures, sample_rate_hz=RATE_HZ)
    found["n_parameters"] = sum(weight.numel() for weight in model.module.parameters())
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps({"run": asdict(run), **found}, indent=1), encoding="utf-8")
    return f"{run.place}: {100 * found['wer']:.1f} %"
