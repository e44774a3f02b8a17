"""A job killed with signal 9 at random moments, training, transcribing or saving, ends as one that was left alone."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from fairasr.core import sha256_of

JOB = """\
model = "model"
seeds = [0]

[corpus]
source = "people/utterances.csv"

[cohorts]
method = "declared:accent"
target = ["shifted"]

[speakers]
min_target = 4

[budget]
n_steps = 12
batch_size = 8
learning_rate = 5e-3
checkpoint_every = 2

[[method]]
name = "ewc"
strength = 1.0
n_fisher = 8

[[method]]
name = "distillation"
strength = 1.0
n_memory = 20
"""


def started(world: Path, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "fairasr", "mitigate", str(world / "job.toml"), "-o", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)


def what_it_left(folder: Path) -> dict[str, str]:
    """SHA-256 of the weights and of the hypotheses of every run, and the league table."""
    left = {str(path.relative_to(folder)): sha256_of(path) for path in folder.rglob("*.safetensors") if "cache" not in path.parts}
    league = json.loads((folder / "report.json").read_text())["league"]
    left["league"] = json.dumps([{key: value for key, value in row.items() if key != "train_s"} for row in league])
    return left


def end_after_kills(world: Path, folder: Path, *, n_kills: int, seed: int, longest_s: float) -> int:
    """Run the job to its end, killing it `n_kills` times after a random time; how many kills met it alive."""
    moments = random.Random(seed)
    met = 0
    for _ in range(n_kills):
        process = started(world, folder)
        time.sleep(moments.uniform(0.3, 1.0) * longest_s)
        met += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
    process = started(world, folder)
    _, told = process.communicate()
    assert process.returncode == 0, told.decode()
    return met


def test_a_killed_job_ends_with_the_weights_of_one_left_alone(world: Path, tmp_path: Path) -> None:
    (world / "job.toml").write_text(JOB)
    began = time.monotonic()
    end_after_kills(world, tmp_path / "alone", n_kills=0, seed=0, longest_s=0)
    longest_s = time.monotonic() - began
    n_kills = int(os.environ.get("FAIRASR_KILLS", "2"))
    assert end_after_kills(world, tmp_path / "killed", n_kills=n_kills, seed=1, longest_s=longest_s) >= 1
    alone, killed = what_it_left(tmp_path / "alone"), what_it_left(tmp_path / "killed")
    assert len([name for name in alone if name.startswith("runs/")]) >= 2
    assert killed == alone
