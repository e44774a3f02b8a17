"""The loop: train a model on the rows its hooks weigh, in a folder that a killed run goes on from."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fairasr.core.errors import TrainingError
from fairasr.core.provenance import sha256_of
from fairasr.models import Trainable
from fairasr.training.base import Budget, Hooks, Trained, TrainingData
from fairasr.training.checkpoint import choose_checkpoint, remove_checkpoints
from fairasr.training.run import Run, planned
from fairasr.training.run_record import only_here, open_run, outcome_of
from fairasr.training.tracking import HISTORY, FolderTracker, Tracker
from fairasr.training.weights import load_snapshot, tensors_digest
from fairasr.training.whole_folder import remove_unfinished

HISTORY_COLUMNS = (
    "step",
    "loss_task",
    "loss_penalty",
    "penalty_ratio",
    "learning_rate",
    "gradient_norm",
    "target_share",
    "audio_s",
)
"""Columns of `Trained.history`."""

logger = logging.getLogger(__name__)


def train(
    model: Trainable,
    data: TrainingData,
    hooks: Hooks,
    budget: Budget,
    *,
    seed: int,
    folder: str | Path,
    fingerprint: Mapping[str, Any] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    trackers: Sequence[Tracker] = (),
    use_cpu: bool = False,
) -> Trained:
    """Train `model` in place, or go on with the run that was begun in `folder`, or give what a finished one left there.

    A run that was killed, at any moment, and is gone on with ends with the same weights, bit for bit, as one that was not (on a
    CPU, with the same number of threads). Under torchrun every process calls this with the same arguments.

    Args:
        model: a clone that nobody else needs; its module is changed, and is in eval mode on the CPU afterwards.
        data: the utterances.
        hooks: what the method does to the loop; freshly made, also when a run is gone on with.
        budget: steps, batches, learning rate.
        seed: of the order of the utterances and of dropout.
        folder: of the run: run.json, history.jsonl, status.json, checkpoint-*/, snapshots/, finished.json.
        fingerprint: what else the weights depend on (corpus, method and its settings), as plain data.
        progress: told "training", steps done, steps in all.
        trackers: told of every step, besides the folder.
        use_cpu: leave a GPU alone.

    Raises:
        TrainingError: settings that cannot be; a run in `folder` begun with others; a recording that cannot be used; a loss or
            gradient that is no finite number. Checkpoints stay as they are.
        OutputError: something cannot be written. Checkpoints stay as they are.
    """
    # torch and transformers take seconds to import: only who trains waits for them.
    from fairasr.training import sitting, world

    world.connect(use_cpu=use_cpu)
    device = world.device_kind(use_cpu=use_cpu, precision=budget.precision)
    run = planned(model, data, hooks, budget, seed=seed, folder=Path(folder), device=device)
    settings = run.settings(
        n_processes=world.world_size(),
        weights_sha256=tensors_digest(model.module.state_dict()),
        fingerprint=fingerprint or {},
    )
    with ExitStack() as until_done:
        start, notes = world.told_by_main(lambda: _opened(run, settings, until_done))
        for note in notes:
            logger.warning("%s: %s", run.folder, note)
        if outcome_of(run.folder) is None:
            sitting.sit(run, settings, start=start, trackers=[FolderTracker(run.folder), *trackers], progress=progress)
        else:
            load_snapshot(model, run.snapshot(budget.n_steps))
            sitting.load_terms(run)
    outcome = outcome_of(run.folder)
    assert outcome is not None, "a sitting ends with a record, or raises"
    history = _history(run, sha256=outcome["history_sha256"])
    return Trained(
        history=history,
        snapshots={step: run.snapshot(step) for step in run.snapshot_steps},
        drawn=np.bincount(np.concatenate(run.schedule), minlength=len(data)),
        wall_s=float(outcome["wall_s"]),
        audio_s=float(history["audio_s"].sum()),
        settings=settings,
        notes=tuple(notes),
    )


def _opened(run: Run, settings: Mapping[str, Any], until_done: ExitStack) -> tuple[Path | None, list[str]]:
    """The checkpoint to go on from, None where there is none or all is done; and what was wrong with newer ones."""
    open_run(run.folder, settings)
    until_done.enter_context(only_here(run.folder))
    remove_unfinished(run.folder)
    remove_unfinished(run.snapshot(1).parent)
    if outcome_of(run.folder) is None:
        return choose_checkpoint(run.folder, snapshots={step: run.snapshot(step) for step in run.snapshot_steps})
    lost = [step for step in run.snapshot_steps if not run.snapshot(step).is_file()]
    if lost:
        raise TrainingError(
            f"the run in {run.folder} has ended, and {len(lost)} of its {len(run.snapshot_steps)} weight files are gone "
            f"(first: {run.snapshot(lost[0]).name}). Restore them, or remove the folder to train again."
        )
    remove_checkpoints(run.folder)  # killed between its record and the last of them, it left some
    return None, []


def _history(run: Run, *, sha256: str) -> pd.DataFrame:
    path = run.folder / HISTORY
    if not path.is_file() or sha256_of(path) != sha256:
        raise TrainingError(f"{path} is not as the run left it. Restore it, or remove the folder to train again.")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return pd.DataFrame(rows, columns=list(HISTORY_COLUMNS)).astype({"step": "int64"} | dict.fromkeys(HISTORY_COLUMNS[1:], float))
