"""What one run is: model, data, hooks, budget and all that follows from them before the first step."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fairasr.core.errors import TrainingError
from fairasr.models import Trainable
from fairasr.training.base import Budget, Hooks, TrainingData
from fairasr.training.batches import batch_schedule, schedule_digest
from fairasr.training.durations import durations_s

FORMAT = "fairasr-run"
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of the loop.

    Attributes:
        model: trained in place.
        data: the utterances.
        hooks: what the method does.
        budget: what it may use.
        seed: of every draw.
        folder: where everything is written.
        schedule: rows of each step's batch.
        device: kind of it: "cpu", "cuda".
    """

    model: Trainable
    data: TrainingData
    hooks: Hooks
    budget: Budget
    seed: int
    folder: Path
    schedule: list[np.ndarray]
    device: str

    @property
    def snapshot_steps(self) -> tuple[int, ...]:
        """Evenly spaced steps whose weights are kept, the last among them."""
        return snapshot_steps(self.budget)

    def snapshot(self, step: int) -> Path:
        """File of the weights kept at a step."""
        return self.folder / "snapshots" / f"step-{step}.safetensors"

    def settings(self, *, n_processes: int, weights_sha256: str, fingerprint: Mapping[str, Any]) -> dict[str, Any]:
        """All that the weights it ends with depend on, as plain data."""
        return {
            "format": FORMAT,
            "format_version": VERSION,
            "budget": dataclasses.asdict(self.budget),
            "seed": self.seed,
            "processes": n_processes,
            "device": self.device,
            "schedule_sha256": schedule_digest(self.schedule),
            "starting_weights_sha256": weights_sha256,
            "trainable": {name: list(p.shape) for name, p in self.model.module.named_parameters() if p.requires_grad},
            "terms": {place: _term_name(getattr(self.hooks, place)) for place in ("reduce", "penalty")},
            "fingerprint": dict(fingerprint),
        }


def planned(model: Trainable, data: TrainingData, hooks: Hooks, budget: Budget, *, seed: int, folder: Path, device: str) -> Run:
    """Check what was asked for, and draw the batches.

    Raises:
        TrainingError: it cannot be trained so; every broken rule is in the one message.
    """
    problems = [*_budget_problems(budget), *_hook_problems(hooks, n_utterances=len(data))]
    if seed < 0:
        problems.append(f"seed is {seed}, not at least 0")
    if not any(parameter.requires_grad for parameter in model.module.parameters()):
        problems.append("no parameter of the model may be changed")
    if problems:
        raise TrainingError(f"training cannot start: {'; '.join(problems)}. Change these settings.")
    schedule = batch_schedule(
        weights=np.asarray(data.target if hooks.sampling_weights is None else hooks.sampling_weights, dtype=float),
        batch_size=budget.batch_size,
        n_steps=budget.n_steps,
        seed=seed,
        groups=hooks.batch_groups,
        durations_s=None if hooks.batch_groups is None else durations_s(data),
        least=budget.accumulation,
    )
    return Run(model=model, data=data, hooks=hooks, budget=budget, seed=seed, folder=folder, schedule=schedule, device=device)


def snapshot_steps(budget: Budget) -> tuple[int, ...]:
    """Evenly spaced steps whose weights are kept, the last among them; at most one for every step.

    Examples:
        >>> snapshot_steps(Budget(n_steps=10, n_snapshots=3))
        (3, 7, 10)
    """
    n = budget.n_snapshots
    return tuple(sorted({max(1, round(budget.n_steps * (i + 1) / n)) for i in range(n)}))


def _budget_problems(budget: Budget) -> list[str]:
    least: dict[str, float] = {"n_steps": 1, "batch_size": 1, "accumulation": 1, "checkpoint_every": 1, "n_snapshots": 1}
    least |= {"warmup_steps": 0, "weight_decay": 0, "clip_norm": 0, "learning_rate": 0}
    problems = [
        f"{name} is {getattr(budget, name)}, not at least {bound}"
        for name, bound in least.items()
        if not getattr(budget, name) >= bound
    ]
    choices = {
        "schedule": ("constant", "linear", "cosine"),
        "optimiser": ("adamw", "sgd"),
        "precision": ("float32", "bf16", "fp16"),
    }
    problems += [
        f"{name} is {getattr(budget, name)!r}, not one of {', '.join(allowed)}"
        for name, allowed in choices.items()
        if getattr(budget, name) not in allowed
    ]
    if budget.accumulation >= 1 and budget.batch_size % budget.accumulation:
        problems.append(f"batch_size {budget.batch_size} is no multiple of accumulation {budget.accumulation}")
    return problems


def _hook_problems(hooks: Hooks, *, n_utterances: int) -> list[str]:
    return [
        f"{name} has {len(given):,} values for {n_utterances:,} utterances"
        for name in ("sampling_weights", "batch_groups")
        if (given := getattr(hooks, name)) is not None and len(given) != n_utterances
    ]


def _term_name(term: object | None) -> str:
    return "" if term is None else getattr(term, "__qualname__", type(term).__qualname__)
