"""Residual LSTM layers: against a second implementation, in parts, and nothing of the future."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from fairasr.models.streaming.initialising import initialised
from fairasr.models.streaming.residual_lstm import ResidualLSTM

WIDTH, LAYERS = 6, 2


def stack(*, dropout: float = 0.0) -> ResidualLSTM:
    return initialised(lambda: ResidualLSTM(WIDTH, n_layers=LAYERS, dropout=dropout), seed=1)


def noise(n: int, n_steps: int) -> torch.Tensor:
    return torch.randn(n, n_steps, WIDTH, generator=torch.Generator().manual_seed(2))


def normed(x: Any, norm: torch.nn.Module) -> Any:
    weight, bias = (getattr(norm, name).detach().double().numpy() for name in ("weight", "bias"))
    return (x - x.mean()) / np.sqrt(x.var() + 1e-5) * weight + bias


def by_hand(module: ResidualLSTM, steps: Any) -> Any:
    """The equations of Hochreiter & Schmidhuber's cell, step by step in float64: (steps, WIDTH)."""
    for norm, layer in zip(module.norms, module.layers, strict=True):
        weights = {name: value.detach().double().numpy() for name, value in layer.named_parameters()}
        hidden, cell, out = np.zeros(WIDTH), np.zeros(WIDTH), []
        for step in steps:
            gates = weights["weight_ih_l0"] @ normed(step, norm) + weights["bias_ih_l0"]
            gates = gates + weights["weight_hh_l0"] @ hidden + weights["bias_hh_l0"]
            enter, forget, candidate, leave = np.split(gates, 4)
            cell = cell / (1 + np.exp(-forget)) + np.tanh(candidate) / (1 + np.exp(-enter))
            hidden = np.tanh(cell) / (1 + np.exp(-leave))
            out.append(step + hidden)
        steps = np.stack(out)
    return np.stack([normed(step, module.norm) for step in steps])


def test_steps_are_those_of_the_cells_equations_with_a_norm_before_and_a_path_around_each_layer() -> None:
    module = stack()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(3)))
        steps, _ = module(noise(2, 9), module.start(2))
    for row, expected in zip(steps, noise(2, 9).double().numpy(), strict=True):
        np.testing.assert_allclose(row.numpy(), by_hand(module, expected), atol=1e-5)


@pytest.mark.parametrize("chunk", [1, 7, 33])
def test_parts_give_the_steps_and_the_state_of_the_whole(chunk: int) -> None:
    module, inputs = stack(), noise(3, 70)
    with torch.no_grad():
        whole, end = module(inputs, module.start(3))
        state, parts = module.start(3), []
        for part in inputs.split(chunk, dim=1):
            before = {name: tensor.clone() for name, tensor in state.items()}
            steps, after = module(part, state)
            assert all(torch.equal(state[name], before[name]) for name in before)
            parts.append(steps)
            state = after
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, rtol=0, atol=1e-5)
    for name, tensor in state.items():
        assert tensor.shape == (3, LAYERS, WIDTH)
        torch.testing.assert_close(tensor, end[name], rtol=0, atol=1e-5)


def test_a_recordings_state_is_its_row_of_the_batchs() -> None:
    module, inputs = stack(), noise(3, 11)
    with torch.no_grad():
        _, state = module(inputs[:, :5], module.start(3))
        steps, _ = module(inputs[:, 5:], state)
        alone, _ = module(inputs[1:2, 5:], {name: tensor[1:2] for name, tensor in state.items()})
    torch.testing.assert_close(alone, steps[1:2], rtol=0, atol=1e-6)


@pytest.mark.parametrize("moment", [1, 20, 39])
def test_what_comes_later_changes_no_earlier_step_by_anything(moment: int) -> None:
    module, inputs = stack(), noise(2, 40)
    later = inputs.clone()
    later[:, moment:] += 3.0
    with torch.no_grad():
        before, _ = module(inputs, module.start(2))
        after, _ = module(later, module.start(2))
    assert torch.equal(before[:, :moment], after[:, :moment])
    assert not torch.equal(before[:, moment], after[:, moment])


def test_layers_that_say_nothing_leave_the_normalised_input() -> None:
    module, inputs = stack(), noise(1, 4)
    with torch.no_grad():
        for layer in module.layers:
            for parameter in layer.parameters():
                parameter.zero_()
        steps, _ = module(inputs, module.start(1))
    torch.testing.assert_close(steps, torch.nn.functional.layer_norm(inputs, (WIDTH,)))


def test_dropout_is_of_what_layers_add_and_in_training_alone() -> None:
    module, inputs = stack(dropout=0.5), noise(1, 30)
    with torch.no_grad():
        still, _ = module(inputs, module.start(1))
        again, _ = module(inputs, module.start(1))
        moved, _ = module.train()(inputs, module.start(1))
    assert torch.equal(still, again)
    assert not torch.equal(still, moved)


def test_flops_are_two_for_each_weight_of_four_gates() -> None:
    assert stack().flops == LAYERS * 2 * 4 * WIDTH * (WIDTH + WIDTH)
    assert stack().width == WIDTH
