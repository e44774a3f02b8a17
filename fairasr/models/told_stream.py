"""A stream of a recogniser that must be told something whenever it hears."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np

from fairasr.models.streamed import HeardSoFar, StreamOfSamples


class ToldStream:
    """A stream that hears within a context.

    Args:
        stream: the recogniser's own.
        told: makes the context, anew for each chunk.
    """

    def __init__(self, stream: StreamOfSamples, *, told: Callable[[], AbstractContextManager[None]]) -> None:
        self._stream, self._told = stream, told

    def push(self, samples: np.ndarray) -> HeardSoFar:
        """What is heard with the next samples, float32 (n_samples,)."""
        with self._told():
            return self._stream.push(samples)

    def finish(self) -> HeardSoFar:
        """What is heard of the whole recording."""
        with self._told():
            return self._stream.finish()
