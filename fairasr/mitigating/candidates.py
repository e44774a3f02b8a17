"""Candidates: every method at every strength, trained with every seed, at one budget; each snapshot is a candidate model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fairasr.mitigating.job import Job
from fairasr.mitigating.measuring import Progress
from fairasr.mitigation import Mitigation, settings_of
from fairasr.models import Trainable
from fairasr.training import MlflowTracker, Trained, TrainingData, load_snapshot, train

CACHE = "cache"
RUNS = "runs"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One trained model, not yet loaded.

    Attributes:
        block: name of its [[method]].
        mitigation: with its settings.
        seed: of the training.
        step: whose weights.
        folder: of the run.
        trained: what the run left.
    """

    block: str
    mitigation: Mitigation
    seed: int
    step: int
    folder: Path
    trained: Trained

    @property
    def strength(self) -> float:
        """Value of the swept setting; NaN where the method has none."""
        swept = self.mitigation.strength_field
        return float(getattr(self.mitigation, swept)) if swept else float("nan")

    @property
    def setting(self) -> str:
        """The swept setting in words; "" where there is none."""
        swept = self.mitigation.strength_field
        return f"{swept} = {self.strength:g}" if swept else ""

    @property
    def system(self) -> str:
        """A name no other candidate has, fit for a file."""
        return f"{run_name(self.block, self.mitigation)}-seed{self.seed}-step{self.step}"

    def model(self, base: Trainable, data: TrainingData) -> Trainable:
        """The model to be measured."""
        prepared = self.mitigation.trained_as().prepared(base, data)
        load_snapshot(prepared, self.trained.snapshots[self.step])
        return self.mitigation.finished(prepared, base=base)


def run_name(block: str, mitigation: Mitigation) -> str:
    """Name of a method with its settings, fit for a folder: the method, the swept value, a digest of all settings."""
    swept = mitigation.strength_field
    digest = hashlib.sha256(json.dumps(settings_of(mitigation), sort_keys=True, default=str).encode()).hexdigest()[:8]
    return "-".join([block, *([f"{getattr(mitigation, swept):g}"] if swept else []), digest])


def trained_candidates(
    job: Job, base: Trainable, data: TrainingData, *, inputs: dict[str, Any], folder: Path, progress: Progress
) -> Iterator[Candidate]:
    """Train what is not yet trained, and give every snapshot of every run, in the order of the job file.

    Args:
        job: methods, seeds and budget.
        base: the model before; never changed.
        data: utterances to train on.
        inputs: what else the runs depend on (digests of the corpus, the model and the cohorts), for their fingerprints.
        folder: of the job; runs/ and cache/ are in it.
        progress: told what is trained.
    """
    for block in job.methods:
        for mitigation in block.candidates:
            trained_by = mitigation.trained_as()
            name = run_name(trained_by.method, trained_by)
            for seed in job.seeds:
                run = folder / RUNS / f"{name}-seed{seed}"
                prepared = trained_by.prepared(base, data)
                hooks = trained_by.hooks(prepared, data, seed=seed, cache=folder / CACHE)
                settings = {"method": trained_by.method, "settings": settings_of(trained_by), "inputs": inputs}
                label = f"{trained_by.method} {_strength(trained_by)}seed {seed}"
                trained = train(
                    prepared,
                    data,
                    hooks,
                    job.budget,
                    seed=seed,
                    folder=run,
                    fingerprint=settings,
                    trackers=[MlflowTracker(uri=job.tracking.mlflow, experiment=job.title)] if job.tracking.mlflow else [],
                    progress=lambda _, done, total, label=label: progress(f"{label}: training", done, total),  # type: ignore[misc]
                )
                for step in sorted(trained.snapshots):
                    yield Candidate(block=block.name, mitigation=mitigation, seed=seed, step=step, folder=run, trained=trained)


def _strength(mitigation: Mitigation) -> str:
    swept = mitigation.strength_field
    return f"{getattr(mitigation, swept):g} " if swept else ""


def target_share(trained: Trained, data: TrainingData) -> float:
    """Share of target utterances among those drawn."""
    drawn = np.asarray(trained.drawn)
    return float(drawn[data.target].sum() / drawn.sum()) if drawn.sum() else float("nan")
