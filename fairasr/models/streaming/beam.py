"""The likeliest texts of a transducer, a few at a time: ways to write the same text count together (Graves 2012, section 2.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from fairasr.models.streaming.network import TransducerNetwork
from fairasr.models.streaming.predictor import PredictorState
from fairasr.models.streaming.search import Written
from fairasr.models.vocabulary import BLANK

Text = tuple[int, ...]


@dataclass(frozen=True)
class _Hypothesis:
    """A text: its log-probability, and the steps at which its likeliest way so far wrote it."""

    log_p: float
    steps: tuple[int, ...]
    likeliest: float

    def joined(self, other: _Hypothesis | None) -> _Hypothesis:
        """Both together: ways to the same text."""
        if other is None:
            return self
        better = self if self.likeliest >= other.likeliest else other
        return _Hypothesis(float(np.logaddexp(self.log_p, other.log_p)), better.steps, better.likeliest)

    def on(self, log_p: float, *steps: int) -> _Hypothesis:
        """One symbol on, written at `steps` or, where there is none, the blank."""
        return _Hypothesis(self.log_p + log_p, self.steps + steps, self.likeliest + log_p)


class BeamSearch:
    """A search that keeps the `width` likeliest texts of each recording after every step.

    Args:
        network: that hears and writes.
        n: recordings.
        most: symbols written at a step at most.
        width: texts kept.
        n_channels: of each recording, which are so many rows of `n` in order.
    """

    def __init__(self, network: TransducerNetwork, *, n: int, most: int, width: int, n_channels: int = 1) -> None:
        self._beams = [_Beam(network, most=most, width=width, channel=row % n_channels) for row in range(n)]
        self._network = network

    def push(self, steps: torch.Tensor, lengths: torch.Tensor) -> None:
        """Go on with the next steps; see `Search`."""
        heard = self._network.joint.of_steps(steps)
        for beam, own, length in zip(self._beams, heard.unbind(), lengths.tolist(), strict=True):
            for step in own[:length]:
                beam.push(step)

    def written(self) -> list[list[Written]]:
        """The likeliest text of each recording so far, with the steps of the likeliest way to write it."""
        return [beam.best() for beam in self._beams]


class _Beam:
    """Of one recording."""

    def __init__(self, network: TransducerNetwork, *, most: int, width: int, channel: int) -> None:
        self._network, self._most, self._width, self._channel = network, most, width, channel
        self._hypotheses: dict[Text, _Hypothesis] = {(): _Hypothesis(0.0, (), 0.0)}
        said, state = network.predictor(
            torch.full((1, 1), BLANK, device=network.joint.output.weight.device), network.predictor.start(1)
        )
        self._said: dict[Text, tuple[torch.Tensor, PredictorState]] = {(): (network.joint.of_text(said[:, 0]), state)}
        self._n_steps = 0

    def push(self, step: torch.Tensor) -> None:
        """The next step, (width,): texts with 0, 1, ... symbols written at it, each going on by the blank."""
        done: dict[Text, _Hypothesis] = {}
        texts = self._hypotheses
        scored: dict[Text, np.ndarray] = {}
        for n_written in range(self._most + 1):
            self._score(step, [text for text in texts if text not in scored], scored)
            for text, hypothesis in texts.items():
                done[text] = hypothesis.on(float(scored[text][BLANK])).joined(done.get(text))
            done = self._likeliest(done)
            if n_written == self._most:
                break
            texts = self._longer(texts, scored, least=self._least(done))
            if not texts:
                break
        self._hypotheses = done
        self._said = {text: self._said[text] for text in done}
        self._n_steps += 1

    def best(self) -> list[Written]:
        """The likeliest text."""
        text, hypothesis = max(self._hypotheses.items(), key=lambda item: item[1].log_p)
        return [Written(symbol, step, self._channel) for symbol, step in zip(text, hypothesis.steps, strict=True)]

    def _likeliest(self, hypotheses: dict[Text, _Hypothesis]) -> dict[Text, _Hypothesis]:
        kept = sorted(hypotheses.items(), key=lambda item: -item[1].log_p)[: self._width]
        return dict(kept)

    def _least(self, done: dict[Text, _Hypothesis]) -> float:
        """What a text must be likelier than to be kept: the blank after it can only make it less likely."""
        return -np.inf if len(done) < self._width else min(hypothesis.log_p for hypothesis in done.values())

    def _longer(self, texts: dict[Text, _Hypothesis], scored: dict[Text, np.ndarray], *, least: float) -> dict[Text, _Hypothesis]:
        """The likeliest texts with one symbol more. No two come from the same text, so none are the same."""
        # Chosen before they are made: a text grows with the recording, and there are as many candidates as symbols.
        candidates = [
            (text, symbol, float(scored[text][symbol]))
            for text, hypothesis in texts.items()
            for symbol in np.flatnonzero(hypothesis.log_p + scored[text] > least).tolist()
            if symbol != BLANK
        ]
        candidates.sort(key=lambda candidate: -(texts[candidate[0]].log_p + candidate[2]))
        return {(*text, symbol): texts[text].on(log_p, self._n_steps) for text, symbol, log_p in candidates[: self._width]}

    def _score(self, step: torch.Tensor, texts: list[Text], scored: dict[Text, np.ndarray]) -> None:
        """Add the log-probabilities of the next symbol of each text at this step."""
        if not texts:
            return
        new = [text for text in texts if text not in self._said]
        if new:
            before = [self._said[text[:-1]][1] for text in new]
            state = PredictorState(torch.cat([own.hidden for own in before]), torch.cat([own.cell for own in before]))
            symbols = torch.tensor([[text[-1]] for text in new], device=step.device)
            said, state = self._network.predictor(symbols, state)
            of_text = self._network.joint.of_text(said[:, 0])
            for place, text in enumerate(new):
                self._said[text] = (of_text[place, None], PredictorState(state.hidden[place, None], state.cell[place, None]))
        scores = self._network.joint(step, torch.cat([self._said[text][0] for text in texts]))
        log_probs = scores.double().log_softmax(dim=-1).cpu().numpy()
        scored.update(zip(texts, log_probs, strict=True))
