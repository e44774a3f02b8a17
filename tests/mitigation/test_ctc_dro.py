"""CTC-DRO: its fixed point, when its weights move, and what they are blind to."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch
from toy_groups import data_of, step_of

from fairasr.core.errors import JobError
from fairasr.mitigation.methods.ctc_dro import CTCDRO, SmoothedMixture
from fairasr.models import Trainable
from fairasr.training.batches import batch_schedule

NO_MODEL = cast(Trainable, None)


def after_rounds(losses: list[float], *, n_rounds: int, smoothing: float, step_size: float = 0.1, length: int = 1) -> np.ndarray:
    """Weights after rounds of one batch per group, each of two utterances with the group's frozen loss per symbol."""
    n_groups = len(losses)
    term = SmoothedMixture(cohorts=np.repeat(list("abcdefgh")[:n_groups], 2), step_size=step_size, smoothing=smoothing)
    for _ in range(n_rounds):
        for group, loss in enumerate(losses):
            term(step_of([loss * length] * 2, [2 * group, 2 * group + 1], lengths=[length] * 2))
    return term.weights.numpy()


def test_frozen_losses_lead_to_the_published_fixed_point() -> None:
    found = after_rounds([1, 1, 1, 1, 1, 3], n_rounds=200, smoothing=0.1)
    np.testing.assert_allclose(found, [0.1] * 5 + [0.5], atol=1e-6)


def test_a_group_whose_fixed_point_is_negative_dies_out_and_the_others_share() -> None:
    assert (1 + 3 * 0.5) * 1 / (1 + 2 + 4) - 0.5 < 0
    found = after_rounds([1, 2, 4], n_rounds=300, smoothing=0.5)
    np.testing.assert_allclose(found, [0, (1 + 2 * 0.5) * 2 / 6 - 0.5, (1 + 2 * 0.5) * 4 / 6 - 0.5], atol=1e-6)


def test_equal_losses_keep_the_groups_alike() -> None:
    np.testing.assert_allclose(after_rounds([2, 2, 2, 2], n_rounds=50, smoothing=0.1), 0.25, rtol=1e-12)


def test_doubling_length_leaves_the_weights_as_they_are() -> None:
    once, twice = (after_rounds([1, 2], n_rounds=7, smoothing=0.5, length=length) for length in (1, 2))
    np.testing.assert_array_equal(once, twice)
    assert once[1] > once[0]


def test_the_loss_is_the_mean_times_the_groups_weight_and_the_number_of_groups() -> None:
    term = SmoothedMixture(cohorts=np.array(["a", "a", "b"]), step_size=0.7, smoothing=0.2)
    assert term(step_of([2.0, 8.0], [0, 1], lengths=[1, 2])).item() == pytest.approx((2 + 4) / 2)  # q = 1/2, G = 2
    losses = torch.tensor([5.0], requires_grad=True)
    loss = term(step_of(losses, [2]))
    grown = 0.5 * np.exp(0.7 * np.array([3.0, 5.0]) / (0.5 + 0.2))
    q = grown / grown.sum()
    np.testing.assert_allclose(term.weights.numpy(), q)
    assert loss.item() == pytest.approx(q[1] * 2 * 5)
    loss.backward()
    np.testing.assert_allclose(losses.grad, [q[1] * 2], rtol=1e-6)


def test_weights_move_only_when_every_group_was_seen_and_by_all_its_losses() -> None:
    term = SmoothedMixture(cohorts=np.array(["a", "b", "c"]), step_size=1.0, smoothing=0.5)
    for loss, row in ((1.0, 0), (2.0, 0), (7.0, 1), (3.0, 0)):
        term(step_of([loss], [row]))
        np.testing.assert_array_equal(term.weights.numpy(), [1 / 3] * 3)
    term(step_of([4.0], [2]))
    grown = np.exp(np.array([2.0, 7.0, 4.0]) / (1 / 3 + 0.5))
    np.testing.assert_allclose(term.weights.numpy(), grown / grown.sum())
    moved = term.weights.clone()
    term(step_of([100.0], [0]))
    assert torch.equal(term.weights, moved)


def test_a_run_resumed_between_two_moves_goes_on_bit_for_bit() -> None:
    whole, first, second = (SmoothedMixture(cohorts=np.array(["a", "b"]), step_size=0.3, smoothing=0.1) for _ in range(3))
    batches = [([1.0], [0]), ([2.0], [0]), ([5.0], [1]), ([1.0], [1]), ([4.0], [0])]
    losses = [whole(step_of(*batch)).item() for batch in batches]
    for batch in batches[:2]:
        first(step_of(*batch))
    state = first.state_dict()
    first(step_of(*batches[2]))
    second.load_state_dict(state)
    assert [second(step_of(*batch)).item() for batch in batches[2:]] == losses[2:]
    assert torch.equal(second.weights, whole.weights)


def test_batches_are_of_one_group_and_all_rows_are_drawn() -> None:
    cohorts = np.array(["a"] * 12 + ["b"] * 4 + ["unknown"] * 4)
    hooks = CTCDRO().hooks(NO_MODEL, data_of(cohorts.tolist()), seed=0)
    assert hooks.sampling_weights is not None
    batches = batch_schedule(
        weights=hooks.sampling_weights,
        groups=hooks.batch_groups,
        durations_s=np.linspace(1, 2, 20),
        batch_size=4,
        n_steps=30,
        seed=0,
    )
    assert all(len(set(cohorts[rows])) == 1 for rows in batches)
    assert set(np.concatenate(batches)) == set(range(20))


def test_one_group_is_an_obstacle() -> None:
    assert CTCDRO().obstacle(NO_MODEL, data_of(["a", "a"])) == "all training utterances are of one cohort"
    assert CTCDRO().obstacle(NO_MODEL, data_of(["a", "b"])) is None


def test_wrong_settings_are_refused_together() -> None:
    with pytest.raises(JobError, match=r"step_size is -1.*smoothing is 0"):
        CTCDRO(step_size=-1, smoothing=0)
