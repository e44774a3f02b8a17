"""Several methods at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from toy import Frames, mitigated, same_weights, spoken, step_of, weights_of

from fairasr.core.errors import TrainingError
from fairasr.mitigation import method_of
from fairasr.mitigation.combined import Combined, merged
from fairasr.training import HasState, Hooks, Step

EVERYONE = np.ones(4)
SOME = np.array([1.0, 2.0, 0.0, 1.0])


class Counter:
    """A penalty that grows by one each step."""

    def __init__(self, scale: float) -> None:
        self.steps, self.scale = torch.zeros(()), scale

    def __call__(self, step: Step) -> torch.Tensor:
        self.steps += 1
        return self.scale * self.steps.clone()

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {"steps": self.steps}

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        self.steps = state["steps"].clone()


def constant(step: Step) -> torch.Tensor:
    return torch.tensor(0.5)


def test_penalties_add_up_and_their_states_are_kept_apart() -> None:
    data, model = spoken(seed=0), Frames()
    step = step_of(model, data, [0])
    penalty = merged([("a", Hooks(penalty=Counter(1))), ("b", Hooks(penalty=constant)), ("c", Hooks(penalty=Counter(10)))]).penalty
    assert penalty is not None
    assert [float(penalty(step)) for _ in range(2)] == [11.5, 22.5]
    assert isinstance(penalty, HasState)
    assert {name: float(values) for name, values in penalty.state_dict().items()} == {"0.steps": 2, "2.steps": 2}
    penalty.load_state_dict({"0.steps": torch.tensor(4.0), "2.steps": torch.tensor(7.0)})
    assert float(penalty(step)) == 5 + 0.5 + 80


def test_hooks_of_different_kinds_are_kept_as_they_are() -> None:
    hooks = merged([("a", Hooks(sampling_weights=SOME)), ("b", Hooks()), ("c", Hooks(reduce=constant, penalty=constant))])
    assert hooks == Hooks(sampling_weights=SOME, reduce=constant, penalty=constant)
    assert merged([("a", Hooks()), ("b", Hooks())]) == Hooks()


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        (Hooks(sampling_weights=SOME), Hooks(sampling_weights=SOME[::-1]), "choose what is drawn"),
        (Hooks(sampling_weights=SOME), Hooks(batch_groups=np.array(list("aabb"))), "choose what is drawn"),
        (Hooks(reduce=constant), Hooks(reduce=constant), "reduce the losses"),
    ],
)
def test_two_of_a_kind_are_an_error(first: Hooks, second: Hooks, what: str) -> None:
    with pytest.raises(TrainingError, match=rf"2 of 3 combined methods {what} \(one and three\)"):
        merged([("one", first), ("two", Hooks()), ("three", second)])


def test_who_draws_everyone_alike_gives_way() -> None:
    assert merged([("a", Hooks(sampling_weights=EVERYONE)), ("b", Hooks(sampling_weights=SOME))]).sampling_weights is SOME
    assert merged([("a", Hooks(sampling_weights=SOME)), ("b", Hooks(sampling_weights=EVERYONE))]).sampling_weights is SOME
    assert merged([("a", Hooks(sampling_weights=EVERYONE)), ("b", Hooks(sampling_weights=EVERYONE))]).sampling_weights is EVERYONE


def test_the_same_penalty_twice_is_twice_the_penalty() -> None:
    data, model = spoken(seed=0), Frames()
    once, twice = method_of("l2-sp", {"strength": 0.4}), method_of("l2-sp", {"strength": 0.2})
    both = mitigated(Combined(methods=(twice, twice)), model, data)
    alone = weights_of(mitigated(once, model, data))
    for name, values in weights_of(both).items():
        torch.testing.assert_close(values, alone[name])


def test_interpolation_goes_over_what_another_method_has_finished() -> None:
    data, model = spoken(seed=0), Frames()
    lora = method_of("lora", {"rank": 2})
    ends, starts = weights_of(mitigated(lora, model, data)), weights_of(model)
    combined = Combined(methods=(method_of("interpolation", {"alpha": 0.25}), lora))
    assert combined.trained_as() == Combined(methods=(method_of("fine-tuning", {}), lora))
    for name, values in weights_of(mitigated(combined, model, data)).items():
        torch.testing.assert_close(values, starts[name] + 0.25 * (ends[name] - starts[name]))
    assert same_weights(
        mitigated(Combined(methods=(method_of("interpolation", {"alpha": 1}), lora)), model, data), mitigated(lora, model, data)
    )


def test_the_first_obstacle_is_told() -> None:
    combined = Combined(methods=(method_of("l2-sp", {}), method_of("mix", {})))
    assert combined.obstacle(Frames(), spoken(seed=0)) is None
    assert "no general population" in str(combined.obstacle(Frames(), spoken(seed=0, n=12, n_target=12)))
