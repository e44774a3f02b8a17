"""A small recogniser of one of two accents of tone-words: a whole job runs on it in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tone_accents import PLAIN, SHIFTED, write_corpus

from fairasr.mitigating import train_recogniser


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Threads that wait for each other cost more than they compute here."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


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
