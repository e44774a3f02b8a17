"""Runs for tests to kill.

As a script it imports torch once, reads a line "FOLDER N" for every run, trains a toy there in a forked process, says its id, and
when it is over, "over". The N-th fsync of such a process says "waiting" and never ends; with N = 0 all end.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import torch
from toy_recogniser import Toy, toy_data

from fairasr.training import Budget, Hooks, Step, Trained, train

BUDGET = Budget(
    n_steps=24,
    batch_size=8,
    accumulation=2,
    learning_rate=0.02,
    warmup_steps=4,
    schedule="cosine",
    checkpoint_every=3,
    n_snapshots=4,
)


class GroupWeights:
    """A term that learns as it goes: forgotten at a kill, the weights would differ."""

    def __init__(self) -> None:
        self.weights = torch.ones(24)

    def __call__(self, step: Step) -> torch.Tensor:
        losses = step.losses_per_symbol
        self.weights[step.rows] *= torch.exp(0.1 * losses.detach())
        return (self.weights[step.rows] * losses).sum() / step.global_size

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {"weights": self.weights}

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        self.weights = state["weights"].clone()


def run(folder: Path) -> Trained:
    """Dropout, accumulation, warm-up, a learning term: all that a checkpoint must hold."""
    hooks = Hooks(reduce=GroupWeights())
    return train(Toy(dropout=0.3), toy_data(), hooks, BUDGET, seed=5, folder=folder)


def wait_at(call: int) -> None:
    """Let the `call`-th fsync say so and wait to be killed."""
    real, done = os.fsync, [0]

    def fsync(descriptor: int) -> None:
        done[0] += 1
        if done[0] == call:
            print("waiting", flush=True)
            time.sleep(3600)
        real(descriptor)

    os.fsync = fsync


def serve() -> None:
    """Until the input ends."""
    import fairasr.training.sitting  # noqa: F401 - what takes seconds is done before the first fork

    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    for line in sys.stdin:
        folder, call = line.rsplit(maxsplit=1)
        process = os.fork()
        if process == 0:
            wait_at(int(call))
            run(Path(folder))
            os._exit(0)
        print(process, flush=True)
        os.waitpid(process, 0)
        print("over", flush=True)


if __name__ == "__main__":
    serve()
