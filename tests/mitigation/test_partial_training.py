"""Interpolation, freezing and LoRA: which weights come out."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest
import torch
from toy import Frames, mitigated, same_weights, spoken, step_of, train, weights_of

from fairasr.core.errors import MissingExtraError, TrainingError
from fairasr.mitigation import method_of
from fairasr.mitigation.methods.lora import linear_layers

PLAIN = method_of("fine-tuning", {})


def test_interpolation_is_trained_as_plain_fine_tuning_and_both_ends_are_exact() -> None:
    data, base = spoken(seed=0), Frames()
    trained = mitigated(PLAIN, base, data)
    ends = {alpha: method_of("interpolation", {"alpha": alpha}) for alpha in (0.0, 0.3, 1.0)}
    assert {method.trained_as() for method in ends.values()} == {PLAIN}
    finished = {alpha: method.finished(trained, base=base) for alpha, method in ends.items()}
    assert same_weights(finished[0.0], base)
    assert same_weights(finished[1.0], trained)
    for name, values in weights_of(finished[0.3]).items():
        start, end = weights_of(base)[name], weights_of(trained)[name]
        torch.testing.assert_close(values, start + 0.3 * (end - start))
        assert not torch.equal(values, start)


def test_interpolation_averages_statistics_and_keeps_counts() -> None:
    base, trained = Frames(), Frames()
    for model, mean, count in ((base, 1.0, 10), (trained, 3.0, 30)):
        model.module.norm = torch.nn.BatchNorm1d(2)
        model.module.norm.running_mean.fill_(mean)
        model.module.norm.num_batches_tracked.fill_(count)
    between = method_of("interpolation", {"alpha": 0.25}).finished(trained, base=base)
    assert between.module.norm.running_mean.tolist() == [1.5, 1.5]
    assert between.module.norm.num_batches_tracked.item() == 30


def test_interpolation_between_architectures_is_refused() -> None:
    other = Frames()
    other.module.more = torch.nn.Linear(1, 1)
    with pytest.raises(TrainingError, match=r"2 weights are in only one of them \(first: 'more.bias'\)"):
        method_of("interpolation", {}).finished(other, base=Frames())


def test_prefixes_choose_within_the_part() -> None:
    data, base = spoken(seed=0), Frames()
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({"parts": "all", "prefixes": ["hidden.b", "output.w"]}, {"hidden.bias", "output.weight"}),
        ({"parts": "language", "prefixes": ["hidden", "output.w"]}, {"output.weight"}),
    ]
    for settings, expected in cases:
        before, after = weights_of(base), weights_of(mitigated(method_of("freezing", settings), base, data, n_steps=3))
        assert {name for name in before if not torch.equal(before[name], after[name])} == expected
    reason = method_of("freezing", {"prefixes": ["nothing"]}).obstacle(base, data)
    assert "parts = 'language' with prefixes = ['nothing'] leaves none of the model's 4" in str(reason)


def test_what_the_given_model_has_frozen_stays_frozen() -> None:
    data, base = spoken(seed=0), Frames()
    base.module.output.bias.requires_grad_(False)
    for name in ("freezing", "ewc", "l2-sp", "fine-tuning"):
        after = mitigated(method_of(name, {}), base, data, n_steps=3)
        assert torch.equal(after.module.output.bias, base.module.output.bias)
        assert not torch.equal(after.module.output.weight, base.module.output.weight)


def test_lora_trains_the_additions_alone_and_merging_changes_nothing_said() -> None:
    data, base = spoken(seed=0), Frames()
    method = method_of("lora", {"rank": 2, "alpha": 6.0})
    clone = method.prepared(base, data)
    before = {name: parameter.detach().clone() for name, parameter in clone.module.named_parameters()}
    hooks = method.hooks(clone, data, seed=0)
    train(clone, data, hooks, rate=0.2)
    changed = {name for name, parameter in clone.module.named_parameters() if not torch.equal(parameter, before[name])}
    assert changed == {name for name in before if "lora_" in name}
    assert len(changed) == 4
    merged = method.finished(clone, base=base)
    rows = np.arange(8)
    torch.testing.assert_close(step_of(merged, data, rows).losses, step_of(clone, data, rows).losses)
    moved = (merged.module.hidden.weight - base.module.hidden.weight).detach()
    assert torch.linalg.matrix_rank(moved, rtol=1e-4) == 2
    assert torch.equal(merged.module.hidden.bias, base.module.hidden.bias)
    first, second = (clone.module.get_parameter(f"hidden.lora_{side}.default.weight").detach() for side in "AB")
    torch.testing.assert_close(moved, 6.0 / 2 * second @ first)


def test_the_seed_draws_the_additions() -> None:
    data, method = spoken(seed=0), method_of("lora", {"rank": 2})

    def first(seed: int) -> torch.Tensor:
        clone = method.prepared(Frames(), data)
        method.hooks(clone, data, seed=seed)
        return clone.module.get_parameter("hidden.lora_A.default.weight").detach()

    assert torch.equal(first(0), first(0))
    assert not torch.equal(first(0), first(1))
    assert first(0).abs().max() <= 80**-0.5


def test_lora_takes_the_layers_named_and_no_tied_one() -> None:
    data, base = spoken(seed=0), Frames()
    assert linear_layers(base.module, ()) == ["hidden", "output"]
    assert linear_layers(base.module, ("put",)) == []
    base.module.again = torch.nn.Linear(5, 3)
    base.module.again.weight = base.module.output.weight
    base.module.attention = torch.nn.MultiheadAttention(4, 2)
    assert linear_layers(base.module, ()) == ["hidden"]
    clone = method_of("lora", {}).prepared(base, data)
    trained = {name for name, parameter in clone.module.named_parameters() if parameter.requires_grad}
    assert trained == {"hidden.lora_A.default.weight", "hidden.lora_B.default.weight"}
    reason = method_of("lora", {"targets": ["nothing"]}).obstacle(base, data)
    assert "no linear layer's name ends with one of ['nothing'] (there are hidden, ...)" in str(reason)
    empty = Frames()
    empty.module = torch.nn.Module()
    assert method_of("lora", {}).obstacle(empty, data) == "the model has no linear layers"


def test_lora_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without_peft(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "peft":
            raise ImportError(name)
        return original(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_peft)
    with pytest.raises(MissingExtraError, match=r'LoRA needs peft: pip install "fairasr\[train\]"'):
        method_of("lora", {}).prepared(Frames(), spoken(seed=0))
