"""What a transducer writes, symbol by symbol: the likeliest each time, or one drawn. Steps may come in any chunks.

At a step a symbol is chosen until the blank is, which goes on to the next step; so all that is written comes from the steps so far.
Where the blank is chosen nothing changes but the step, so several steps are looked at together, up to the first symbol.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch

from fairasr.models.streaming.network import TransducerNetwork
from fairasr.models.vocabulary import BLANK

AHEAD = 16
"""Steps looked at together: about as many as lie between two words."""


@dataclass(frozen=True)
class Written:
    """A symbol and where it was written.

    Attributes:
        symbol: its number.
        step: of the encoder, from 0; it needed nothing after this one.
        channel: output channel that it was written to.
    """

    symbol: int
    step: int
    channel: int = 0


class Search(Protocol):
    """What several recordings were heard to say, as their steps come."""

    def push(self, steps: torch.Tensor, lengths: torch.Tensor) -> None:
        """Go on with the next steps.

        Args:
            steps: of the encoder, float (n, steps, width).
            lengths: steps that count, int64 (n,); 0 where a recording is over.
        """

    def written(self) -> list[list[Written]]:
        """What is written of each recording so far; a search that keeps several hypotheses may still change its mind."""


Choice = Callable[[torch.Tensor], torch.Tensor]
"""Scores float (n, steps, n_symbols) -> symbols int64 (n, steps)."""


def likeliest(scores: torch.Tensor) -> torch.Tensor:
    """The symbol of the highest score."""
    return scores.argmax(dim=-1)


def drawn(generator: torch.Generator) -> Choice:
    """A choice by chance, each symbol as often as the model says, from a generator of the CPU."""

    def choose(scores: torch.Tensor) -> torch.Tensor:
        probabilities = scores.float().softmax(dim=-1).cpu()
        symbols = torch.multinomial(probabilities.flatten(0, 1), 1, generator=generator)
        return symbols.view(scores.shape[:2]).to(scores.device)

    return choose


class SymbolBySymbol:
    """A search that keeps one hypothesis.

    Args:
        network: that hears and writes.
        n: recordings.
        most: symbols written at a step at most.
        choose: the symbols.
        n_channels: of each recording, which are so many rows of `n` in order.
    """

    def __init__(self, network: TransducerNetwork, *, n: int, most: int, choose: Choice = likeliest, n_channels: int = 1) -> None:
        self._network, self._most, self._choose, self._n_channels = network, most, choose, n_channels
        device = network.joint.output.weight.device
        said, self._state = network.predictor(torch.full((n, 1), BLANK, device=device), network.predictor.start(n))
        self._text = network.joint.of_text(said[:, 0])
        self._at_step = torch.zeros(n, dtype=torch.int64, device=device)
        self._steps_before = torch.zeros(n, dtype=torch.int64, device=device)
        self._written: list[list[Written]] = [[] for _ in range(n)]

    def push(self, steps: torch.Tensor, lengths: torch.Tensor) -> None:
        """Go on with the next steps; see `Search`."""
        heard = self._network.joint.of_steps(steps)
        place = torch.zeros_like(lengths)
        rows = (place < lengths).nonzero().flatten()
        while len(rows):
            ahead = place[rows, None] + torch.arange(min(AHEAD, steps.shape[1]), device=steps.device)
            near = heard[rows[:, None], ahead.clamp(max=steps.shape[1] - 1)]
            symbols = self._choose(self._network.joint(near, self._text[rows, None]))
            symbols = symbols.masked_fill(ahead >= lengths[rows, None], BLANK)
            found, first = (symbols != BLANK).max(dim=1)
            place[rows] = torch.where(found, ahead.gather(1, first[:, None])[:, 0], (ahead[:, -1] + 1).minimum(lengths[rows]))
            # A step that is left starts with nothing written; the one that is stayed at keeps its count.
            self._at_step[rows] = self._at_step[rows].masked_fill((first > 0) | ~found, 0)
            self._write(rows[found], symbols[found, first[found]], place)
            rows = rows[place[rows] < lengths[rows]]
        self._steps_before += lengths

    def written(self) -> list[list[Written]]:
        """What is written of each recording so far."""
        return [list(own) for own in self._written]

    def _write(self, rows: torch.Tensor, symbols: torch.Tensor, place: torch.Tensor) -> None:
        """Write a symbol in each of these rows at its `place`, which moves on where no more may be written there."""
        if not len(rows):
            return
        at = (self._steps_before + place)[rows].tolist()
        for row, symbol, step in zip(rows.tolist(), symbols.tolist(), at, strict=True):
            self._written[row].append(Written(symbol, step, row % self._n_channels))
        said, state = self._network.predictor(symbols[:, None], self._state.at(rows))
        self._state = self._state.replaced(rows, state)
        self._text = self._text.index_copy(0, rows, self._network.joint.of_text(said[:, 0]))
        count = self._at_step[rows] + 1
        full = count >= self._most
        self._at_step[rows] = count.masked_fill(full, 0)
        place[rows] += full
