"""The state of the random generators that networks draw from (dropout): kept, put back, written with a checkpoint."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

State = dict[str, torch.Tensor]
"""Generator -> its state as integers."""


def random_state() -> State:
    """State of the generators of Python, numpy, torch and the GPU of this process."""
    version, words, gauss = random.getstate()
    assert version == 3, "Python's generator has changed"
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    assert kind == "MT19937", "numpy's global generator has been replaced"
    state = {
        "python": torch.tensor(words, dtype=torch.int64),
        "python.gauss": torch.tensor([] if gauss is None else [gauss], dtype=torch.float64),
        "numpy": torch.tensor([*(int(key) for key in keys), int(position), int(has_gauss)], dtype=torch.int64),
        "numpy.gauss": torch.tensor([cached], dtype=torch.float64),
        "torch": torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def set_random_state(state: Mapping[str, torch.Tensor]) -> None:
    """Put the generators back to where they were at `random_state`."""
    gauss: Any = state["python.gauss"].tolist()
    random.setstate((3, tuple(state["python"].tolist()), gauss[0] if gauss else None))
    *keys, position, has_gauss = state["numpy"].tolist()
    np.random.set_state(("MT19937", np.array(keys, dtype=np.uint32), position, has_gauss, float(state["numpy.gauss"][0])))
    torch.set_rng_state(state["torch"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])


def seed_generators(seed: int, *, rank: int) -> None:
    """Seed them all; processes of one run draw different numbers."""
    first, second = (int(word) for word in np.random.SeedSequence((seed, rank)).generate_state(2))
    random.seed(first)
    np.random.seed(first)
    torch.manual_seed(second)


@contextmanager
def own_random_state() -> Iterator[None]:
    """What is drawn inside leaves no trace outside."""
    before = random_state()
    try:
        yield
    finally:
        set_random_state(before)
