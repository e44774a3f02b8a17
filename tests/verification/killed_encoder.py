"""Trainings of an encoder for tests to kill.

As a script it imports torch once, reads a line "FOLDER N" for every run, trains there in a forked process, says its id, and when it
is over, "over". The N-th fsync of such a process says "waiting" and never ends; with N = 0 all end.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from pathlib import Path

from voice_world import made_world, trained_on

from fairasr.verification.reweighting import Pairwise
from fairasr.verification.training import EncoderBudget

BUDGET = EncoderBudget(n_steps=24, n_speakers=8, checkpoint_every=3, learning_rate=0.01)


def run(folder: Path) -> None:
    """An adversary and regions that are learnt beside the encoder: forgotten at a kill, the weights would differ."""
    weighted = Pairwise(pretraining_steps=2, adversary_learning_rate=0.5, n_clusters=3)
    trained_on(made_world(n_speakers=12, seed=1), weighted, BUDGET, seed=2, folder=folder)


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
