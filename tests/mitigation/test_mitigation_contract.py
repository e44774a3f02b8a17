"""The contract that every mitigation keeps. A new method in METHODS needs no line here; SETTINGS holds further ones to try."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from toy import Frames, mitigated, same_weights, spoken, step_of, train, weights_of

from fairasr.mitigation import METHODS, Mitigation, method_of, settings_of
from fairasr.training import HasState, Hooks, TrainingData

SETTINGS: Mapping[str, list[dict[str, Any]]] = {
    "ewc": [
        {"n_fisher": 5},
        {"variant": "sample", "parts": "language"},
        {"variant": "batched", "fisher_batch": 3, "normalise": "none"},
    ],
    "l2-sp": [{}, {"parts": "acoustic"}],
    "kfac-ewc": [{"n_fisher": 5}, {"variant": "sample", "parts": "language"}, {"largest": 20}],
    "replay": [{"n_memory": 5}, {"weighting": "speaker"}, {"weighting": "cohort"}],
    "distillation": [{}, {"share": 0.5, "temperature": 1.0, "weighting": "cohort"}],
    "freezing": [{}, {"parts": "all", "prefixes": ["hidden.weight", "output"]}],
    "lora": [{"rank": 2}, {"rank": 2, "targets": ["hidden"], "dropout": 0.1}],
    "arl": [{"n_bands": 1}],
    "combined": [
        {"methods": [{"name": "ewc", "strength": 0.1}, {"name": "mix", "share": 0.3}, {"name": "l2-sp"}]},
        {"methods": [{"name": "interpolation"}, {"name": "lora", "rank": 2}]},
        {"methods": [{"name": "cohort-embedding"}, {"name": "oversampling"}]},
    ],
}
NEUTRAL: Mapping[str, list[dict[str, Any]]] = {
    "fine-tuning": [{}],
    "mix": [{"share": 0}],
    "ewc": [{"strength": 0}, {"strength": 0, "variant": "sample"}],
    "l2-sp": [{"strength": 0}],
    "kfac-ewc": [{"strength": 0}],
    "interpolation": [{"alpha": 1}],
    "replay": [{"share": 0}],
    "distillation": [{"share": 0}],
    "freezing": [{"parts": "all"}],
    "oversampling": [{"power": 0}],
    "combined": [{"methods": [{"name": "ewc", "strength": 0}, {"name": "oversampling", "power": 0}]}],
}
CASES = [(name, settings) for name in METHODS for settings in SETTINGS.get(name, [{}])]
CHANGES_ARCHITECTURE = {"cohort-embedding"}
LEARNS = {"group-dro", "ctc-dro", "arl"}
"""Methods whose terms have a state."""


def parts_of(case: tuple[str, dict[str, Any]]) -> set[str]:
    """Names of the methods in it: several of a combined one."""
    name, settings = case
    return {one["name"] for one in settings.get("methods", [{"name": name}])}


KEEPS_ARCHITECTURE = [case for case in CASES if not parts_of(case) & CHANGES_ARCHITECTURE]
NEUTRAL_CASES = [(name, settings) for name, all_settings in NEUTRAL.items() for settings in all_settings]


def of_case(case: tuple[str, dict[str, Any]]) -> str:
    return f"{case[0]}-{case[1]}"


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return spoken(seed=1)


@pytest.fixture(scope="module")
def model() -> Frames:
    return Frames(seed=2)


@pytest.fixture(params=CASES, ids=of_case)
def method(request: pytest.FixtureRequest) -> Mitigation:
    return method_of(*request.param)


def test_every_method_is_under_the_contract() -> None:
    assert len(METHODS) >= 16
    assert {name for name, _ in CASES} == set(METHODS)
    assert {name for name, _ in KEEPS_ARCHITECTURE} == set(METHODS) - CHANGES_ARCHITECTURE
    assert set(NEUTRAL) <= set(METHODS)


def test_a_method_is_frozen_and_says_its_name(method: Mitigation) -> None:
    assert dataclasses.is_dataclass(method)
    with pytest.raises(dataclasses.FrozenInstanceError):
        method.anything = 1  # type: ignore[attr-defined]
    assert METHODS[method.method].load() is type(method)


def test_settings_survive_a_job_file(method: Mitigation) -> None:
    again = method_of(method.method, json.loads(json.dumps(settings_of(method), allow_nan=False)))
    assert again == method


def test_a_swept_setting_is_a_setting_and_takes_its_values(method: Mitigation) -> None:
    if not method.strength_field:
        assert method.strengths == ()
        return
    assert len(method.strengths) >= 3
    assert list(method.strengths) == sorted(set(method.strengths))
    made = [method_of(method.method, {**settings_of(method), method.strength_field: value}) for value in method.strengths]
    assert [getattr(one, method.strength_field) for one in made] == list(method.strengths)


def test_it_can_run_here_and_not_without_a_target(method: Mitigation, model: Frames, data: TrainingData) -> None:
    assert method.obstacle(model, data) is None
    nobody = dataclasses.replace(data, target=np.zeros(len(data), dtype=bool))
    reason = method.obstacle(model, nobody)
    assert reason
    assert not reason.endswith(".")


def test_the_given_model_is_not_changed(method: Mitigation, model: Frames, data: TrainingData) -> None:
    before, flags = weights_of(model), [parameter.requires_grad for parameter in model.module.parameters()]
    finished = mitigated(method, model, data, n_steps=3)
    after = weights_of(model)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert flags == [parameter.requires_grad for parameter in model.module.parameters()]
    assert not any(part.training for part in model.module.modules())
    assert not same_weights(finished, model)
    own = {id(parameter) for parameter in model.module.parameters()}
    assert own.isdisjoint(id(parameter) for parameter in finished.module.parameters())


def test_it_trains_from_the_model_given(method: Mitigation, model: Frames, data: TrainingData) -> None:
    prepared = method.prepared(model, data)
    method.hooks(prepared, data, seed=0)
    assert not any(part.training for part in prepared.module.modules())
    assert any(parameter.requires_grad for parameter in prepared.module.parameters())
    rows = np.arange(6)
    # Adding a zero (LoRA) is exact.
    assert torch.equal(step_of(prepared, data, rows).losses, step_of(model, data, rows).losses)


@pytest.mark.parametrize("case", KEEPS_ARCHITECTURE, ids=of_case)
def test_what_is_measured_has_the_architecture_of_the_base(
    case: tuple[str, dict[str, Any]], model: Frames, data: TrainingData
) -> None:
    finished = mitigated(method_of(*case), model, data, n_steps=2)
    assert {name: values.shape for name, values in weights_of(finished).items()} == {
        name: values.shape for name, values in weights_of(model).items()
    }


def test_hooks_have_their_shapes(method: Mitigation, model: Frames, data: TrainingData) -> None:
    prepared = method.prepared(model, data)
    hooks = method.hooks(prepared, data, seed=0)
    if hooks.sampling_weights is not None:
        assert hooks.sampling_weights.shape == (len(data),)
        assert (hooks.sampling_weights >= 0).all()
        assert hooks.sampling_weights.sum() > 0
    if hooks.batch_groups is not None:
        assert hooks.batch_groups.shape == (len(data),)
    for term in filter(None, (hooks.reduce, hooks.penalty)):
        value = term(step_of(prepared, data, [0, 1, 20, 21]))
        assert value.shape == ()
        assert value.dtype == torch.float32
        assert torch.isfinite(value)


def test_the_seed_repeats(method: Mitigation, model: Frames, data: TrainingData) -> None:
    state = torch.random.get_rng_state()
    first = mitigated(method, model, data, n_steps=4, seed=5)
    assert torch.equal(torch.random.get_rng_state(), state), "the global generator was drawn from"
    torch.manual_seed(99)
    assert same_weights(first, mitigated(method, model, data, n_steps=4, seed=5))
    torch.random.set_rng_state(state)


def test_terms_go_on_from_their_state(method: Mitigation, model: Frames, data: TrainingData) -> None:
    """What a term has learned is all in its state: a new one with it, or any new one where there is none, says the same next."""

    def terms(hooks: Hooks) -> list[Any]:
        return [term for term in (hooks.reduce, hooks.penalty) if term is not None]

    def hooks() -> Hooks:
        return method.hooks(method.prepared(model, data), data, seed=0)

    used, fresh = hooks(), hooks()
    train(method.prepared(model, data), data, used, n_steps=4)
    states = 0
    for old, new in zip(terms(used), terms(fresh), strict=True):
        assert isinstance(old, HasState) == isinstance(new, HasState)
        if isinstance(old, HasState) and isinstance(new, HasState):
            new.load_state_dict({name: values.clone() for name, values in old.state_dict().items()})
            states += 1
    assert states or method.method not in LEARNS
    ends = [train(method.prepared(model, data), data, one, n_steps=4, seed=1) for one in (used, fresh)]
    assert same_weights(*ends)


@pytest.mark.parametrize("case", NEUTRAL_CASES, ids=of_case)
def test_neutral_settings_train_as_plain_fine_tuning_bit_for_bit(
    case: tuple[str, dict[str, Any]], model: Frames, data: TrainingData
) -> None:
    method = method_of(*case)
    assert method.hooks(method.prepared(model, data), data, seed=0) == Hooks()
    assert same_weights(mitigated(method, model, data), mitigated(method_of("fine-tuning", {}), model, data))


def test_naming_the_methods_loads_no_torch() -> None:
    code = (
        "import sys, fairasr.mitigation as m; assert len(m.METHODS) >= 16; print('torch' in sys.modules);"
        "m.EWC; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
