"""Several recordings heard at once, in chunks of frames: the encoder's state and the search go on from chunk to chunk."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import torch

from fairasr.models.hugging_face import evaluating
from fairasr.models.streaming.network import TransducerNetwork
from fairasr.models.streaming.search import Search, Written

Read = Callable[[list[Written]], str]
"""From what was written to text."""


class Hearing:
    """What is heard of `n` recordings so far, in eval mode and without gradients.

    Args:
        network: that hears.
        n: recordings.
        search: of what it writes: over n times the encoder's output channels, a recording's together and numbered by it.
        read: text of what was written.
    """

    def __init__(self, network: TransducerNetwork, *, n: int, search: Callable[[], Search], read: Read) -> None:
        self._network, self._read = network, read
        with evaluating(network), torch.no_grad():
            self._state = network.encoder.start(n)
            self._search = search()
        self._flops = torch.zeros(n, dtype=torch.float64)

    def push(self, frames: torch.Tensor, lengths: torch.Tensor) -> None:
        """The next frames of each recording, float (n, frames, n_features); int64 (n,) of them count, 0 once it is over."""
        with evaluating(self._network), torch.no_grad():
            encoded = self._network.encoder(frames, self._state)
            self._search.push(encoded.steps, lengths.repeat_interleave(self._network.encoder.n_channels))
        self._state = encoded.state
        inside = torch.arange(frames.shape[1], device=lengths.device) < lengths[:, None]
        self._flops += torch.where(inside, encoded.flops, 0.0).double().sum(dim=1).cpu()

    def written(self) -> list[list[Written]]:
        """What is written of each recording so far, all channels together, by step."""
        rows, n_channels = self._search.written(), self._network.encoder.n_channels
        if n_channels == 1:
            return rows
        groups = [rows[first : first + n_channels] for first in range(0, len(rows), n_channels)]
        return [sorted(chain.from_iterable(group), key=lambda one: (one.step, one.channel)) for group in groups]

    def texts(self) -> list[str]:
        """As text; "" where nothing was heard."""
        return [self.text_of(own) for own in self.written()]

    def text_of(self, written: list[Written]) -> str:
        """As text, what `written` gave of one recording."""
        return self._read(written)

    def encoder_flops(self) -> list[float]:
        """Floating-point operations that the encoder spent on each recording."""
        return [float(own) for own in self._flops]
