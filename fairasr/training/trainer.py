"""transformers' Trainer with our loss, our batches and our checkpoints; what it would print, log or pickle is switched off."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from fairasr.core.errors import TrainingError
from fairasr.training.checkpoint import Checkpoint
from fairasr.training.micro_batches import MicroBatches
from fairasr.training.network import Network
from fairasr.training.optimiser_state import joined, parted
from fairasr.training.random_state import random_state, seed_generators, set_random_state
from fairasr.training.run import Run
from fairasr.training.terms_state import set_terms_state, terms_state
from fairasr.training.tracking import Row, plain
from fairasr.training.weights import load_weights
from fairasr.training.world import gathered, gathered_objects, rank

SCHEDULES = {"constant": "constant_with_warmup", "linear": "linear", "cosine": "cosine"}
OPTIMISERS = {"adamw": "adamw_torch", "sgd": "sgd"}

REMEDY = "Lower learning_rate, or look at these utterances; the last good checkpoint is still there."

SUMMED = ("loss_task", "loss_penalty", "audio_s")
"""Metrics that micro-batches and processes add to."""

OnStep = Callable[["LoopTrainer", int, Row], None]
"""Told of every optimiser step made: the trainer, the step, and its metrics."""


def arguments(run: Run) -> TrainingArguments:
    """The budget in the trainer's words."""
    budget = run.budget
    given = TrainingArguments(
        output_dir=str(run.folder),
        max_steps=budget.n_steps,
        per_device_train_batch_size=1,
        gradient_accumulation_steps=budget.accumulation,
        learning_rate=budget.learning_rate,
        warmup_steps=budget.warmup_steps,
        lr_scheduler_type=SCHEDULES[budget.schedule],
        optim=OPTIMISERS[budget.optimiser],
        weight_decay=budget.weight_decay if budget.optimiser == "adamw" else 0.0,
        max_grad_norm=budget.clip_norm,
        bf16=budget.precision == "bf16",
        fp16=budget.precision == "fp16",
        use_cpu=run.device == "cpu",
        ddp_backend="gloo" if run.device == "cpu" and torch.distributed.is_initialized() else None,
        save_strategy="no",
        eval_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    # Several GPUs under one process would be split by threads, which no checkpoint could repeat; torchrun is for that.
    given._n_gpu = min(given.n_gpu, 1)
    return given


class LoopTrainer(Trainer):
    """Trains one run.

    Args:
        run: what to train.
        network: gives the loss.
        batches: of this process.
        on_step: told of every step.
    """

    # The models' own losses ignore the trainer's way of scaling, and a penalty would be counted once per micro-batch.
    loss_is_scaled_for_ga = False

    optimizer: Any
    lr_scheduler: Any

    def __init__(self, run: Run, network: Network, batches: MicroBatches, *, on_step: OnStep) -> None:
        super().__init__(model=network, args=arguments(run), train_dataset=batches)
        self.remove_callback(PrinterCallback)
        self.add_callback(_AfterStep(self, on_step))
        self._run, self._batches = run, batches
        self._from: Checkpoint | None = None
        self._sums = dict.fromkeys(SUMMED, 0.0)
        self._norm = self.rate = float("nan")
        seed_generators(run.seed, rank=rank())

    def run_from(self, path: Path | None, checkpoint: Checkpoint | None) -> None:
        """Train to the end, from the checkpoint in `path` or from the beginning."""
        self._from = checkpoint
        self.train(resume_from_checkpoint=str(path) if path else None)

    def checkpoint(self, *, state: Mapping[str, Any]) -> Checkpoint:
        """All there is to keep, and `state`. Every process takes part."""
        optimiser, rest = parted(self.optimizer.state_dict())
        generators = gathered_objects(random_state())
        return Checkpoint(
            step=self.state.global_step,
            tensors={
                "weights": self._run.model.module.state_dict(),
                "optimiser": optimiser,
                "terms": terms_state(self._run.hooks),
                "random": {f"{rank}.{name}": value for rank, own in enumerate(generators) for name, value in own.items()},
            },
            state={
                **state,
                "optimiser": rest,
                "scheduler": self.lr_scheduler.state_dict(),
                "scaler": self.accelerator.scaler.state_dict() if self.accelerator.scaler else {},
            },
            trainer_state=dataclasses.asdict(self.state),
        )

    def get_train_dataloader(self) -> Any:
        """The batches in their order. They are this process's share already, so nothing divides them again."""
        return torch.utils.data.DataLoader(self._batches, batch_size=1, collate_fn=_only, generator=torch.Generator())

    def compute_loss(
        self, model: torch.nn.Module, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Loss of a micro-batch, scaled so that neither accumulation nor the number of processes changes a step.

        Raises:
            TrainingError: the loss of an utterance, or a term, is not a finite number.
        """
        audio_s = inputs.pop("audio_s")
        said = model(**inputs)
        self._check(inputs["rows"], said)
        share = inputs["factor"] / (self._run.budget.accumulation * self.args.world_size)
        self._sums["audio_s"] += audio_s
        self._sums["loss_task"] += share * said["task"].item()
        self._sums["loss_penalty"] += said["penalty"].item() / (self._run.budget.accumulation * self.args.world_size)
        return (said["loss"], said) if return_outputs else said["loss"]

    def _check(self, rows: np.ndarray, said: Mapping[str, torch.Tensor]) -> None:
        step = self.state.global_step + 1
        lost = rows[~said["finite"].cpu().numpy()].tolist()
        terms = [term for term in ("task", "penalty") if not torch.isfinite(said[term])]
        everywhere = gathered_objects((lost, terms))
        lost = [row for part, _ in everywhere for row in part]
        if lost:
            raise TrainingError(
                f"at step {step} the loss of {len(lost)} of the {self._batches.size(step)} utterances of the batch is not a finite "
                f"number ({self._batches.named(lost)}). {REMEDY}"
            )
        terms = [term for _, part in everywhere for term in part]
        if terms:
            raise TrainingError(f"at step {step} the {terms[0]} loss is not a finite number. {REMEDY}")

    def _get_grad_norm(self, model: torch.nn.Module, grad_norm: Any = None) -> Any:
        """The gradient's norm, seen before the weights are changed by it."""
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)  # type: ignore[no-untyped-call]
        self._norm = float(norm)
        step = self.state.global_step + 1
        # With fp16 the scaler tries such steps, skips them and scales less.
        if not math.isfinite(self._norm) and not self.accelerator.scaler:
            raise TrainingError(
                f"at step {step} the gradient is not a finite number, though each of the {self._batches.size(step)} utterances' "
                f"losses is ({self._batches.named(self._batches.rows(step))}). {REMEDY}"
            )
        return norm

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Weights and terms."""
        assert self._from is not None
        load_weights(self._run.model.module, self._from.tensors["weights"], what=resume_from_checkpoint)
        set_terms_state(self._run.hooks, self._from.tensors["terms"], device=self.args.device)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if self._from is not None:
            self.optimizer.load_state_dict(joined(self._from.tensors["optimiser"], self._from.state["optimiser"]))
            self.lr_scheduler.load_state_dict(self._from.state["scheduler"])

    def _load_scaler(self, checkpoint: str | None) -> None:
        if self._from is not None and self._from.state["scaler"]:
            self.accelerator.scaler.load_state_dict(self._from.state["scaler"])

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if self._from is not None:
            own = f"{rank()}."
            random = self._from.tensors["random"]
            set_random_state({name.removeprefix(own): value for name, value in random.items() if name.startswith(own)})

    def taken_metrics(self) -> Row:
        """Metrics of the step just made, over all processes."""
        sums = gathered(torch.tensor([list(self._sums.values())], dtype=torch.float64)).sum(dim=0).tolist()
        metrics = dict(zip(self._sums, sums, strict=True))
        self._sums = dict.fromkeys(SUMMED, 0.0)
        ratio = metrics["loss_penalty"] / metrics["loss_task"] if metrics["loss_task"] else float("nan")
        metrics |= {"penalty_ratio": ratio, "learning_rate": self.rate, "gradient_norm": self._norm}
        return {name: plain(value) for name, value in metrics.items()}


class _AfterStep(TrainerCallback):
    """Tells of every step, with the learning rate that it was made at."""

    def __init__(self, trainer: LoopTrainer, on_step: OnStep) -> None:
        self._trainer, self._on_step = trainer, on_step

    def on_pre_optimizer_step(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Before the scheduler moves on."""
        self._trainer.rate = float(self._trainer.optimizer.param_groups[0]["lr"])

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """The weights are changed and the counters count it."""
        self._on_step(self._trainer, state.global_step, self._trainer.taken_metrics())


def _only(items: list[dict[str, Any]]) -> dict[str, Any]:
    return items[0]
