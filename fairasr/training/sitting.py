"""One sitting of a run: from where it stands to its end, or to whatever stops it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from fairasr.core.errors import TrainingError
from fairasr.core.provenance import sha256_of
from fairasr.training.checkpoint import Checkpoint, read_checkpoint, remove_checkpoints, write_checkpoint
from fairasr.training.micro_batches import MicroBatches
from fairasr.training.network import Network
from fairasr.training.random_state import own_random_state
from fairasr.training.run import Run
from fairasr.training.run_record import finish_run
from fairasr.training.terms_state import set_terms_state, terms_state
from fairasr.training.tracking import HISTORY, Row, Tracker
from fairasr.training.trainer import LoopTrainer
from fairasr.training.weights import read_tensors, write_snapshot, write_tensors
from fairasr.training.whole_folder import whole_file
from fairasr.training.world import barrier, is_main, rank, world_size

TERMS = "terms.safetensors"


def sit(
    run: Run,
    settings: Mapping[str, Any],
    *,
    start: Path | None,
    trackers: Sequence[Tracker],
    progress: Callable[[str, int, int], None] | None,
) -> None:
    """Train to the end and leave the record of it.

    Args:
        run: what to train.
        settings: of it, for the trackers.
        start: checkpoint to go on from; None at the beginning.
        trackers: told of every step by the main process.
        progress: likewise.
    """
    keeper = Keeper(run, read_checkpoint(start) if start else None)
    if is_main():
        keeper.trackers, keeper.progress = trackers, progress
    module = run.model.module
    status = "stopped"
    started: list[Tracker] = []
    try:
        for tracker in keeper.trackers:
            tracker.start(run.folder.name, settings, keeper.history)
            started.append(tracker)
        with own_random_state():
            batches = MicroBatches(
                run.model, run.data, run.schedule, accumulation=run.budget.accumulation, rank=rank(), n_processes=world_size()
            )
            trainer = LoopTrainer(run, Network(run.model, run.hooks, run.budget), batches, on_step=keeper.after_step)
            trainer.run_from(start, keeper.checkpoint)
            if is_main():
                keeper.finish()
        status = "finished"
    except Exception:
        status = "failed"
        raise
    finally:
        module.eval()
        module.to("cpu")
        for tracker in started:
            tracker.finish(status)
    barrier()


class Keeper:
    """Keeps history, snapshots and checkpoints of a run up to date.

    Args:
        run: the run.
        checkpoint: where this sitting starts; None at the beginning.
    """

    def __init__(self, run: Run, checkpoint: Checkpoint | None) -> None:
        self._run = run
        self.checkpoint = checkpoint
        self.history: list[Row] = list(checkpoint.state["history"]) if checkpoint else []
        self.trackers: Sequence[Tracker] = ()
        self.progress: Callable[[str, int, int], None] | None = None
        self._began_s = time.monotonic()
        self._before_s = float(checkpoint.state["wall_s"]) if checkpoint else 0.0

    @property
    def wall_s(self) -> float:
        """Seconds of work of all sittings that count, this one included."""
        return self._before_s + time.monotonic() - self._began_s

    def after_step(self, trainer: LoopTrainer, step: int, metrics: Row) -> None:
        """Keep what a step leaves.

        Raises:
            TrainingError: a weight is not a finite number, where weights were to be written.
            OutputError: something cannot be written; earlier checkpoints are as they were.
        """
        run, budget = self._run, self._run.budget
        row = {"step": step, **metrics, "target_share": float(run.data.target[run.schedule[step - 1]].mean())}
        self.history.append(row)
        for tracker in self.trackers:
            tracker.log(step, {name: value for name, value in row.items() if name != "step"})
        snapshot_due = step in run.snapshot_steps
        checkpoint_due = step % budget.checkpoint_every == 0 and step < budget.n_steps
        if snapshot_due or checkpoint_due:
            _check_finite(run.model.module, step=step)
        if snapshot_due and is_main():
            write_snapshot(run.snapshot(step), run.model.module)
        if checkpoint_due:
            checkpoint = trainer.checkpoint(state={"history": self.history, "wall_s": self.wall_s})
            if is_main():
                write_checkpoint(run.folder, checkpoint)
        if self.progress:
            self.progress("training", step, budget.n_steps)

    def finish(self) -> None:
        """Leave the record of the end; checkpoints are of no more use."""
        run = self._run
        if state := terms_state(run.hooks):
            with whole_file(run.folder / TERMS) as staged:
                write_tensors(staged, state)
        finish_run(run.folder, {"history_sha256": sha256_of(run.folder / HISTORY), "wall_s": self.wall_s})
        remove_checkpoints(run.folder)


def load_terms(run: Run) -> None:
    """Give the terms the state they had at the end of a finished run."""
    if terms_state(run.hooks):
        set_terms_state(run.hooks, read_tensors(run.folder / TERMS), device=torch.device("cpu"))


def _check_finite(module: torch.nn.Module, *, step: int) -> None:
    weights = dict(module.named_parameters())
    lost = [name for name, weight in weights.items() if not bool(torch.isfinite(weight).all())]
    if lost:
        raise TrainingError(
            f"after step {step}, {len(lost)} of {len(weights)} weights are not finite numbers (first: {lost[0]!r}). "
            f"Lower learning_rate; the last good checkpoint is still there."
        )
