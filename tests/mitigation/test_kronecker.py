"""Kronecker-factored Fisher information against explicit matrices."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from toy import FRAME, Frames, spoken, step_of

from fairasr.mitigation import method_of
from fairasr.mitigation.consolidation import anchor
from fairasr.mitigation.fisher import fisher_diagonal
from fairasr.mitigation.kronecker import KroneckerFisher, _input_frames, _output_frames, kronecker_fisher
from fairasr.mitigation.kronecker_penalty import KroneckerPrecision
from fairasr.mitigation.penalty import QuadraticPenalty
from fairasr.training import TrainingData

ROWS = np.array([13, 15, 20, 33])


def fisher_of(model: Frames, data: TrainingData, *, variant: str = "empirical", largest: int = 1000) -> KroneckerFisher:
    return kronecker_fisher(model, data, ROWS, variant=variant, seed=0, largest=largest)  # type: ignore[arg-type]


def by_hand(model: Frames, data: TrainingData) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Q and H of both layers from the network's own formulas, in float64."""
    module = model.clone().module.double()
    sums = {name: [0.0, 0.0] for name in ("hidden", "output")}
    n_frames = 0
    for row in ROWS:
        batch = data.batch(model, np.array([row]))
        x = batch["features"][0].double()
        hidden = torch.tanh(module.hidden(x))
        scores = module.output(hidden)
        # d log p / d scores = onehot - softmax; backwards through tanh.
        outer = torch.nn.functional.one_hot(batch["targets"][0], 3) - scores.softmax(dim=1)
        inner = (outer @ module.output.weight) * (1 - hidden**2)
        ones = torch.ones(len(x), 1, dtype=torch.float64)
        for name, a, g in (("hidden", torch.cat([x, ones], 1), inner), ("output", torch.cat([hidden, ones], 1), outer)):
            sums[name][0] = sums[name][0] + a.T @ a
            sums[name][1] = sums[name][1] + g.T @ g
        n_frames += len(x)
    return {name: (q.detach() / len(ROWS), h.detach() / n_frames) for name, (q, h) in sums.items()}


def test_factors_are_those_of_the_formula_with_several_frames_an_utterance() -> None:
    data, model = spoken(seed=0), Frames()
    found = fisher_of(model, data)
    assert set(found.layers) == {"hidden", "output"}
    assert found.diagonal == {}
    for name, (q, h) in by_hand(model, data).items():
        torch.testing.assert_close(found.layers[name].inputs.double(), q, rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(found.layers[name].outputs.double(), h, rtol=1e-4, atol=1e-6)


def test_drawing_targets_is_not_counted_as_a_frame() -> None:
    data, model = spoken(seed=0), Frames()
    drawn, given = fisher_of(model, data, variant="sample"), fisher_of(model, data)
    for name in given.layers:
        assert torch.equal(drawn.layers[name].inputs, given.layers[name].inputs)
        assert not torch.equal(drawn.layers[name].outputs, given.layers[name].outputs)


def test_the_penalty_is_that_of_the_explicit_matrix() -> None:
    data, base = spoken(seed=0), Frames(n_hidden=4)
    fisher = fisher_of(base, data)
    model = base.clone()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.module.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    penalty = QuadraticPenalty(strength=0.6, precision=KroneckerPrecision(anchor(base), fisher))
    value = penalty(step_of(model, data, [0]))
    value.backward()
    expected = 0.0
    for name, factors in fisher.layers.items():
        layer, start = model.module.get_submodule(name), base.module.get_submodule(name)
        delta = torch.cat([layer.weight - start.weight, (layer.bias - start.bias)[:, None]], dim=1).detach()
        matrix = torch.kron(factors.outputs, factors.inputs)
        expected += 0.3 * float(delta.flatten() @ matrix @ delta.flatten())
        gradient = (0.6 * matrix @ delta.flatten()).view(delta.shape)
        torch.testing.assert_close(layer.weight.grad, gradient[:, :-1], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(layer.bias.grad, gradient[:, -1], rtol=1e-4, atol=1e-6)
    assert value.item() == pytest.approx(expected, rel=1e-5)


def test_normalised_the_diagonal_of_the_whole_matrix_has_mean_1() -> None:
    normalised = fisher_of(Frames(), spoken(seed=0), largest=50).normalised()
    assert set(normalised.layers) == {"output"}
    diagonals = [torch.kron(one.outputs, one.inputs).diagonal() for one in normalised.layers.values()]
    diagonals += [values.flatten() for values in normalised.diagonal.values()]
    assert torch.cat(diagonals).mean() == pytest.approx(1)


def test_large_and_tied_layers_have_the_diagonal() -> None:
    data, model = spoken(seed=0), Frames(n_hidden=3)
    plain = fisher_diagonal(model, data, ROWS, variant="empirical", seed=0).diagonal
    large = fisher_of(model, data, largest=FRAME)
    assert set(large.layers) == {"output"}, "81 inputs with the bias are more than 80"
    assert set(large.diagonal) == {"hidden.weight", "hidden.bias"}
    assert all(torch.equal(values, plain[name]) for name, values in large.diagonal.items())
    model.module.again = torch.nn.Linear(3, 3)
    model.module.again.weight = model.module.output.weight
    model.module.again.bias = model.module.output.bias
    assert set(fisher_of(model, data).layers) == {"hidden"}


def test_a_frozen_bias_is_no_column() -> None:
    data, model = spoken(seed=0), Frames()
    model.module.hidden.bias.requires_grad_(False)
    fisher = fisher_of(model, data)
    assert fisher.layers["hidden"].inputs.shape == (FRAME, FRAME)
    penalty = QuadraticPenalty(strength=1.0, precision=KroneckerPrecision(anchor(model), fisher))
    assert penalty(step_of(model, data, [0])).item() == 0


def test_it_survives_its_file() -> None:
    fisher = fisher_of(Frames(), spoken(seed=0), largest=FRAME)
    again = KroneckerFisher.from_tensors(fisher.tensors(), variant="empirical", n_utterances=4)
    assert again.tensors().keys() == fisher.tensors().keys()
    assert again.raw_mean == fisher.raw_mean
    assert method_of("kfac-ewc", {}) == method_of("kfac-ewc", {"largest": 4096})


@pytest.mark.parametrize(
    "layer",
    [
        torch.nn.Conv1d(3, 5, 4, stride=2, padding=1),
        torch.nn.Conv1d(3, 5, 3, dilation=2),
        torch.nn.Conv2d(3, 5, (2, 3), stride=(1, 2), padding=(1, 0)),
    ],
)
def test_a_convolution_is_a_linear_layer_over_its_patches(layer: torch.nn.Module) -> None:
    shape = (1, 3, 11) if isinstance(layer, torch.nn.Conv1d) else (1, 3, 6, 9)
    inputs = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    output = layer(inputs)
    gradient = torch.randn(output.shape, generator=torch.Generator().manual_seed(1))
    a, g = _input_frames(layer, inputs), _output_frames(layer, gradient)
    torch.testing.assert_close(a @ layer.weight.flatten(1).T + layer.bias, _output_frames(layer, output))
    output.backward(gradient)
    torch.testing.assert_close(g.T @ a, layer.weight.grad.flatten(1))
