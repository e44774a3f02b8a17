"""Intervals by resampled speakers: weights by hand, the spread of pairs, coverage as rates."""

from __future__ import annotations

import numpy as np
import pytest
from rates import require_rate
from scored_worlds import ScoredWorld

from fairasr.core import Estimate
from fairasr.verification import (
    Measured,
    Replicates,
    SortedTrials,
    TrialSpeakers,
    difference_estimate,
    measured,
    n_replicates,
    rate_estimate,
    speaker_counts,
    spread_estimate,
)
from fairasr.verification.dyads import pair_shrink


def of_world(world: ScoredWorld, *, seed: int, threshold: float | None = None, n_draws: int = 200) -> Measured:
    scores, is_target, first, second = world.draw(seed)
    trials = SortedTrials(scores, is_target)
    return measured(
        trials,
        TrialSpeakers(first=first, second=second).of(trials.order),
        counts=speaker_counts(world.n_speakers, n_replicates=n_draws, seed=seed),
        p_target=0.01,
        threshold=threshold,
    )


def test_a_trial_counts_once_per_copy_of_its_speaker_or_per_pair_of_copies() -> None:
    speakers = TrialSpeakers(first=np.array([0, 1, 0, 2]), second=np.array([0, 1, 1, 0]))
    # Speaker 0 drawn three times, 1 twice, 2 never: own trials 3 and 2, crossed 3 * 2 and 0.
    assert speakers.weights(np.array([3, 2, 0])).tolist() == [3, 2, 6, 0]


def test_every_draw_has_as_many_speakers_as_there_are_and_the_seed_repeats_it() -> None:
    counts = speaker_counts(7, n_replicates=50, seed=1)
    assert counts.shape == (50, 7)
    assert (counts.sum(axis=1) == 7).all()
    assert (counts == speaker_counts(7, n_replicates=50, seed=1)).all()
    assert (counts != speaker_counts(7, n_replicates=50, seed=2)).any()


def test_many_trials_get_fewer_replicates_within_bounds() -> None:
    assert [n_replicates(n) for n in (10, 400_000, 10_000_000)] == [1000, 500, 200]


def test_pairs_that_share_no_speaker_are_shrunk_to_a_third_of_the_variance() -> None:
    # Non-target trials alone, each of two speakers of its own: s_i = e_ij on both sides, (2 - 1) / (2 + 1).
    first, second = np.arange(0, 20, 2), np.arange(1, 20, 2)
    trials = SortedTrials(np.arange(10.0), np.zeros(10, dtype=bool))
    speakers = TrialSpeakers(first=first, second=second)
    assert pair_shrink(trials, speakers, threshold=4.0, far_weight=1.0, frr_weight=0.0) == pytest.approx(np.sqrt(1 / 3))


def test_target_trials_are_not_shrunk() -> None:
    trials = SortedTrials(np.arange(10.0), np.ones(10, dtype=bool))
    speakers = TrialSpeakers(first=np.arange(10), second=np.arange(10))
    assert pair_shrink(trials, speakers, threshold=4.0, far_weight=0.0, frr_weight=1.0) == 1.0


def test_the_shrunk_spread_of_a_far_is_that_of_a_double_loop_over_trials_that_share_a_speaker() -> None:
    world = ScoredWorld(n_speakers=15, n_trials_each=6)
    scores, is_target, first, second = world.draw(3)
    keep = ~is_target
    trials = SortedTrials(scores[keep], is_target[keep])
    speakers = TrialSpeakers(first=first[keep], second=second[keep]).of(trials.order)
    accepted = trials.errors_at(1.0)[0]
    share = (accepted - accepted.mean()) / len(trials)
    sides = [{int(a), int(b)} for a, b in zip(speakers.first, speakers.second, strict=True)]
    pairs = range(len(trials))
    robust = sum(share[i] * share[j] for i in pairs for j in pairs if sides[i] & sides[j])
    # Two-way weights: a pair of trials of the same two speakers varies by 3, one that shares a speaker by 1.
    resampled = sum(share[i] * share[j] * (3 if sides[i] == sides[j] else 1) for i in pairs for j in pairs if sides[i] & sides[j])
    expected = np.sqrt(np.clip(robust / resampled, 1 / 3, 1))
    assert pair_shrink(trials, speakers, threshold=1.0, far_weight=1.0, frr_weight=0.0) == pytest.approx(expected)


def test_no_error_among_ten_speakers_leaves_the_exact_binomial_end() -> None:
    none = Replicates(values=np.zeros(100), shrink=1.0, n_speakers=10)
    estimate = rate_estimate(0.0, none, n_trials=500)
    assert (estimate.value, estimate.lo) == (0.0, 0.0)
    assert (1 - estimate.hi) ** 10 == pytest.approx(0.025)


def test_two_speakers_have_a_rate_and_no_interval() -> None:
    estimate = rate_estimate(0.2, Replicates(values=np.full(100, 0.2), shrink=1.0, n_speakers=2), n_trials=50)
    assert estimate.value == 0.2
    assert np.isnan([estimate.lo, estimate.hi]).all()


def test_the_difference_of_a_group_to_itself_has_no_width() -> None:
    values = np.random.default_rng(0).random(200)
    one = Replicates(values=values, shrink=1.0, n_speakers=20)
    rate = Estimate(value=0.5, lo=0.4, hi=0.6)
    estimate = difference_estimate(rate, rate, replicates=(one, one))
    assert (estimate.lo, estimate.hi) == (0.0, 0.0)


def test_a_difference_to_a_group_where_nobody_errs_has_the_width_of_both_rates() -> None:
    varying = Replicates(values=np.random.default_rng(0).random(200), shrink=1.0, n_speakers=20)
    still = Replicates(values=np.zeros(200), shrink=1.0, n_speakers=20)
    some, none = Estimate(value=0.5, lo=0.3, hi=0.9), Estimate(value=0.0, lo=0.0, hi=0.15)
    estimate = difference_estimate(some, none, replicates=(varying, still))
    # 0.5 - sqrt(0.2^2 + 0.15^2) = 0.25, 0.5 + sqrt(0.4^2 + 0^2) = 0.9.
    assert [estimate.value, estimate.lo, estimate.hi] == pytest.approx([0.5, 0.25, 0.9])
    alike = difference_estimate(none, none, replicates=(still, still))
    assert [alike.lo, alike.hi] == pytest.approx([-0.15, 0.15])


def test_the_spread_with_a_group_where_nobody_errs_has_no_ends() -> None:
    varying = Replicates(values=np.random.default_rng(0).random(200), shrink=1.0, n_speakers=20)
    still = Replicates(values=np.zeros(200), shrink=1.0, n_speakers=20)
    estimate = spread_estimate([0.5, 0.0], [varying, still])
    assert estimate.value == 0.25
    assert np.isnan([estimate.lo, estimate.hi]).all()


def test_the_spread_of_published_rates_divides_by_the_number_of_groups() -> None:
    # Jin et al. 2022 report 0.19 over nationalities for such rates; n - 1 would give 0.23.
    flat = Replicates(values=np.zeros(10), shrink=1.0, n_speakers=20)
    assert round(spread_estimate([1.04, 0.76, 1.22], [flat] * 3).value, 2) == 0.19
    assert np.isnan(spread_estimate([1.04], [flat]).value)


def test_the_order_of_trials_does_not_change_an_interval() -> None:
    world = ScoredWorld(n_speakers=20, n_trials_each=8)
    scores, is_target, first, second = world.draw(0)
    counts = speaker_counts(20, n_replicates=100, seed=0)
    results = []
    for rows in (np.arange(len(scores)), np.random.default_rng(9).permutation(len(scores))):
        trials = SortedTrials(scores[rows], is_target[rows])
        speakers = TrialSpeakers(first=first[rows], second=second[rows]).of(trials.order)
        results.append(measured(trials, speakers, counts=counts, p_target=0.01))
    assert results[0].eer.value == results[1].eer.value
    assert [results[0].eer.lo, results[0].eer.hi] == pytest.approx([results[1].eer.lo, results[1].eer.hi])


def test_intervals_cover_in_most_of_a_few_small_worlds() -> None:
    world = ScoredWorld(n_speakers=30, n_trials_each=10)
    hits = []
    for seed in range(40):
        eer = of_world(world, seed=seed, n_draws=100).eer
        hits.append(eer.lo <= world.true_eer <= eer.hi)
    require_rate(hits, low=0.92, high=0.98, what="EER intervals of 30 speakers that hold the true rate")


@pytest.mark.rates
@pytest.mark.parametrize(
    "world",
    [
        ScoredWorld(n_speakers=12, n_trials_each=10),
        ScoredWorld(n_speakers=60, n_trials_each=10, shift=4.0),
        ScoredWorld(n_speakers=30, n_trials_each=40, target_spread=1.0, nontarget_spread=0.3),
        ScoredWorld(n_speakers=30, n_trials_each=5, target_spread=0.1, nontarget_spread=0.1),
    ],
    ids=["few-speakers", "easy", "many-trials", "chance-alone"],
)
def test_ninety_five_percent_intervals_hold_the_true_rates_as_often(world: ScoredWorld) -> None:
    of_eer, of_far = [], []
    for seed in range(200):
        rates = of_world(world, seed=1000 + seed, threshold=1.5)
        of_eer.append(rates.eer.lo <= world.true_eer <= rates.eer.hi)
        of_far.append(rates.far.lo <= world.true_far(1.5) <= rates.far.hi)
    require_rate(of_eer, low=0.92, high=0.98, what=f"EER intervals that hold the true rate, {world}")
    require_rate(of_far, low=0.92, high=0.985, what=f"FAR intervals that hold the true rate, {world}")
