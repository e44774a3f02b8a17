"""What a transducer writes: against a search step by step, and against all texts there are."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import product

import numpy as np
import pytest
import torch
from streaming_stand_in import StandInEncoder, StandInSettings

from fairasr.models.streaming.beam import BeamSearch
from fairasr.models.streaming.initialising import initialised
from fairasr.models.streaming.network import TransducerNetwork
from fairasr.models.streaming.search import Search, SymbolBySymbol, Written, drawn
from fairasr.models.streaming.settings import TransducerSettings

WIDTH = 6


def network(*, seed: int, n_symbols: int, sharper: float = 4.0, blank: float = 0.0) -> TransducerNetwork:
    """Random weights; scores `sharper` times as far apart, the blank's raised by `blank`."""
    settings = TransducerSettings(embedding=4, predictor=5, joint=8)
    made = initialised(
        lambda: TransducerNetwork(StandInEncoder(StandInSettings(hidden=WIDTH), n_features=3), settings, n_symbols=n_symbols),
        seed=seed,
    )
    with torch.no_grad():
        made.joint.output.weight *= sharper
        made.joint.output.bias[0] += blank
    return made


def steps_of(seed: int, *, n: int, most: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(n, most, WIDTH)).astype(np.float32) * 2)


def log_probs_after(net: TransducerNetwork, text: tuple[int, ...], step: torch.Tensor) -> np.ndarray:
    """Of the next symbol: the predictor reads the whole text anew."""
    said, _ = net.predictor(torch.tensor([[0, *text]]), net.predictor.start(1))
    scores = net.joint(net.joint.of_steps(step), net.joint.of_text(said[0, -1]))
    return scores.double().log_softmax(-1).numpy()


def one_by_one(net: TransducerNetwork, steps: torch.Tensor, *, most: int) -> list[Written]:
    """The likeliest symbol each time, for one recording."""
    written: list[Written] = []
    for t, step in enumerate(steps):
        for _ in range(most):
            symbol = int(log_probs_after(net, tuple(own.symbol for own in written), step).argmax())
            if symbol == 0:
                break
            written.append(Written(symbol, t))
    return written


def texts_by_enumeration(net: TransducerNetwork, steps: torch.Tensor, *, most: int) -> dict[tuple[int, ...], float]:
    """Probability of each text by all paths that write at most `most` symbols at a step."""
    n_symbols = net.joint.output.out_features
    found: dict[tuple[int, ...], float] = defaultdict(float)
    of_step = [own for k in range(most + 1) for own in product(range(1, n_symbols), repeat=k)]
    for path in product(of_step, repeat=len(steps)):
        text: tuple[int, ...] = ()
        log_p = 0.0
        for step, symbols in zip(steps, path, strict=True):
            for symbol in symbols:
                log_p += log_probs_after(net, text, step)[symbol]
                text = (*text, symbol)
            log_p += log_probs_after(net, text, step)[0]
        found[text] += np.exp(log_p)
    return found


def searched(search: Search, steps: torch.Tensor, lengths: list[int], *, chunk: int) -> list[list[Written]]:
    with torch.no_grad():
        for start in range(0, steps.shape[1], chunk):
            part = steps[:, start : start + chunk]
            search.push(part, (torch.tensor(lengths) - start).clamp(0, part.shape[1]))
    return search.written()


@pytest.mark.parametrize("most", [1, 2, 3])
@pytest.mark.parametrize("blank", [0.0, 3.0])
@pytest.mark.parametrize("chunk", [1, 7, 40])
def test_the_search_of_a_batch_is_the_search_of_each_step_by_step(most: int, blank: float, chunk: int) -> None:
    net, steps, lengths = network(seed=1, n_symbols=5, blank=blank), steps_of(0, n=4, most=40), [40, 23, 1, 0]
    with torch.no_grad():
        expected = [one_by_one(net, own[:length], most=most) for own, length in zip(steps, lengths, strict=True)]
    assert {len(own) for own in expected} > {0}
    assert any(own.symbol != expected[0][0].symbol for own in expected[0])
    assert searched(SymbolBySymbol(net, n=4, most=most), steps, lengths, chunk=chunk) == expected


def test_no_more_symbols_are_written_at_a_step_than_allowed() -> None:
    net, steps = network(seed=0, n_symbols=4, blank=-50.0), steps_of(1, n=1, most=5)
    written = searched(SymbolBySymbol(net, n=1, most=2), steps, [5], chunk=5)[0]
    assert [own.step for own in written] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("most", [1, 2])
def test_a_wide_beam_finds_the_likeliest_text_of_all(seed: int, most: int) -> None:
    net, steps = network(seed=seed, n_symbols=3, sharper=2.0), steps_of(seed, n=1, most=3)
    with torch.no_grad():
        probabilities = texts_by_enumeration(net, steps[0], most=most)
    best = max(probabilities, key=lambda text: probabilities[text])
    written = searched(BeamSearch(net, n=1, most=most, width=1_000), steps, [3], chunk=3)[0]
    assert tuple(own.symbol for own in written) == best
    assert [own.step for own in written] == sorted(own.step for own in written)


def test_the_likeliest_text_is_not_always_the_one_of_the_likeliest_symbols() -> None:
    """So that the test above tells more than that the beam follows the best path."""
    differ = 0
    for seed in range(4):
        net, steps = network(seed=seed, n_symbols=3, sharper=2.0), steps_of(seed, n=1, most=3)
        greedy = searched(SymbolBySymbol(net, n=1, most=2), steps, [3], chunk=3)
        differ += greedy != searched(BeamSearch(net, n=1, most=2, width=1_000), steps, [3], chunk=3)
    assert differ > 0


@pytest.mark.parametrize("chunk", [1, 7])
def test_a_beam_does_not_depend_on_chunks_nor_on_the_batch(chunk: int) -> None:
    net, steps, lengths = network(seed=3, n_symbols=5), steps_of(3, n=3, most=15), [15, 8, 0]
    expected = searched(BeamSearch(net, n=3, most=2, width=4), steps, lengths, chunk=15)
    assert searched(BeamSearch(net, n=3, most=2, width=4), steps, lengths, chunk=chunk) == expected
    alone = [searched(BeamSearch(net, n=1, most=2, width=4), steps[i, None], [lengths[i]], chunk=15)[0] for i in range(3)]
    assert alone == expected
    assert expected[2] == []


def test_draws_are_as_frequent_as_the_model_says() -> None:
    """2 steps, at most one symbol each; a step that has its symbol goes on of itself, so the blank after it is not counted."""
    net, one = network(seed=5, n_symbols=3, sharper=2.0), steps_of(5, n=1, most=2)
    n = 4_000
    search = SymbolBySymbol(net, n=n, most=1, choose=drawn(torch.Generator().manual_seed(0)))
    written = searched(search, one.expand(n, -1, -1), [2] * n, chunk=2)
    counts = Counter(tuple(own.symbol for own in text) for text in written)
    expected: dict[tuple[int, ...], float] = defaultdict(float)
    with torch.no_grad():
        for first, second in product(range(3), repeat=2):
            before = (first,) if first else ()
            text = (*before, second) if second else before
            expected[text] += np.exp(log_probs_after(net, (), one[0, 0])[first] + log_probs_after(net, before, one[0, 1])[second])
    assert sum(expected.values()) == pytest.approx(1)
    assert len(expected) == 7
    for text, probability in expected.items():
        assert abs(counts[text] / n - probability) < 4 * np.sqrt(probability * (1 - probability) / n) + 1e-9


def test_what_is_written_needs_no_later_step() -> None:
    net, steps = network(seed=1, n_symbols=5, blank=1.0), steps_of(6, n=1, most=30)
    whole = searched(SymbolBySymbol(net, n=1, most=3), steps, [30], chunk=30)[0]
    other = steps.clone()
    other[:, 12:] = 9.0
    changed = searched(SymbolBySymbol(net, n=1, most=3), other, [30], chunk=30)[0]
    assert [own for own in whole if own.step < 12] == [own for own in changed if own.step < 12] != []
