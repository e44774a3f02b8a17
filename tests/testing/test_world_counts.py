"""Worlds drawn as counts are what they claim, as rates over seeds."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from fairasr.core.errors import StatisticsError
from fairasr.testing import Speech, World, null_world, planted_cluster_world, planted_region_world, planted_zip_world
from fairasr.testing.census import LANGUAGE, made_up_census
from fairasr.testing.count_worlds import BASE_RATE
from fairasr.testing.places import SOUTH

SEEDS = range(25)
PLANTED = [planted_region_world, planted_zip_world, planted_cluster_world]
WORLDS: list[Callable[..., World]] = [null_world, *PLANTED]


def _counted_ratio(world: World) -> float:
    """Counted rate inside the gap / outside."""
    assert world.counts is not None
    inside = world.counts.table["speaker_id"].isin(world.planted[0].speakers)
    counts = pd.DataFrame({"errors": world.counts.numerators, "words": world.counts.denominators})
    sums = counts.groupby(inside.to_numpy()).sum()
    rates = sums["errors"] / sums["words"]
    return float(rates[True] / rates[False])


@pytest.mark.parametrize("make", WORLDS)
def test_the_same_seed_draws_the_same_world_and_another_seed_another(make: Callable[..., World]) -> None:
    first, again, other = make(200, seed=3), make(200, seed=3), make(200, seed=4)
    assert first.counts is not None
    assert again.counts is not None
    assert other.counts is not None
    pd.testing.assert_frame_equal(first.manifest.table, again.manifest.table)
    pd.testing.assert_frame_equal(first.counts.table, again.counts.table)
    np.testing.assert_array_equal(first.manifest.embeddings, again.manifest.embeddings)
    assert not first.counts.table.equals(other.counts.table)


@pytest.mark.parametrize("make", PLANTED)
def test_the_planted_ratio_comes_out_of_true_rates_and_of_counts(make: Callable[..., World]) -> None:
    ratio = 1.8
    worlds = [make(600, seed=seed, ratio=ratio, n_inside=150) for seed in SEEDS]
    true = np.array([world.true_ratio(world.planted[0].speakers) for world in worlds])
    counted = np.array([_counted_ratio(world) for world in worlds])
    standard_error = true.std(ddof=1) / np.sqrt(len(true))
    assert true.mean() == pytest.approx(ratio, abs=4 * standard_error)
    assert counted.mean() == pytest.approx(ratio, abs=4 * standard_error)
    assert standard_error < 0.05 * ratio


def test_counts_are_the_true_rates_when_speech_is_plenty() -> None:
    world = null_world(50, seed=1, utterances_per_speaker=(4_000, 5_000))
    assert world.counts is not None
    rates = world.counts.numerators / world.counts.denominators
    np.testing.assert_allclose(rates, world.true_rate.to_numpy(), rtol=0.05)
    assert list(world.counts.table["speaker_id"]) == list(world.true_rate.index) == list(world.manifest.speaker_ids)
    np.testing.assert_array_equal(world.speaker_words, world.counts.denominators)


def test_hits_substitutions_and_deletions_are_the_reference_words() -> None:
    world = planted_region_world(300, seed=2)
    assert world.counts is not None
    table = world.counts.table
    assert (table["hits"] + table["substitutions"] + table["deletions"] == table["n_ref_words"]).all()
    kinds = table[["substitutions", "deletions", "insertions"]].sum()
    np.testing.assert_allclose(kinds / kinds.sum(), [0.6, 0.25, 0.15], atol=0.02)


def test_speakers_differ_with_the_coefficient_of_variation_asked_for() -> None:
    for wanted in (0.3, 0.5, 0.8):
        rates = [null_world(2_000, seed=seed, speaker_sd=wanted).true_rate for seed in range(6)]
        variation = [rate.std() / rate.mean() for rate in rates]
        assert np.mean(variation) == pytest.approx(wanted, rel=0.08)


def test_speakers_differ_around_the_same_mean_however_much_they_differ() -> None:
    for wanted in (0.3, 0.8):
        rates = np.concatenate([null_world(2_000, seed=seed, speaker_sd=wanted).true_rate for seed in range(3)])
        assert rates.mean() == pytest.approx(BASE_RATE, abs=4 * rates.std() / np.sqrt(len(rates)))


def test_speakers_are_alike_when_no_difference_is_asked_for() -> None:
    assert null_world(100, seed=0, speaker_sd=0.0).true_rate.nunique() == 1


def test_amounts_of_speech_are_unequal_and_within_the_range() -> None:
    world = null_world(3_000, seed=0, utterances_per_speaker=(5, 40), words_mean=9)
    assert world.counts is not None
    utterances = world.counts.table["n_utterances"]
    assert (utterances.min(), utterances.max()) == (5, 40)
    assert world.counts.denominators.sum() / utterances.sum() == pytest.approx(9, rel=0.02)


def test_a_null_world_has_no_gap_by_any_of_its_covariates() -> None:
    ratios: dict[str, list[float]] = {"region": [], "zip": [], "group": []}
    majority = set(made_up_census().loc[made_up_census()[LANGUAGE] >= 0.5, "zip_code"])
    for seed in SEEDS:
        world = null_world(600, seed=seed)
        assert world.planted == ()
        table = world.manifest.table
        points = world.manifest.speaker_points
        masks = {
            "region": SOUTH.covers(latitude_deg=points[:, 0], longitude_deg=points[:, 1]),
            "zip": table["zip_code"].isin(majority).to_numpy(),
            "group": (table["group"] == "red").to_numpy(),
        }
        for name, inside in masks.items():
            ratios[name].append(world.true_ratio(frozenset(table.loc[inside, "speaker_id"])))
    for values in ratios.values():
        assert np.mean(values) == pytest.approx(1, abs=4 * np.std(values) / np.sqrt(len(values)))


def test_in_a_null_world_the_nearest_voices_do_not_share_a_rate() -> None:
    correlations = []
    for seed in SEEDS:
        world = null_world(300, seed=seed)
        assert world.manifest.embeddings is not None
        similarity = world.manifest.embeddings @ world.manifest.embeddings.T
        np.fill_diagonal(similarity, -1)
        correlations.append(np.corrcoef(world.true_rate, world.true_rate.to_numpy()[similarity.argmax(axis=1)])[0, 1])
    assert abs(np.mean(correlations)) < 4 * np.std(correlations) / np.sqrt(len(correlations))


@pytest.mark.parametrize("make", PLANTED)
def test_exactly_the_speakers_asked_for_are_inside(make: Callable[..., World]) -> None:
    world = make(500, seed=5, n_inside=60)
    assert len(world.planted[0].speakers) == 60
    assert world.planted[0].speakers <= set(world.manifest.speaker_ids)
    assert not world.planted[0].is_absent


def test_inside_the_region_is_inside_the_box_and_nobody_else_is() -> None:
    world = planted_region_world(500, seed=6)
    points = world.manifest.speaker_points
    inside = SOUTH.covers(latitude_deg=points[:, 0], longitude_deg=points[:, 1])
    assert set(world.manifest.speaker_ids[inside]) == world.planted[0].speakers


def test_inside_the_zip_gap_is_where_the_census_says_most_speak_another_language() -> None:
    world = planted_zip_world(500, seed=7)
    share = world.census.set_index("zip_code")[LANGUAGE].reindex(world.manifest.table["zip_code"]).to_numpy()
    assert set(world.manifest.table.loc[share >= 0.5, "speaker_id"]) == world.planted[0].speakers


def test_inside_the_cluster_voices_are_nearer_to_each_other_than_to_anybody() -> None:
    world = planted_cluster_world(500, seed=8)
    assert world.manifest.embeddings is not None
    inside = world.manifest.table["speaker_id"].isin(world.planted[0].speakers).to_numpy()
    centre = world.manifest.embeddings[inside].mean(axis=0)
    nearness = world.manifest.embeddings @ centre
    assert nearness[inside].min() > nearness[~inside].max()


def test_the_gap_is_not_aligned_with_a_split_drawn_from_the_same_seed() -> None:
    halves = []
    for seed in SEEDS:
        world = planted_region_world(400, seed=seed, n_inside=100)
        first_half = set(world.manifest.speaker_ids[np.random.default_rng(seed).permutation(400)[:200]])
        halves.append(len(first_half & world.planted[0].speakers))
    assert np.mean(halves) == pytest.approx(50, abs=5)


def test_hundreds_of_worlds_take_seconds() -> None:
    null_world(1_000, seed=0)
    start = time.process_time()
    for seed in range(20):
        planted_cluster_world(1_000, seed=seed)
    # 15 to 25 ms each were seen; the margin is for a busy machine.
    assert (time.process_time() - start) / 20 < 0.1


@pytest.mark.parametrize("n_inside", [0, 100, 150])
def test_a_gap_around_nobody_or_everybody_is_refused(n_inside: int) -> None:
    with pytest.raises(StatisticsError, match=rf"^{n_inside} of 100 speakers cannot be inside.*between 1 and 99"):
        planted_region_world(100, seed=0, n_inside=n_inside)


def test_a_world_without_speakers_is_refused() -> None:
    with pytest.raises(StatisticsError, match="0 were asked for"):
        null_world(0, seed=0)


def test_how_speakers_differ_can_be_set_for_planted_worlds_too() -> None:
    world = planted_region_world(200, seed=0, ratio=2.0, speech=Speech(speaker_sd=0.0))
    assert world.true_ratio(world.planted[0].speakers) == pytest.approx(2.0)
