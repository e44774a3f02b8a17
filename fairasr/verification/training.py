"""Training of a speaker encoder in a folder that a killed run goes on from.

A loop of its own: that of `fairasr.training` asks a model for log-probabilities of a reference and for a loss of every utterance
alone, and here an utterance has a loss only beside the others of its batch. Its parts are used: checkpoints, record, history, lock.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fairasr.core.errors import TrainingError
from fairasr.core.provenance import sha256_of
from fairasr.training.checkpoint import Checkpoint, choose_checkpoint, read_checkpoint, remove_checkpoints, write_checkpoint
from fairasr.training.optimiser_state import joined, parted
from fairasr.training.run_record import finish_run, only_here, open_run, outcome_of
from fairasr.training.tracking import HISTORY, FolderTracker, Row, Tracker, plain
from fairasr.training.weights import load_weights, read_tensors, tensors_digest, write_tensors
from fairasr.training.whole_folder import remove_unfinished, whole_file
from fairasr.verification.prototypical import AngularPrototypical, row_losses
from fairasr.verification.reweighting_terms import Term
from fairasr.verification.speaker_batches import SpeakerBatches, Stretches

FORMAT, VERSION = "fairasr-run", 1
WEIGHTS = "weights.safetensors"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class EncoderBudget:
    """What a training may use.

    Attributes:
        n_steps: optimiser steps.
        n_speakers: of a batch; two stretches of each.
        learning_rate: peak of AdamW, risen to over `warmup_steps`, then falling to 0 on half a cosine.
        warmup_steps: of linear rise.
        weight_decay: of AdamW.
        clip_norm: largest gradient norm.
        checkpoint_every: steps between checkpoints.

    Raises:
        TrainingError: a value that cannot be.
    """

    n_steps: int = 2000
    n_speakers: int = 32
    learning_rate: float = 1e-3
    warmup_steps: int = 20
    weight_decay: float = 1e-4
    clip_norm: float = 5.0
    checkpoint_every: int = 100

    def __post_init__(self) -> None:
        least: dict[str, float] = {"n_steps": 1, "n_speakers": 2, "checkpoint_every": 1, "warmup_steps": 0, "weight_decay": 0}
        wrong = [
            f"{name} is {getattr(self, name)}, not at least {bound}"
            for name, bound in least.items()
            if not getattr(self, name) >= bound
        ]
        wrong += [
            f"{name} is {getattr(self, name)}, not above 0"
            for name in ("learning_rate", "clip_norm")
            if not 0 < getattr(self, name) < math.inf
        ]
        if wrong:
            raise TrainingError(f"training cannot start: {'; '.join(wrong)}. Change these settings.")

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 1."""
        rise = min(1.0, step / self.warmup_steps) if self.warmup_steps else 1.0
        return self.learning_rate * rise * (1 + math.cos(math.pi * (step - 1) / self.n_steps)) / 2


class EncoderTraining(torch.nn.Module):
    """The encoder and the loss's own w and b: what is trained together.

    Args:
        encoder: frames (n, frames, n_mels) to vectors of length 1 (n, dimension).
    """

    def __init__(self, encoder: torch.nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.prototypical = AngularPrototypical()

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Embeddings (n_speakers, 2, dimension) and similarities (n_speakers, n_speakers) of features (2 n_speakers, ...)."""
        vectors = self.encoder(features)
        embeddings = vectors.reshape(-1, 2, vectors.shape[1])
        return embeddings, self.prototypical(embeddings)


def train_encoder(
    encoder: torch.nn.Module,
    stretches: Stretches,
    batches: SpeakerBatches,
    term: Term,
    budget: EncoderBudget,
    *,
    folder: Path,
    fingerprint: Mapping[str, Any] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    trackers: Sequence[Tracker] = (),
    use_cpu: bool = False,
) -> None:
    """Train `encoder` in place, or go on with the run begun in `folder`, or give it the weights that a finished one left there.

    A run that was killed, at any moment, and is gone on with ends with the same weights, bit for bit, as one that was not (on a
    CPU, with the same number of threads).

    Args:
        encoder: its weights are changed; on the CPU and in eval mode afterwards.
        stretches: features of the utterances.
        batches: which are drawn.
        term: the loss; freshly made, also when a run is gone on with; in the state of the last step afterwards.
        budget: steps and rates.
        folder: of the run: run.json, history.jsonl, status.json, checkpoint-*/, finished.json, weights.safetensors.
        fingerprint: what else the weights depend on, as plain data.
        progress: told "training", steps done, steps in all.
        trackers: told of every step, besides the folder.
        use_cpu: leave a GPU alone.

    Raises:
        TrainingError: a run in `folder` begun with other settings; a recording that is gone; a loss or gradient that is no finite
            number. Checkpoints stay as they are.
        OutputError: something cannot be written. Checkpoints stay as they are.
    """
    accelerator = None if use_cpu or not torch.accelerator.is_available() else torch.accelerator.current_accelerator()
    device = accelerator or torch.device("cpu")
    network = EncoderTraining(encoder)
    settings = {
        "format": FORMAT,
        "format_version": VERSION,
        "budget": dataclasses.asdict(budget),
        "seed": batches.seed,
        "device": device.type,
        "starting_weights_sha256": tensors_digest(network.state_dict()),
        "fingerprint": dict(fingerprint or {}),
    }
    with ExitStack() as until_done:
        open_run(folder, settings)
        until_done.enter_context(only_here(folder))
        remove_unfinished(folder)
        if outcome_of(folder) is None:
            start, notes = choose_checkpoint(folder, snapshots={})
            for note in notes:
                logger.warning("%s: %s", folder, note)
            sitting = _Sitting(network, stretches, batches, term, budget, folder=folder, device=device)
            sitting.run(start, [FolderTracker(folder), *trackers], settings=settings, progress=progress)
        else:
            remove_checkpoints(folder)  # killed between its record and the last of them, it left some
        # What is given back is what lies on the disk, whether it was made now or before.
        left = read_tensors(folder / WEIGHTS)
        load_weights(network, _below("network.", left), what=str(folder / WEIGHTS))
        term.load_state_dict(_below("term.", left))
    network.eval()


class _Sitting:
    """The steps that one process makes."""

    def __init__(
        self,
        network: EncoderTraining,
        stretches: Stretches,
        batches: SpeakerBatches,
        term: Term,
        budget: EncoderBudget,
        *,
        folder: Path,
        device: torch.device,
    ) -> None:
        self._network, self._stretches, self._batches, self._term = network, stretches, batches, term
        self._budget, self._folder, self._device = budget, folder, device
        self._history: list[Row] = []
        self._wall_s = 0.0

    def run(
        self,
        start: Path | None,
        trackers: Sequence[Tracker],
        *,
        settings: Mapping[str, Any],
        progress: Callable[[str, int, int], None] | None,
    ) -> None:
        """From a checkpoint, or the beginning, to the end."""
        budget = self._budget
        self._network.to(self._device).train()
        optimiser = torch.optim.AdamW(self._network.parameters(), lr=budget.learning_rate, weight_decay=budget.weight_decay)
        done = self._gone_on_from(start, optimiser) if start else 0
        status, started = "stopped", []
        try:
            for tracker in trackers:
                tracker.start(self._folder.name, settings, self._history)
                started.append(tracker)
            for step in range(done + 1, budget.n_steps + 1):
                before = time.monotonic()
                metrics = self._step(step, optimiser)
                self._wall_s += time.monotonic() - before
                self._history.append({"step": step, **metrics})
                for tracker in trackers:
                    tracker.log(step, metrics)
                if step % budget.checkpoint_every == 0 and step < budget.n_steps:
                    self._keep(step, optimiser)
                if progress:
                    progress("training", step, budget.n_steps)
            self._finish()
            status = "finished"
        except Exception:
            status = "failed"
            raise
        finally:
            self._network.eval()
            self._network.to("cpu")
            for tracker in started:
                tracker.finish(status)

    def _step(self, step: int, optimiser: torch.optim.Optimizer) -> Row:
        """One optimiser step of the encoder, one of the adversary; the metrics of it."""
        rows, places = self._batches.draw(step)
        features = self._stretches.features(rows.reshape(-1), places.reshape(-1)).to(self._device)
        rate = self._budget.rate(step)
        for group in optimiser.param_groups:
            group["lr"] = rate
        embeddings, similarities = self._network(features)
        loss = self._term(embeddings, similarities)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = float(torch.nn.utils.clip_grad_norm_(self._network.parameters(), self._budget.clip_norm))
        value = float(loss.detach())
        if not (math.isfinite(value) and math.isfinite(norm)):
            speakers = self._batches.speakers[rows[:, 0]]
            raise TrainingError(
                f"at step {step} the {'gradient' if math.isfinite(value) else 'loss'} is not a finite number (batch of {len(rows)} "
                f"speakers, first: {str(speakers[0])!r}). Lower learning_rate; the last good checkpoint is still there."
            )
        optimiser.step()
        weights = self._term.last_weights
        plain_loss = float(row_losses(similarities.detach()).mean())
        return {
            "loss_task": plain(plain_loss),
            "loss_weighted": plain(value),
            "largest_weight": 1.0 if weights is None else plain(float(weights.max())),
            "scale": plain(float(self._network.prototypical.log_scale.detach().exp())),
            "learning_rate": rate,
            "gradient_norm": plain(norm),
            "audio_s": self._stretches.audio_s(rows.reshape(-1)),
        }

    def _keep(self, step: int, optimiser: torch.optim.Optimizer) -> None:
        tensors, rest = parted(optimiser.state_dict())
        checkpoint = Checkpoint(
            step=step,
            tensors={"weights": self._network.state_dict(), "optimiser": tensors, "terms": self._term.state_dict()},
            state={"optimiser": rest, "history": self._history, "wall_s": self._wall_s},
            trainer_state={},
        )
        write_checkpoint(self._folder, checkpoint)

    def _gone_on_from(self, start: Path, optimiser: torch.optim.Optimizer) -> int:
        checkpoint = read_checkpoint(start)
        load_weights(self._network, checkpoint.tensors["weights"], what=str(start))
        optimiser.load_state_dict(joined(checkpoint.tensors["optimiser"], checkpoint.state["optimiser"]))
        self._term.load_state_dict(checkpoint.tensors["terms"])
        self._history, self._wall_s = list(checkpoint.state["history"]), float(checkpoint.state["wall_s"])
        return checkpoint.step

    def _finish(self) -> None:
        """Leave the weights, then the record that they are the last; checkpoints are of no more use."""
        state = {f"network.{name}": value for name, value in self._network.state_dict().items()}
        state |= {f"term.{name}": value for name, value in self._term.state_dict().items()}
        with whole_file(self._folder / WEIGHTS) as staged:
            write_tensors(staged, state)
        finish_run(self._folder, {"history_sha256": sha256_of(self._folder / HISTORY), "wall_s": self._wall_s})
        remove_checkpoints(self._folder)


def _below(prefix: str, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
