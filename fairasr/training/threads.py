"""How many threads torch computes with: on cores that others use too, more than one mostly wait for each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from fairasr.models.architectures import extra_needed

VARIABLE = "OMP_NUM_THREADS"


@contextmanager
def chosen_threads(asked: int | None = None) -> Iterator[None]:
    """Compute with so many threads within the block, and with as many as before after it.

    Two threads on two cores that others used too were measured at up to 25 times the seconds of one, for small networks, and torch
    takes as many as there are cores.

    Args:
        asked: how many, 1 or more. None: as many as the environment says in OMP_NUM_THREADS; where it says nothing, one, or what
            torch takes where there is a GPU, which does the work then.

    Raises:
        MissingExtraError: torch is not installed.
    """
    with extra_needed():
        import torch
    if asked is None and (os.environ.get(VARIABLE) or torch.accelerator.is_available()):
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(asked or 1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
