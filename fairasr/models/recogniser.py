"""What a recogniser is: it transcribes recordings. One that can be fine-tuned also gives the loss of each utterance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    import torch

Batch = Mapping[str, "torch.Tensor"]
"""Padded features and targets of some utterances; the first axis of every tensor is the utterance."""

Part = Literal["acoustic", "language"]


class Recognizer(Protocol):
    """Turns recordings into text. Knows nothing of files and tables: `transcribe_manifest` does."""

    @property
    def name(self) -> str:
        """Name of the model, as it will stand in reports."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate [Hz] at which samples are wanted."""

    def transcribe(self, recordings: Sequence[np.ndarray]) -> list[str]:
        """Text of each recording; "" where nothing was heard.

        Args:
            recordings: mono samples, float32 (n_samples,) in -1..1, of any length above 0. What is said of one does not
                depend on the others.
        """


@dataclass(frozen=True)
class Outputs:
    """What a model says of a batch, before any loss.

    Attributes:
        log_probs: log-probabilities, float32 (n, steps, n_symbols): frames for CTC, target tokens for attention, points of the
            lattice for transducers.
        lengths: steps that count of each utterance, int64 (n,).
        others: what else the model says, for its own `auxiliary_losses`; the first axis is the utterance.
    """

    log_probs: torch.Tensor
    lengths: torch.Tensor
    others: Mapping[str, torch.Tensor] = field(default_factory=dict)


class Trainable(Recognizer, Protocol):
    """A recogniser with parameters that can be fine-tuned.

    Everything that a gradient flows through is in `module`; what is computed for one utterance does not depend on the others of its
    batch nor on padding. A loaded model is in eval mode, in float32, on the CPU.
    """

    @property
    def module(self) -> torch.nn.Module:
        """The network. `losses` of `outputs` differentiate through it."""

    @property
    def frame_layer(self) -> str:
        """Name in `module` of the submodule that meets the acoustic frames first; what is appended to every frame enters here."""

    @property
    def frame_axis(self) -> int:
        """Channel axis of that submodule's output."""

    def obstacle(self, *, n_samples: int, reference: str) -> str | None:
        """Why an utterance cannot be trained on, in words that complete "it ..."; None where it can.

        Such as "is longer than the model's window of 30 s" or "has symbols outside the vocabulary ('ß')".
        """

    def batch(self, recordings: Sequence[np.ndarray], references: Sequence[str]) -> dict[str, torch.Tensor]:
        """Padded features and targets: what `outputs` takes. No randomness."""

    def outputs(self, batch: Batch) -> Outputs:
        """Log-probabilities of the batch, through `module` (with dropout if it is in training mode)."""

    def losses(self, outputs: Outputs, batch: Batch) -> torch.Tensor:
        """-log p(reference | recording) of each utterance, whole sequence, float32 (n,) [nats]."""

    def target_lengths(self, batch: Batch) -> torch.Tensor:
        """Target symbols of each utterance, int64 (n,), at least 1: what a sequence loss is divided by."""

    def sampled(self, batch: Batch, *, seed: int) -> dict[str, torch.Tensor]:
        """The batch with each target replaced by a draw from the model's own p(y | recording)."""

    def part_of(self, parameter: str) -> Part:
        """Which part of the recogniser the parameter of that name in `module` is."""

    def clone(self) -> Trainable:
        """A copy that shares nothing with this one."""

    def save(self, folder: Path) -> None:
        """Write settings and weights (safetensors, never a pickle) into an existing folder; `load` reads them back."""


@runtime_checkable
class HasAuxiliaryLosses(Protocol):
    """A recogniser whose training has more aims than the reference: another output that helps it learn, the compute it spends."""

    def auxiliary_losses(self, outputs: Outputs, batch: Batch) -> torch.Tensor:
        """What is added to each utterance's loss per symbol while it is trained, weights included: float32 (n,)."""

    def auxiliary_parameters(self) -> frozenset[str]:
        """Parameters of `module` that serve those aims alone: the likelihood of a reference does not depend on them."""


@runtime_checkable
class TrainsWithoutDropout(Protocol):
    """A network with aims that act only while it is trained, which it is with dropout and without."""

    def train_without_dropout(self) -> None:
        """Training mode, but for whatever drops at random."""


@runtime_checkable
class TakesCohorts(Protocol):
    """A recogniser that can also be told which cohort each speaker is in."""

    @property
    def cohort_labels(self) -> tuple[str, ...]:
        """Cohorts it was made for, sorted. Any other label, and None for all, is taken as unknown."""

    def batch(
        self, recordings: Sequence[np.ndarray], references: Sequence[str], *, cohorts: Sequence[str] | None = None
    ) -> dict[str, torch.Tensor]:
        """As of `Trainable`, with the cohort of each recording."""

    def transcribe(self, recordings: Sequence[np.ndarray], *, cohorts: Sequence[str] | None = None) -> list[str]:
        """As of `Recognizer`, with the cohort of each recording."""
