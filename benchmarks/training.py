"""Cost of consolidation beside plain fine-tuning, in one run: steps, Fisher passes, memory, audio seconds per second.

    python benchmarks/training.py

All with the default Conformer on one thread, batches of made-up recordings. Plain steps and steps with a penalty alternate, so that
whatever else the machine does falls on both; ratios are of the medians, and so are those of the Fisher pass.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pandas as pd
import torch

from fairasr.core import Manifest
from fairasr.mitigation import method_of
from fairasr.mitigation.fisher import fisher_diagonal
from fairasr.mitigation.parts import trainable_parameters
from fairasr.models import Recordings, Trainable
from fairasr.models.ctc import CTCRecognizer
from fairasr.models.vocabulary import Vocabulary
from fairasr.training import Hooks, Step, TrainingData

N_UTTERANCES, BATCH_SIZE, DURATION_S, RATE_HZ = 48, 8, 3.0, 16_000
ROUNDS, FISHER_ROUNDS = 40, 5
REFERENCE = "please call stella and ask her to bring these things"


class MadeRecordings:
    """Noise of one length."""

    sample_rate_hz = RATE_HZ

    def __init__(self, n: int) -> None:
        self._samples = 0.1 * np.random.default_rng(0).standard_normal((n, int(DURATION_S * RATE_HZ)), dtype=np.float32)

    def read(self, row: int) -> np.ndarray:
        """Samples of one, float32."""
        return self._samples[row]


def made_data() -> TrainingData:
    names = [f"u{i}" for i in range(N_UTTERANCES)]
    table = pd.DataFrame({"utterance_id": names, "speaker_id": names, "reference": REFERENCE, "duration_s": DURATION_S})
    target = np.arange(N_UTTERANCES) < N_UTTERANCES // 2
    return TrainingData(
        manifest=Manifest(table=table),
        recordings=cast(Recordings, MadeRecordings(N_UTTERANCES)),
        cohorts=np.where(target, "worst", "rest"),
        target=target,
    )


def stepper(model: Trainable, data: TrainingData, hooks: Hooks) -> Callable[[], None]:
    """One optimiser step on the same prepared batch, as the loop makes it: forward, backward, clipping, AdamW."""
    rows = data.target_rows[:BATCH_SIZE]
    batch = data.batch(model, rows)
    model.module.train()
    parameters = list(trainable_parameters(model.module).values())
    optimiser = torch.optim.AdamW(parameters, lr=1e-5)

    def step() -> None:
        outputs = model.outputs(batch)
        losses, lengths = model.losses(outputs, batch), model.target_lengths(batch)
        made = Step(model=model, rows=rows, batch=batch, outputs=outputs, losses=losses, lengths=lengths, global_size=len(rows))
        loss = made.losses_per_symbol.mean()
        if hooks.penalty is not None:
            loss = loss + hooks.penalty(made)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()

    return step


def timed(contenders: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each round of each contender, in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for work in contenders.values():
        work()
    for _ in range(rounds):
        for name, work in contenders.items():
            start = time.process_time()
            work()
            seconds[name].append(time.process_time() - start)
    return seconds


def kept_bytes(value: Any, seen: dict[int, int] | None = None) -> int:
    """Bytes of all tensors that can be reached from `value`, shared memory once."""
    storages: dict[int, int] = {} if seen is None else seen
    visited: set[int] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if id(one) in visited:
            continue
        visited.add(id(one))
        if isinstance(one, torch.Tensor):
            storages[one.untyped_storage().data_ptr()] = one.untyped_storage().nbytes()
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, (list, tuple)):
            waiting += one
        elif hasattr(one, "__dict__"):
            waiting += vars(one).values()
    return sum(storages.values())


def steps(model: Trainable, data: TrainingData) -> None:
    contenders, copies = {}, {}
    own_bytes = sum(parameter.nbytes for parameter in trainable_parameters(model.module).values())
    for name in ("fine-tuning", "l2-sp", "ewc", "kfac-ewc"):
        method = method_of(name, {"n_fisher": 4} if name.endswith("ewc") else {})
        clone = method.prepared(model, data)
        hooks = method.hooks(clone, data, seed=0)
        contenders[name] = stepper(clone, data, hooks)
        copies[name] = kept_bytes(hooks.penalty) / own_bytes
    # Quickly taken in turns, a slower minute of the machine is everybody's.
    seconds = timed(contenders, ROUNDS)
    plain = seconds["fine-tuning"]
    print(f"{'step of':28} {'CPU ms':>8} {'ratio':>7} {'copies kept':>12} {'audio s per CPU s':>18}")
    for name, own in seconds.items():
        ratio = statistics.median(one / other for one, other in zip(own, plain, strict=True))
        middle = statistics.median(own)
        print(f"{name:28} {1e3 * middle:8.1f} {ratio:7.3f} {copies[name]:12.2f} {BATCH_SIZE * DURATION_S / middle:18.0f}")


def fisher_passes(model: Trainable, data: TrainingData) -> None:
    rows = data.general_rows
    parameters = list(trainable_parameters(model.module).values())

    def plain() -> None:
        for row in rows:
            batch = data.batch(model, np.array([row]))
            torch.autograd.grad(model.losses(model.outputs(batch), batch).sum(), parameters)

    def together() -> None:
        for part in rows.reshape(-1, BATCH_SIZE):
            batch = data.batch(model, part)
            torch.autograd.grad(model.losses(model.outputs(batch), batch).sum(), parameters)

    model.module.eval()
    contenders: dict[str, Callable[[], Any]] = {
        "plain, one at a time": plain,
        f"plain, batches of {BATCH_SIZE}": together,
        "Fisher, empirical": lambda: fisher_diagonal(model, data, rows, variant="empirical", seed=0),
        "Fisher, sample": lambda: fisher_diagonal(model, data, rows, variant="sample", seed=0),
    }
    seconds = timed(contenders, FISHER_ROUNDS)
    base = seconds["plain, one at a time"]
    print(f"\n{'forward and backward of':28} {'CPU ms':>8} {'ratio':>7}   per utterance")
    for name, own in seconds.items():
        ratio = statistics.median(one / other for one, other in zip(own, base, strict=True))
        print(f"{name:28} {1e3 * statistics.median(own) / len(rows):8.1f} {ratio:7.3f}")


def main() -> None:
    torch.set_num_threads(1)
    data = made_data()
    model = CTCRecognizer.initialised(vocabulary=Vocabulary.of([REFERENCE]), seed=0, sample_rate_hz=RATE_HZ)
    n = sum(parameter.numel() for parameter in model.module.parameters())
    print(f"Conformer of {n:,} parameters, batches of {BATCH_SIZE} x {DURATION_S:g} s\n")
    steps(model, data)
    fisher_passes(model, data)


if __name__ == "__main__":
    main()
