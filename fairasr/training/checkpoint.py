"""Checkpoints: folders `checkpoint-<step>` of safetensors and JSON, whole or not there, with a SHA-256 of every file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairasr.core.errors import ModelError, TrainingError
from fairasr.core.provenance import sha256_of
from fairasr.training.weights import read_tensors, write_tensors
from fairasr.training.whole_folder import whole_folder

if TYPE_CHECKING:
    import torch

PREFIX = "checkpoint-"
DIGESTS = "sha256.json"
STATE = "state.json"
TRAINER_STATE = "trainer_state.json"
"""Name under which transformers' Trainer looks for its own counters."""
N_KEPT = 2
"""The newest may turn out damaged; then the one before it is needed."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """All that a run needs to go on as if it had never stopped.

    Attributes:
        step: optimiser steps done.
        tensors: "weights", "optimiser", "terms", "random" -> name -> tensor.
        state: plain data: optimiser and scheduler settings, history so far, seconds of work.
        trainer_state: counters of transformers' Trainer.
    """

    step: int
    tensors: Mapping[str, Mapping[str, torch.Tensor]]
    state: Mapping[str, Any]
    trainer_state: Mapping[str, Any]


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write it to a new folder in `folder`, and remove those that it makes needless.

    Raises:
        OutputError: it cannot be written; earlier ones are as they were.
    """
    path = folder / f"{PREFIX}{checkpoint.step}"
    with whole_folder(path) as staged:
        for name, tensors in checkpoint.tensors.items():
            write_tensors(staged / f"{name}.safetensors", tensors)
        _write_json(staged / STATE, {"step": checkpoint.step, **checkpoint.state})
        _write_json(staged / TRAINER_STATE, checkpoint.trainer_state)
        _write_json(staged / DIGESTS, {file.name: sha256_of(file) for file in sorted(staged.iterdir())})
    for needless in checkpoints(folder)[N_KEPT:]:
        shutil.rmtree(needless, ignore_errors=True)
    return path


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a folder.

    Raises:
        ModelError: it is damaged.
    """
    problem = damage(path)
    if problem:
        raise ModelError(f"{path} is damaged: {problem}. Remove it to go on from the one before.")
    state = json.loads((path / STATE).read_text(encoding="utf-8"))
    return Checkpoint(
        step=state.pop("step"),
        tensors={file.stem: read_tensors(file) for file in sorted(path.glob("*.safetensors"))},
        state=state,
        trainer_state=json.loads((path / TRAINER_STATE).read_text(encoding="utf-8")),
    )


def checkpoints(folder: Path) -> list[Path]:
    """All whole checkpoints in a run's folder, newest first; damaged ones are among them."""
    found = {path: path.name.removeprefix(PREFIX) for path in folder.glob(f"{PREFIX}*") if path.is_dir()}
    numbered = {path: int(step) for path, step in found.items() if step.isascii() and step.isdigit()}
    return sorted(numbered, key=lambda path: -numbered[path])


def remove_checkpoints(folder: Path) -> None:
    """Remove all checkpoints of a run that has ended: nobody goes on from them."""
    for path in checkpoints(folder):
        shutil.rmtree(path, ignore_errors=True)


def damage(path: Path) -> str:
    """What is wrong with a checkpoint's files, "" where nothing is."""
    try:
        digests = json.loads((path / DIGESTS).read_text(encoding="utf-8"))
        wrong = [name for name, sha256 in digests.items() if not (path / name).is_file() or sha256_of(path / name) != sha256]
    except (OSError, ValueError, AttributeError) as error:
        return f"{DIGESTS} cannot be read ({error})"
    if not {STATE, TRAINER_STATE, "weights.safetensors"} <= digests.keys():
        return f"{DIGESTS} does not name all files"
    return f"{len(wrong)} of {len(digests)} files are not as they were written (first: {wrong[0]})" if wrong else ""


def choose_checkpoint(folder: Path, *, snapshots: Mapping[int, Path]) -> tuple[Path | None, list[str]]:
    """The newest checkpoint that a run can go on from, None where none was written; and what was wrong with those passed over.

    Those passed over are removed: the run will write them again.

    Args:
        folder: of the run.
        snapshots: step -> file of the weights kept for selection; a checkpoint past a lost one is of no use.

    Raises:
        TrainingError: there are checkpoints, and none is usable.
    """
    found = checkpoints(folder)
    notes: list[str] = []
    for path in found:
        step = int(path.name.removeprefix(PREFIX))
        problem = damage(path)
        lost = [kept for at, kept in snapshots.items() if at <= step and not kept.is_file()]
        if not problem and lost:
            problem = f"{lost[0].name}, written before it, is gone"
        if not problem:
            for passed in found[: len(notes)]:
                shutil.rmtree(passed)
            return path, notes
        notes.append(f"{path.name} cannot be gone on from: {problem}.")
    if found:
        raise TrainingError(
            f"none of the {len(found)} checkpoints in {folder} can be gone on from (first: {notes[0].rstrip('.')}). "
            f"Remove the folder to train from the beginning, or restore it from a copy."
        )
    return None, []


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, allow_nan=False), encoding="utf-8")
