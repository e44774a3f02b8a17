"""One recording heard while it is spoken: samples go in as they come, the text so far comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from fairasr.core.errors import ModelError
from fairasr.models.hugging_face import device_of
from fairasr.models.streaming.frames import StreamingFrames
from fairasr.models.streaming.search import Written

if TYPE_CHECKING:
    from fairasr.models.streaming.transcribing import StreamingTranscriber


@dataclass(frozen=True)
class Token:
    """A symbol that was written.

    Attributes:
        symbol: the word, character or special symbol.
        time_s: seconds of the recording that had to be heard for it.
        channel: output channel that it was written to.
    """

    symbol: str
    time_s: float
    channel: int = 0


@dataclass(frozen=True)
class Heard:
    """What is heard so far.

    Attributes:
        text: all of it; "" where nothing was heard.
        tokens: symbol by symbol.
    """

    text: str
    tokens: tuple[Token, ...]


class Stream:
    """The text so far, after each chunk of samples. At the end it is what `transcribe` gives for the whole recording.

    Words that were written stay, and others come behind them, unless a beam keeps several hypotheses. A segmenter's text may change
    in other places too: a turn is written with the time of its last word, and turns stand by their starts.

    Args:
        recogniser: that hears. Its weights must stay as they are meanwhile.
    """

    def __init__(self, recogniser: StreamingTranscriber) -> None:
        self._recogniser = recogniser
        self._frames = StreamingFrames(recogniser.layout)
        self._hearing = recogniser.hearing(1)
        self._written: list[Written] = []
        self._heard = Heard("", ())
        self._over = False

    def push(self, samples: np.ndarray) -> Heard:
        """What is heard with the next samples, float32 (n_samples,) at the recogniser's rate; there may be none of them.

        Raises:
            ModelError: the recording was finished, or a sample is not a finite number.
        """
        if self._over:
            raise ModelError("this stream was finished, so nothing can follow. Make another stream for another recording.")
        broken = np.flatnonzero(~np.isfinite(samples))
        if len(broken):
            # One would stay in the state and silence all that follows.
            raise ModelError(
                f"{len(broken):,} of {len(samples):,} samples are not finite numbers (first: sample {broken[0]:,}), and nothing "
                f"after them could be heard. Put 0 in their place."
            )
        return self._next(self._frames.push(samples))

    def finish(self) -> Heard:
        """What is heard of the whole recording, whose last frame is filled up with silence."""
        if not self._over:
            self._over = True
            self._next(self._frames.finish())
        return self._heard

    def _next(self, frames: torch.Tensor) -> Heard:
        if len(frames):
            device = device_of(self._recogniser.module)
            self._hearing.push(frames[None].to(device), torch.tensor([len(frames)], device=device))
            written = self._hearing.written()[0]
            # Most frames write nothing: what is heard of an hour is not read anew with each.
            if written != self._written:
                same = len(self._written) if written[: len(self._written)] == self._written else 0
                new = tuple(self._token(own) for own in written[same:])
                self._written = written
                self._heard = Heard(self._hearing.text_of(written), self._heard.tokens[:same] + new)
        return self._heard

    def _token(self, written: Written) -> Token:
        vocabulary, layout = self._recogniser.vocabulary, self._recogniser.layout
        return Token(vocabulary.symbol(written.symbol), layout.end_s(written.step), written.channel)
