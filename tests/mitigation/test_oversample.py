"""Oversampling against exposures worked out by hand."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from toy_groups import data_of

from fairasr.core.errors import JobError
from fairasr.mitigation.methods.oversample import Oversampling
from fairasr.models import Trainable
from fairasr.training import Hooks
from fairasr.training.batches import batch_schedule

NO_MODEL = cast(Trainable, None)
COHORTS = np.array(["c"] * 1 + ["b"] * 2 + ["a"] * 7)


def test_weights_are_the_target_share_over_the_cohorts_share() -> None:
    found = Oversampling(target_share=0.3, max_weight=10).weights(COHORTS)
    np.testing.assert_allclose(found, [0.3 / 0.1] + [0.3 / 0.2] * 2 + [0.3 / 0.7] * 7)


def test_by_default_all_cohorts_are_drawn_alike() -> None:
    weights = Oversampling().weights(COHORTS)
    exposure = {cohort: weights[cohort == COHORTS].sum() / weights.sum() for cohort in "abc"}
    assert exposure == pytest.approx({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3})


def test_no_weight_is_above_the_largest_allowed() -> None:
    found = Oversampling(target_share=0.3, max_weight=2).weights(COHORTS)
    np.testing.assert_allclose(found, [2] + [1.5] * 2 + [3 / 7] * 7)


def test_half_the_power_takes_the_square_root_of_the_capped_weight() -> None:
    found = Oversampling(target_share=0.3, max_weight=2, power=0.5).weights(COHORTS)
    np.testing.assert_allclose(found, np.sqrt([2] + [1.5] * 2 + [3 / 7] * 7))


def test_unknown_cohorts_weigh_one_and_do_not_count_as_a_cohort() -> None:
    cohorts = np.array(["unknown"] * 4 + ["a"] * 5 + ["b"])
    # Two known cohorts are raised to a half each; their shares are of all ten utterances.
    np.testing.assert_allclose(Oversampling().weights(cohorts), [1] * 4 + [0.5 / 0.5] * 5 + [0.5 / 0.1])


def test_what_is_drawn_has_the_shares_that_were_asked_for() -> None:
    cohorts = np.repeat(["c", "b", "a"], [10, 20, 70])
    hooks = Oversampling().hooks(NO_MODEL, data_of(cohorts.tolist()), seed=0)
    assert hooks.sampling_weights is not None
    rows = np.concatenate(batch_schedule(weights=hooks.sampling_weights, batch_size=10, n_steps=600, seed=1))
    shares = [np.mean(cohorts[rows] == cohort) for cohort in "abc"]
    np.testing.assert_allclose(shares, 1 / 3, atol=0.025)  # 4 standard errors of 6,000 draws


def test_power_zero_is_plain_fine_tuning() -> None:
    assert Oversampling(power=0).hooks(NO_MODEL, data_of(COHORTS.tolist()), seed=0) == Hooks()
    assert Oversampling(power=0.01).hooks(NO_MODEL, data_of(COHORTS.tolist()), seed=0).sampling_weights is not None


def test_one_cohort_cannot_be_drawn_more_often_than_itself() -> None:
    obstacle = Oversampling().obstacle(NO_MODEL, data_of(["a", "a", "unknown"]))
    assert obstacle == "the training utterances are of 1 known cohort, and oversampling needs 2"
    assert Oversampling(power=0).obstacle(NO_MODEL, data_of(["a", "a"])) is None
    assert Oversampling().obstacle(NO_MODEL, data_of(["a", "b"])) is None


def test_without_a_target_utterance_there_is_nothing_to_improve() -> None:
    assert Oversampling().obstacle(NO_MODEL, data_of(["a", "b"], target=[False, False])) is not None


def test_wrong_settings_are_refused_together() -> None:
    with pytest.raises(JobError) as refused:
        Oversampling(power=-1, target_share=2, max_weight=0)
    for wrong in ("power is -1", "target_share is 2", "max_weight is 0"):
        assert wrong in str(refused.value)
