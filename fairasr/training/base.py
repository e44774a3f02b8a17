"""What the loop and the methods say to each other: the data, the three hooks, the budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np

from fairasr.core import Manifest
from fairasr.models import Outputs, Recordings, TakesCohorts, Trainable

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """The utterances that may be drawn. A "row" is a position in `manifest.table`.

    Attributes:
        manifest: utterances that the model can be trained on (none with an obstacle).
        recordings: their samples, by row.
        cohorts: cohort of each utterance's speaker, str (n_utterances,); UNKNOWN where the rule cannot place one.
        target: which utterances are of the cohorts to be improved, bool (n_utterances,). The others are the general population.
    """

    manifest: Manifest
    recordings: Recordings
    cohorts: np.ndarray
    target: np.ndarray

    def __len__(self) -> int:
        return len(self.manifest)

    @cached_property
    def target_rows(self) -> np.ndarray:
        """Rows of the cohorts to be improved, int (n_target,)."""
        return np.flatnonzero(self.target)

    @cached_property
    def general_rows(self) -> np.ndarray:
        """Rows of the general population, int (n_general,)."""
        return np.flatnonzero(~self.target)

    def batch(self, model: Trainable, rows: np.ndarray) -> dict[str, torch.Tensor]:
        """Features and targets of `rows` for `model`, and their cohorts for one that takes them."""
        references = self.manifest.table["reference"].to_numpy(dtype=object)[rows].tolist()
        recordings = [self.recordings.read(int(row)) for row in rows]
        if isinstance(model, TakesCohorts):
            return model.batch(recordings, references, cohorts=[str(cohort) for cohort in self.cohorts[rows]])
        return model.batch(recordings, references)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One batch after its forward pass: what `reduce` and `penalty` are given.

    With accumulation it is a micro-batch; with several processes, this process's share of one.

    Attributes:
        model: the model being trained; gradients flow through `model.module`.
        rows: rows of the batch, int (n,), on this process.
        batch: features and targets.
        outputs: what the model said.
        losses: -log p of each utterance, float32 (n,) [nats], with gradient.
        lengths: target symbols of each, int64 (n,).
        global_size: utterances of the batch over all processes; `n` without data-parallelism.
    """

    model: Trainable
    rows: np.ndarray
    batch: Mapping[str, torch.Tensor]
    outputs: Outputs
    losses: torch.Tensor
    lengths: torch.Tensor
    global_size: int

    @cached_property
    def losses_per_symbol(self) -> torch.Tensor:
        """Losses divided by target length, so that no reweighting learns duration: float32 (n,)."""
        return self.losses / self.lengths


class Term(Protocol):
    """A part of the loss: a reduction of the batch's losses, or a penalty added to it."""

    def __call__(self, step: Step) -> torch.Tensor:
        """A scalar with gradient."""


@runtime_checkable
class HasState(Protocol):
    """A term that learns as it goes (group weights, an adversary): its state is in every checkpoint.

    Keys are stable and tensors keep their shapes, so that a resumed run goes on bit for bit.
    """

    def state_dict(self) -> dict[str, torch.Tensor]:
        """All that changes from step to step."""

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Go on from there."""


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What a method does to the loop. Every field None is plain fine-tuning on the target cohorts.

    Attributes:
        sampling_weights: float (n_utterances,) >= 0, not all 0: chance of each row to be drawn. None: target rows, evenly.
        batch_groups: str (n_utterances,): each batch is drawn from one group only, groups evenly, and is filled to about the
            same total duration. None: no groups.
        reduce: losses of the batch -> scalar: this process's part of the loss, such that the parts of all processes add up to it
            (so a mean is a sum divided by `global_size`). Micro-batches count by their utterances. None: mean over utterances of
            the loss per symbol.
        penalty: scalar added to the loss once per step, whatever the accumulation: its mean over micro-batches and processes.
            None: nothing.
    """

    sampling_weights: np.ndarray | None = None
    batch_groups: np.ndarray | None = None
    reduce: Term | None = None
    penalty: Term | None = None


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What every method of a league gets alike.

    Attributes:
        n_steps: optimiser steps.
        batch_size: utterances per optimiser step, over all processes and accumulated micro-batches.
        accumulation: micro-batches per step; `batch_size` is a multiple of it.
        learning_rate: peak.
        warmup_steps: steps of linear rise; afterwards `schedule`.
        schedule: "constant", "linear" or "cosine" fall to 0.
        optimiser: "adamw" or "sgd" (without momentum).
        weight_decay: of AdamW.
        clip_norm: largest gradient norm; 0: no clipping.
        precision: "float32", or "bf16"/"fp16" mixed where the hardware has it.
        checkpoint_every: steps between checkpoints.
        n_snapshots: evenly spaced steps, the last included, whose weights are kept for selection.
        freeze_statistics: keep normalisation statistics (batch norm) as they are.
        dropout: False trains in eval mode: no dropout, no layer drop, no masking of spans. A network that learns more than the
            reference (`TrainsWithoutDropout`) stays in training mode, with its dropout off.
    """

    n_steps: int = 200
    batch_size: int = 8
    accumulation: int = 1
    learning_rate: float = 1e-4
    warmup_steps: int = 0
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    optimiser: Literal["adamw", "sgd"] = "adamw"
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    precision: Literal["float32", "bf16", "fp16"] = "float32"
    checkpoint_every: int = 50
    n_snapshots: int = 1
    freeze_statistics: bool = True
    dropout: bool = True


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a run of the loop leaves.

    Attributes:
        history: one row per step: step, loss_task, loss_penalty, penalty_ratio (penalty / task), learning_rate, gradient_norm,
            target_share (share of target rows among those drawn), audio_s.
        snapshots: step -> safetensors file of the module's weights; the last step is always there.
        drawn: how often each row was drawn, int (n_utterances,).
        wall_s, audio_s: seconds of work (of all sittings) and of audio trained on.
        settings: fingerprint of the run: budget, seed, schedule, starting weights, and what the caller gave.
        notes: what a reader must know, such as a damaged checkpoint that was passed over.
    """

    history: Any
    snapshots: Mapping[int, Any]
    drawn: np.ndarray
    wall_s: float
    audio_s: float
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
