"""A recogniser trained from nothing on part of a corpus: the base model of a trial, where no pretrained one can be had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fairasr.core.errors import ModelError
from fairasr.mitigating.job import CorpusChoice
from fairasr.mitigating.job_file import budget_problems, is_seed, located, refused
from fairasr.mitigating.measuring import Progress
from fairasr.mitigating.sections import read_toml, section
from fairasr.mitigating.sources import corpus_problems
from fairasr.mitigating.spoken import read_spoken, trainable_rows
from fairasr.models import ARCHITECTURES, Trainable, initialised
from fairasr.models.architectures import check_settings
from fairasr.training import Budget, Hooks, TrainingData, train

KEYS = ("name", "architecture", "settings", "sample_rate_hz", "seed", "corpus", "budget")
EVERYONE = "everyone"


@dataclass(frozen=True, kw_only=True)
class FromScratch:
    """What to train.

    Attributes:
        name: of the model, as it will stand in reports.
        architecture: name in ARCHITECTURES.
        settings: of the architecture.
        sample_rate_hz: what recordings are resampled to.
        corpus: the recordings.
        budget: of the training.
        seed: of the first weights and of every draw.
    """

    name: str
    architecture: str
    corpus: CorpusChoice
    settings: Mapping[str, Any] = field(default_factory=dict)
    sample_rate_hz: int = 16_000
    budget: Budget = field(default_factory=Budget)
    seed: int = 0


def read_from_scratch(path: str | Path) -> FromScratch:
    """The training job of a TOML file, whose corpus is there and can be read.

    Raises:
        JobError: it cannot be read, breaks rules, or names what is not there: all of it in one message.
    """
    path = Path(path)
    data = read_toml(path)
    problems = [f"there is no key '{key}'; there are {', '.join(KEYS)}" for key in data if key not in KEYS]
    corpus = section(CorpusChoice, data.get("corpus"), name="corpus", problems=problems)
    budget = section(Budget, data.get("budget"), name="budget", problems=problems)
    architecture, rate, seed = data.get("architecture"), data.get("sample_rate_hz", 16_000), data.get("seed", 0)
    if architecture not in ARCHITECTURES:
        problems.append(f"'architecture' is {architecture!r}; it must be one of {', '.join(ARCHITECTURES)}")
    if not isinstance(rate, int) or rate < 1000:
        problems.append(f"'sample_rate_hz' is {rate!r}; it must be a whole number, 1000 or more")
    if not is_seed(seed):
        problems.append(f"'seed' is {seed!r}; it must be a whole number, 0 or more")
    settings = data.get("settings", {})
    if not isinstance(settings, Mapping):
        problems.append("[settings] must be a table")
    elif architecture in ARCHITECTURES:
        problems += _settings_problems(str(architecture), settings)
    if budget is not None:
        problems += budget_problems(budget)
    if corpus is not None:
        corpus = located(corpus, path.parent)
        problems += corpus_problems(corpus, table="corpus")[0]
    if problems:
        raise refused(str(path), problems)
    assert corpus is not None and budget is not None  # noqa: PT018
    return FromScratch(
        name=str(data.get("name", path.stem)),
        architecture=str(architecture),
        settings=settings,
        sample_rate_hz=rate,
        corpus=corpus,
        budget=budget,
        seed=seed,
    )


def _settings_problems(architecture: str, settings: Mapping[str, Any]) -> list[str]:
    try:
        check_settings(architecture, settings)
    except ModelError as error:
        return [f"[settings] {error}"]
    return []


def train_recogniser(job: FromScratch | str | Path, *, folder: str | Path, progress: Progress | None = None) -> Trainable:
    """Train a recogniser from nothing, or go on where an interrupted training stopped; the model is saved in `folder`.

    Raises:
        JobError: the job file breaks rules, or no utterance is left to train on.
        TrainingError: training cannot go on; the last good checkpoint is still there.
    """
    job = job if isinstance(job, FromScratch) else read_from_scratch(job)
    folder, tell = Path(folder), progress or (lambda what, done, total: None)
    tell("loading the corpus", 0, 1)
    spoken = read_spoken(job.corpus, sample_rate_hz=job.sample_rate_hz, seed=job.seed)
    model = initialised(
        job.architecture,
        references=list(spoken.manifest.table["reference"]),
        settings=job.settings,
        sample_rate_hz=job.sample_rate_hz,
        name=job.name,
        seed=job.seed,
    )
    rows, _ = trainable_rows(model, spoken)
    usable = spoken.of_rows(rows)
    data = TrainingData(
        manifest=usable.manifest,
        recordings=usable.recordings,
        cohorts=np.full(len(rows), EVERYONE),
        target=np.ones(len(rows), dtype=bool),
    )
    train(
        model,
        data,
        Hooks(),
        job.budget,
        seed=job.seed,
        folder=folder / "run",
        fingerprint={"architecture": job.architecture, "settings": dict(job.settings), "inputs": dict(spoken.corpus.inputs)},
        progress=lambda _, done, total: tell("training", done, total),
    )
    model.save(folder)
    return model
