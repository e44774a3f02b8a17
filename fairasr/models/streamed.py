"""Recordings transcribed as streams: each goes through the recogniser chunk by chunk, as if it were being spoken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from fairasr.core.errors import ModelError
from fairasr.models.recogniser import Recognizer


class HeardSoFar(Protocol):
    """What a stream says."""

    @property
    def text(self) -> str:
        """All that is heard so far."""


class StreamOfSamples(Protocol):
    """One recording while it is spoken."""

    def push(self, samples: np.ndarray) -> HeardSoFar:
        """What is heard with the next samples, float32 (n_samples,)."""

    def finish(self) -> HeardSoFar:
        """What is heard of the whole recording."""


@runtime_checkable
class CanStream(Protocol):
    """A recogniser that hears while one speaks."""

    def stream(self) -> StreamOfSamples:
        """A recording to be heard, of which nothing is heard yet."""


class Streamed:
    """A recogniser whose recordings go through it in chunks. Its texts are those of the recogniser itself.

    Args:
        recogniser: that can stream.
        chunk_s: length of a chunk [s].

    Raises:
        ModelError: the recogniser cannot stream, or a chunk would hold no sample.
    """

    def __init__(self, recogniser: Recognizer, *, chunk_s: float) -> None:
        if not isinstance(recogniser, CanStream):
            raise ModelError(
                f"the model {recogniser.name!r} cannot hear a recording in chunks: it needs all of it at once. "
                f"Leave the length of a chunk out, or give a streaming model."
            )
        if not 0.5 <= chunk_s * recogniser.sample_rate_hz < float("inf"):
            raise ModelError(
                f"a chunk of {chunk_s:g} s holds no sample at {recogniser.sample_rate_hz:,} Hz, or has no end. Give seconds "
                f"above 0, such as 0.3."
            )
        self.name = recogniser.name
        self.sample_rate_hz = recogniser.sample_rate_hz
        self.module = getattr(recogniser, "module", None)
        self._recogniser: CanStream = recogniser
        self._chunk_samples = max(1, round(chunk_s * recogniser.sample_rate_hz))

    def transcribe(self, recordings: Sequence[np.ndarray]) -> list[str]:
        """Text of each recording, one after the other; "" where nothing was heard."""
        return [list(self.texts(samples))[-1][1] for samples in recordings]

    def texts(self, samples: np.ndarray) -> Iterator[tuple[float, str]]:
        """Seconds of the recording that were heard and the text so far, after each chunk and at the end."""
        stream = self._recogniser.stream()
        for start in range(0, len(samples), self._chunk_samples):
            chunk = samples[start : start + self._chunk_samples]
            yield (start + len(chunk)) / self.sample_rate_hz, stream.push(chunk).text
        yield len(samples) / self.sample_rate_hz, stream.finish().text
