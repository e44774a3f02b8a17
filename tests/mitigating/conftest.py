"""A small recogniser of one of two accents of tone-words: a whole job runs on it in seconds."""

from __future__ import annotations

from pathlib import Path

import pytest
from one_thread import one_thread as one_thread
from tone_accents import PLAIN, SHIFTED, write_corpus
from tone_job import run

from fairasr.mitigating import Mitigated, train_recogniser

BASE_JOB = """\
name = "tones"
architecture = "conformer-ctc"
sample_rate_hz = 8000
seed = 1

[settings]
d_model = 32
n_blocks = 1
n_heads = 2

[corpus]
source = "base/utterances.csv"

[budget]
n_steps = 100
batch_size = 16
learning_rate = 1e-2
warmup_steps = 10
schedule = "linear"
checkpoint_every = 100
"""


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with base/ (speech of the plain accent alone), people/ (both accents), and model/: a recogniser of the plain one."""
    folder = tmp_path_factory.mktemp("world")
    write_corpus(folder / "base", speakers={PLAIN: 20}, utterances=10, seed=0)
    write_corpus(folder / "people", speakers={PLAIN: 30, SHIFTED: 24}, utterances=4, seed=1)
    (folder / "base.toml").write_text(BASE_JOB)
    train_recogniser(folder / "base.toml", folder=folder / "model")
    return folder


@pytest.fixture(scope="session")
def done(world: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Mitigated, Path]:
    folder = tmp_path_factory.mktemp("job")
    return run(world, folder), folder
