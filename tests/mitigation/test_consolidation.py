"""Penalties: value and gradient against autograd, where training converges to, what strengths do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from toy import Frames, Gaussian, data_of, mean_loss, mitigated, spoken, step_of, weights_of

from fairasr.core.errors import TrainingError
from fairasr.mitigation import Mitigation, method_of
from fairasr.mitigation.consolidation import anchor
from fairasr.mitigation.fisher import fisher_diagonal
from fairasr.mitigation.penalty import Diagonal, QuadraticPenalty
from fairasr.training import TrainingData

N_IN, N_OUT = 4, 2


def quadratic(seed: int) -> tuple[Gaussian, TrainingData, dict[str, np.ndarray]]:
    """A linear model whose target utterances want other weights; A, a, F and theta* as matrices over its flattened weights.

    The general population is a full factorial of inputs and residuals, where g and a are independent in the sample and so the
    Kronecker-factored Fisher information is the exact one.
    """
    random = np.random.default_rng(seed)
    start, wanted = random.normal(size=(2, N_OUT, N_IN))
    x = random.normal(size=(30, N_IN))
    y = x @ wanted.T + 0.3 * random.normal(size=(30, N_OUT))
    inputs, residuals = random.normal(size=(6, N_IN)) * [0.3, 1, 2, 0.7], random.normal(size=(5, N_OUT)) * [1, 3]
    general_x = np.repeat(inputs, len(residuals), axis=0)
    general_y = general_x @ start.T + np.tile(residuals, (len(inputs), 1))
    data = data_of(
        [*x, *general_x],
        [" ".join(repr(float(part)) for part in row) for row in [*y, *general_y]],
        target=np.arange(60) < 30,
    )
    gradients = np.einsum("no,ni->noi", np.tile(residuals, (len(inputs), 1)), general_x).reshape(30, -1)
    best, *_ = np.linalg.lstsq(x, y, rcond=None)
    parts = {
        "A": np.kron(np.eye(N_OUT), x.T @ x / len(x)),
        "a": best.T.reshape(-1),
        "F": gradients.T @ gradients / 30,
        "start": start.reshape(-1),
    }
    return Gaussian(start), data, parts


def converged(method: Mitigation, model: Gaussian, data: TrainingData) -> np.ndarray:
    """Weights where the whole batch's loss with the penalty is least, flattened."""
    clone = method.prepared(model, data)
    hooks = method.hooks(clone, data, seed=0)
    optimiser = torch.optim.LBFGS(
        clone.module.parameters(), lr=1, max_iter=400, tolerance_grad=1e-11, tolerance_change=1e-14, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        step = step_of(clone, data, data.target_rows)
        loss = step.losses_per_symbol.mean() + (hooks.penalty(step) if hooks.penalty else 0)
        loss.backward()
        return loss

    optimiser.step(closure)
    return clone.module.layer.weight.detach().numpy().reshape(-1)


def solved(parts: dict[str, np.ndarray], fisher: np.ndarray, strength: float) -> np.ndarray:
    return np.linalg.solve(parts["A"] + strength * fisher, parts["A"] @ parts["a"] + strength * fisher @ parts["start"])


@pytest.mark.parametrize("strength", [0.01, 0.3, 10.0])
def test_ewc_converges_to_the_closed_form(strength: float) -> None:
    model, data, parts = quadratic(0)
    found = converged(method_of("ewc", {"strength": strength, "normalise": "none"}), model, data)
    fisher = np.diag(np.diag(parts["F"]))
    np.testing.assert_allclose(found, solved(parts, fisher, strength), atol=1e-6)
    normalised = converged(method_of("ewc", {"strength": strength}), model, data)
    np.testing.assert_allclose(normalised, solved(parts, fisher / np.diag(fisher).mean(), strength), atol=1e-6)


@pytest.mark.parametrize("strength", [0.01, 0.3, 10.0])
def test_kfac_ewc_converges_to_the_closed_form_of_the_whole_matrix(strength: float) -> None:
    model, data, parts = quadratic(0)
    found = converged(method_of("kfac-ewc", {"strength": strength, "normalise": "none"}), model, data)
    np.testing.assert_allclose(found, solved(parts, parts["F"], strength), atol=1e-6)
    normalised = converged(method_of("kfac-ewc", {"strength": strength}), model, data)
    np.testing.assert_allclose(normalised, solved(parts, parts["F"] / np.diag(parts["F"]).mean(), strength), atol=1e-6)
    # The block is not diagonal, or this would say no more than the test of EWC.
    diagonal = np.diag(np.diag(parts["F"]))
    assert np.abs(found - solved(parts, diagonal, strength)).max() > 1e-3


def test_l2_sp_converges_to_the_closed_form() -> None:
    model, data, parts = quadratic(1)
    found = converged(method_of("l2-sp", {"strength": 0.7}), model, data)
    np.testing.assert_allclose(found, solved(parts, np.eye(len(found)), 0.7), atol=1e-6)


@pytest.mark.parametrize("name", ["ewc", "l2-sp", "kfac-ewc"])
def test_a_huge_strength_leaves_the_weights_and_a_tiny_one_lets_them_go(name: str) -> None:
    model, data, parts = quadratic(2)
    held = converged(method_of(name, {"strength": 1e8}), model, data)
    np.testing.assert_allclose(held, parts["start"], atol=1e-5)
    free = converged(method_of(name, {"strength": 1e-10}), model, data)
    np.testing.assert_allclose(free, parts["a"], atol=1e-6)


@pytest.mark.parametrize("name", ["ewc", "l2-sp", "kfac-ewc"])
def test_the_stronger_the_less_the_general_population_loses(name: str) -> None:
    """In the quadratic form of the penalty itself this is exact; the general loss follows it here because theta* is its optimum."""
    model, data, parts = quadratic(3)
    fisher = {"ewc": np.diag(np.diag(parts["F"])), "l2-sp": np.eye(N_IN * N_OUT), "kfac-ewc": parts["F"]}[name]
    losses = []
    for strength in np.logspace(-3, 3, 7):
        delta = converged(method_of(name, {"strength": float(strength)}), model, data) - parts["start"]
        losses.append(delta @ fisher @ delta)
    assert np.all(np.diff(losses) < 1e-9)
    assert losses[-1] < 0.01 * losses[0]


def test_general_loss_does_not_rise_with_strength_in_training() -> None:
    data = spoken(seed=3, shift=1.0)
    base = mitigated(method_of("mix", {"share": 0.999}), Frames(seed=3), data, n_steps=60, rate=0.1)
    ends = {
        strength: mitigated(method_of("ewc", {"strength": strength}), base, data, n_steps=60, rate=0.02, seed=1)
        for strength in (0.0, 0.03, 0.1, 0.3)
    }
    losses = [mean_loss(end, data, data.general_rows) for end in ends.values()]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > mean_loss(base, data, data.general_rows) + 0.02, "plain fine-tuning forgets"
    assert mean_loss(ends[0.03], data, data.target_rows) < mean_loss(base, data, data.target_rows), "and the target still gains"


def moved(model: Frames, *, seed: int) -> Frames:
    other = model.clone()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in other.module.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return other


def test_value_and_gradient_are_those_of_the_formula() -> None:
    data, base = spoken(seed=0), Frames()
    fisher = fisher_diagonal(base, data, data.general_rows[:5], variant="empirical", seed=0).diagonal
    model = moved(base, seed=1)
    penalty = QuadraticPenalty(strength=0.7, precision=Diagonal(anchor(base), fisher))
    value = penalty(step_of(model, data, [0, 1]))
    (3 * value).backward()
    named, start = dict(model.module.named_parameters()), weights_of(base)
    naive = sum(0.35 * (fisher[name] * (parameter.double() - start[name]) ** 2).sum() for name, parameter in named.items())
    assert value.item() == pytest.approx(naive.item(), rel=1e-6)
    for name, parameter in named.items():
        expected = 3 * 0.7 * fisher[name] * (parameter.detach() - start[name])
        torch.testing.assert_close(parameter.grad, expected)


def test_it_adds_to_the_gradient_of_the_task_and_can_be_taken_again() -> None:
    data, base = spoken(seed=0), Frames()
    model = moved(base, seed=1)
    penalty = QuadraticPenalty(strength=0.7, precision=Diagonal(anchor(base)))
    step = step_of(model, data, [0, 1])
    parameters = list(model.module.parameters())
    task = torch.autograd.grad(step.losses.mean(), parameters, retain_graph=True)
    alone = torch.autograd.grad(penalty(step), parameters)
    both = torch.autograd.grad(step.losses.mean() + penalty(step), parameters)
    for of_task, of_penalty, of_both in zip(task, alone, both, strict=True):
        torch.testing.assert_close(of_both, of_task + of_penalty)


def test_it_follows_the_weights_from_step_to_step() -> None:
    data, base = spoken(seed=0), Frames()
    penalty = QuadraticPenalty(strength=2.0, precision=Diagonal(anchor(base)))
    model = base.clone()
    assert penalty(step_of(model, data, [0])).item() == 0
    with torch.no_grad():
        model.module.output.bias += 0.5
    assert penalty(step_of(model, data, [0])).item() == pytest.approx(3 * 0.25)
    with torch.no_grad():
        base.module.output.bias += 9
    assert penalty(step_of(model, data, [0])).item() == pytest.approx(3 * 0.25), "theta* is a copy"


def test_mixed_precision_does_not_reach_it() -> None:
    data, base = spoken(seed=0), Frames()
    model = moved(base, seed=1)
    for name in ("ewc", "kfac-ewc"):
        penalty = method_of(name, {"n_fisher": 4}).hooks(base.clone(), data, seed=0).penalty
        assert penalty is not None
        step = step_of(model, data, [0, 1])
        expected = penalty(step)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            value = penalty(step)
        assert value.dtype == torch.float32
        assert torch.equal(value, expected)


@pytest.mark.parametrize(("name", "copies"), [("ewc", 2), ("l2-sp", 1)])
def test_it_keeps_two_copies_of_the_trained_parameters_and_no_more(name: str, copies: int) -> None:
    data, model = spoken(seed=0), Frames()
    for settings, trained in (
        ({}, list(model.module.parameters())),
        ({"parts": "language"}, list(model.module.output.parameters())),
    ):
        method = method_of(name, settings)
        penalty = method.hooks(method.prepared(model, data), data, seed=0).penalty
        storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors_in(penalty)}
        assert sum(storages.values()) == copies * sum(parameter.nbytes for parameter in trained)


def tensors_in(value: Any, seen: set[int] | None = None) -> list[torch.Tensor]:
    """Every tensor that can be reached through attributes, lists and dictionaries."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return []
    seen.add(id(value))
    if isinstance(value, torch.Tensor):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else vars(value).values()
    return [
        tensor
        for one in inner
        if isinstance(one, (torch.Tensor, dict, list, tuple)) or hasattr(one, "__dict__")
        for tensor in tensors_in(one, seen)
    ]


def test_only_the_part_chosen_is_trained() -> None:
    data, model = spoken(seed=0), Frames()
    for parts, free in (("language", "output"), ("acoustic", "hidden")):
        for name in ("ewc", "l2-sp", "kfac-ewc", "freezing"):
            before, after = weights_of(model), weights_of(mitigated(method_of(name, {"parts": parts}), model, data, n_steps=3))
            changed = {key for key in before if not torch.equal(before[key], after[key])}
            assert changed == {f"{free}.weight", f"{free}.bias"}, (name, parts)


def test_a_parameter_that_the_penalty_does_not_cover_is_an_error() -> None:
    data, model = spoken(seed=0), Frames()
    partly = model.clone()
    partly.module.hidden.requires_grad_(False)
    penalty = QuadraticPenalty(strength=1.0, precision=Diagonal(anchor(partly)))
    with pytest.raises(TrainingError, match=r"2 of 4 .* are not covered by the penalty \(first: 'hidden.bias'\)"):
        penalty(step_of(model, data, [0]))
    penalty = QuadraticPenalty(strength=1.0, precision=Diagonal(anchor(model)))
    with pytest.raises(TrainingError, match=r"2 of 2 .* covered by the penalty and not trained"):
        penalty(step_of(partly, data, [0]))


def test_a_fisher_without_an_entry_of_the_shape_is_an_error() -> None:
    start = anchor(Frames())
    with pytest.raises(TrainingError, match=r"1 of 4 .* no Fisher entry of their shape \(first: 'output.bias'\)"):
        Diagonal(start, {**start, "output.bias": torch.ones(7)})


@pytest.mark.parametrize("name", ["ewc", "kfac-ewc", "mix", "replay", "distillation"])
def test_without_a_general_population_it_cannot_run(name: str) -> None:
    data = spoken(seed=0, n=12, n_target=12)
    assert "no general population" in str(method_of(name, {}).obstacle(Frames(), data))


@pytest.mark.parametrize("name", ["ewc", "l2-sp", "kfac-ewc", "freezing"])
def test_a_part_without_parameters_is_an_obstacle(name: str) -> None:
    model = Frames()
    model.module.output.requires_grad_(False)
    reason = method_of(name, {"parts": "language"}).obstacle(model, spoken(seed=0))
    assert reason is not None
    assert "none of the model's 2 trainable parameter tensors" in reason
