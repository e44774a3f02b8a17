"""Rates of trials against a brute-force second implementation and by hand."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairasr.core.errors import ScoringError
from fairasr.verification import SortedTrials

TRIALS = st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 3)), min_size=2, max_size=40)
"""Scores with many ties, truths, and weights."""


def operating_points(scores: np.ndarray, is_target: np.ndarray) -> list[tuple[float, float]]:
    """(far, frr) at every threshold, one trial list scanned anew for each."""
    points = []
    for threshold in [*sorted(set(scores.tolist())), np.inf]:
        far = float(np.mean([score >= threshold for score in scores[~is_target]]))
        frr = float(np.mean([score < threshold for score in scores[is_target]]))
        points.append((far, frr))
    return points


def brute_eer(scores: np.ndarray, is_target: np.ndarray) -> float:
    """The crossing of far = frr on the lines between neighbouring points, every segment tried."""
    points = operating_points(scores, is_target)
    for (far, frr), (next_far, next_frr) in pairwise(points):
        if (frr - far) < 0 <= (next_frr - next_far):
            step = (far - frr) / ((far - frr) + (next_frr - next_far))
            return far + step * (next_far - far)
    raise AssertionError("the curve goes from (1, 0) to (0, 1), so it crosses")


def brute_min_dcf(scores: np.ndarray, is_target: np.ndarray, p_target: float) -> float:
    return min(p_target * frr + (1 - p_target) * far for far, frr in operating_points(scores, is_target)) / min(
        p_target, 1 - p_target
    )


def arrays(trials: list[tuple[int, bool, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    scores, is_target, weights = zip(*trials, strict=True)
    return np.array(scores, dtype=float), np.array(is_target, dtype=bool), np.array(weights)


@settings(max_examples=200, deadline=None)
@given(trials=TRIALS, p_target=st.sampled_from([0.01, 0.3, 0.9]))
def test_eer_and_min_dcf_equal_a_brute_force_scan_on_tied_scores(trials: list[tuple[int, bool, int]], p_target: float) -> None:
    scores, is_target, _ = arrays([(0, True, 1), (3, False, 1), *trials])
    curve = SortedTrials(scores, is_target).curve()
    assert curve.crossing[0] == pytest.approx(brute_eer(scores, is_target), abs=1e-12)
    assert curve.least_cost(p_target=p_target)[0] == pytest.approx(brute_min_dcf(scores, is_target, p_target), abs=1e-12)
    assert np.column_stack([curve.far, curve.frr]) == pytest.approx(np.array(operating_points(scores, is_target)))


@pytest.mark.parametrize("seed", range(5))
def test_eer_equals_a_brute_force_scan_on_distinct_scores(seed: int) -> None:
    rng = np.random.default_rng(seed)
    is_target = rng.random(300) < 0.3
    scores = rng.normal(size=300) + is_target
    assert SortedTrials(scores, is_target).curve().crossing[0] == pytest.approx(brute_eer(scores, is_target), abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(trials=TRIALS)
def test_a_weight_is_worth_as_many_copies_of_the_trial(trials: list[tuple[int, bool, int]]) -> None:
    scores, is_target, weights = arrays([(0, True, 2), (3, False, 1), *trials])
    weighted = SortedTrials(scores, is_target)
    copies = SortedTrials(np.repeat(scores, weights), np.repeat(is_target, weights)).curve()
    curve = weighted.curve(weights[weighted.order])
    assert curve.crossing[0] == pytest.approx(copies.crossing[0], abs=1e-12)
    assert curve.least_cost(p_target=0.01)[0] == pytest.approx(copies.least_cost(p_target=0.01)[0], abs=1e-12)


def test_four_targets_and_four_nontargets_by_hand() -> None:
    # Accepting from 0.6 on: target 0.5 is rejected (frr 1/4), non-target 0.6 is accepted (far 1/4).
    scores = np.array([0.9, 0.8, 0.7, 0.5, 0.6, 0.4, 0.3, 0.1])
    is_target = np.array([True] * 4 + [False] * 4)
    curve = SortedTrials(scores, is_target).curve()
    assert curve.crossing == (0.25, 0.6)
    # The best threshold for 1 % of targets lies above every non-target: far 0, frr 1/4, cost 0.01 / 4 / 0.01.
    assert curve.least_cost(p_target=0.01) == (pytest.approx(0.25), 0.7)


def test_scores_that_are_all_equal_have_an_eer_of_one_half() -> None:
    curve = SortedTrials(np.full(6, 0.3), np.array([True, False, True, False, False, False])).curve()
    assert curve.crossing == (0.5, 0.3)
    assert curve.least_cost(p_target=0.01)[0] == 1.0


def test_reversing_scores_turns_the_eer_round() -> None:
    rng = np.random.default_rng(0)
    is_target = rng.random(400) < 0.5
    scores = rng.normal(size=400) + 2 * is_target
    rate = SortedTrials(scores, is_target).curve().crossing[0]
    assert rate < 0.3
    assert SortedTrials(-scores, is_target).curve().crossing[0] == pytest.approx(1 - rate, abs=1e-12)


def test_the_order_of_trials_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    scores, is_target = rng.integers(0, 9, 200).astype(float), rng.random(200) < 0.4
    mixed = rng.permutation(200)
    one, other = (SortedTrials(scores[rows], is_target[rows]).curve() for rows in (np.arange(200), mixed))
    assert one.crossing == other.crossing
    assert one.det() == other.det()


def test_trials_of_one_kind_have_no_eer() -> None:
    curve = SortedTrials(np.array([0.1, 0.2]), np.array([True, True])).curve()
    assert np.isnan(curve.crossing).all()
    assert np.isnan(curve.least_cost(p_target=0.01)).all()
    assert curve.det() == ()


def test_scores_that_are_no_numbers_are_refused_with_their_count() -> None:
    with pytest.raises(ScoringError, match=r"2 of 4 scores are not finite numbers \(first: trial 1"):
        SortedTrials(np.array([0.1, np.nan, 0.2, np.inf]), np.array([True, True, False, False]))


def test_det_points_lie_on_the_curve_and_keep_both_ends() -> None:
    rng = np.random.default_rng(2)
    is_target = rng.random(5000) < 0.5
    curve = SortedTrials(rng.normal(size=5000) + is_target, is_target).curve()
    points = curve.det()
    assert 100 < len(points) <= 200
    assert points[0] == (1.0, 0.0)
    assert points[-1] == (0.0, 1.0)
    assert set(points) <= set(zip(curve.far.tolist(), curve.frr.tolist(), strict=True))


def test_some_of_the_trials_are_as_if_they_had_been_sorted_alone() -> None:
    rng = np.random.default_rng(3)
    scores, is_target = rng.integers(0, 20, 300).astype(float), rng.random(300) < 0.5
    whole = SortedTrials(scores, is_target)
    keep = rng.random(300) < 0.4
    part = whole.at(np.flatnonzero(keep[whole.order]))
    assert part.curve().crossing == SortedTrials(scores[keep], is_target[keep]).curve().crossing


def test_a_million_trials_take_less_than_a_second() -> None:
    rng = np.random.default_rng(4)
    is_target = rng.random(1_000_000) < 0.1
    scores = rng.normal(size=1_000_000) + 3 * is_target
    start = time.process_time()
    SortedTrials(scores, is_target).curve().crossing  # noqa: B018
    assert time.process_time() - start < 1.0
