"""Group DRO against updates worked out by hand, and on groups that want different answers."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch
from toy_groups import OneWord, data_of, step_of, trained

from fairasr.core.errors import JobError
from fairasr.mitigation.methods.group_dro import GroupDRO, WorstMixture
from fairasr.models import Trainable

NO_MODEL = cast(Trainable, None)
COHORTS = np.array(["a", "a", "b", "unknown"])


def test_weights_and_loss_are_those_of_the_formula() -> None:
    term = WorstMixture(cohorts=COHORTS, step_size=0.5)
    loss = term(step_of([2.0, 6.0, 3.0, 10.0], [0, 1, 2, 3], lengths=[2, 2, 1, 10]))
    means = np.array([(1 + 3) / 2, 3.0, 1.0])  # of a, b and unknown, per symbol
    q = np.exp(0.5 * means) / np.exp(0.5 * means).sum()
    np.testing.assert_allclose(term.weights.numpy(), q)
    assert loss.item() == pytest.approx(q @ means)


def test_a_group_absent_from_the_batch_counts_with_loss_zero() -> None:
    term = WorstMixture(cohorts=COHORTS, step_size=1.0)
    loss = term(step_of([2.0, 4.0], [0, 2]))
    q = np.exp([2.0, 4.0, 0.0]) / np.exp([2.0, 4.0, 0.0]).sum()
    np.testing.assert_allclose(term.weights.numpy(), q)
    assert loss.item() == pytest.approx(q[0] * 2 + q[1] * 4)


def test_the_gradient_takes_the_weights_as_numbers() -> None:
    losses = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    term = WorstMixture(cohorts=COHORTS, step_size=0.1)
    term(step_of(losses, [0, 1, 2])).backward()
    q = term.weights.numpy()
    np.testing.assert_allclose(losses.grad, [q[0] / 2, q[0] / 2, q[1]], rtol=1e-6)


def test_step_size_zero_keeps_the_groups_alike() -> None:
    term = WorstMixture(cohorts=COHORTS, step_size=0)
    term(step_of([100.0, 1.0], [0, 2]))
    np.testing.assert_array_equal(term.weights.numpy(), [1 / 3] * 3)


def test_huge_losses_neither_overflow_nor_vanish() -> None:
    term = WorstMixture(cohorts=COHORTS, step_size=10.0)
    assert term(step_of([1e4, 1.0, 5e3], [0, 2, 3])).item() == pytest.approx(1e4)


def test_doubling_length_leaves_the_weights_as_they_are() -> None:
    once, twice = (WorstMixture(cohorts=COHORTS, step_size=0.5) for _ in range(2))
    once(step_of([2.0, 6.0, 3.0], [0, 1, 2], lengths=[2, 2, 1]))
    twice(step_of([2.0, 6.0, 6.0], [0, 1, 2], lengths=[2, 2, 2]))
    np.testing.assert_array_equal(once.weights.numpy(), twice.weights.numpy())


def test_a_resumed_run_goes_on_bit_for_bit() -> None:
    whole, first, second = (WorstMixture(cohorts=COHORTS, step_size=0.3) for _ in range(3))
    batches = [([1.0, 2.0], [0, 2]), ([0.5, 0.7], [1, 3]), ([3.0, 0.1], [2, 3])]
    losses = [whole(step_of(*batch)).item() for batch in batches]
    first(step_of(*batches[0]))
    state = first.state_dict()
    first(step_of(*batches[1]))  # what goes on after a checkpoint must not be in it
    second.load_state_dict(state)
    assert [second(step_of(*batch)).item() for batch in batches[1:]] == losses[1:]
    assert torch.equal(second.weights, whole.weights)


def test_groups_are_drawn_evenly() -> None:
    hooks = GroupDRO().hooks(NO_MODEL, data_of(["a"] * 8 + ["b"] * 2), seed=0)
    assert hooks.sampling_weights is not None
    assert hooks.sampling_weights[:8].sum() == pytest.approx(hooks.sampling_weights[8:].sum())


def test_each_call_of_hooks_starts_anew() -> None:
    data = data_of(["a", "b"])
    first = GroupDRO(step_size=1).hooks(NO_MODEL, data, seed=0).reduce
    assert isinstance(first, WorstMixture)
    first(step_of([1.0, 2.0], [0, 1]))
    again = GroupDRO(step_size=1).hooks(NO_MODEL, data, seed=0).reduce
    assert isinstance(again, WorstMixture)
    np.testing.assert_array_equal(again.weights.numpy(), [0.5, 0.5])


def test_training_ends_where_the_worst_group_is_best_off() -> None:
    """All recordings are alike, so the model only says how likely "yes" is, p; "hard" is half yes, half no, "easy" all yes.

    Groups alike minimise -ln p / 2 - (ln p + ln(1 - p)) / 4: p = 3/4, and the hard group's loss is 0.837. The worst group is best
    off at p = 1/2, where both losses are ln 2 = 0.693.
    """
    data = data_of(["hard"] * 10 + ["easy"] * 30, references=["no", "yes"] * 5 + ["yes"] * 30)
    base = OneWord(["yes", "no"], seed=0)

    def loss_of_hard(step_size: float) -> float:
        hooks = GroupDRO(step_size=step_size).hooks(cast(Trainable, base), data, seed=0)
        model = trained(base.clone(), data, hooks, n_steps=300, seed=1, rate=1.0)
        batch = data.batch(model, np.arange(10))
        return model.losses(model.outputs(batch), batch).mean().item()

    assert loss_of_hard(0) == pytest.approx(0.837, abs=0.04)
    assert loss_of_hard(0.1) == pytest.approx(0.693, abs=0.02)


def test_one_group_is_an_obstacle() -> None:
    assert GroupDRO().obstacle(NO_MODEL, data_of(["a", "a"])) == "all training utterances are of one cohort"
    assert GroupDRO().obstacle(NO_MODEL, data_of(["a", "unknown"])) is None


@pytest.mark.parametrize("step_size", [-0.1, float("nan"), float("inf")])
def test_a_wrong_step_size_is_refused(step_size: float) -> None:
    with pytest.raises(JobError, match="step_size is"):
        GroupDRO(step_size=step_size)
