"""The procedure judges speakers only by rules fitted without them."""

from __future__ import annotations

import numpy as np
import pytest
from honest import counts_of, cross_fit_procedure, split_procedure

from fairasr.auditing.procedure import Procedure, arm, run
from fairasr.core import Manifest
from fairasr.discovery.declared import Declared
from fairasr.discovery.geo_tree import GeoTree
from fairasr.statistics import BOTTOM, MIDDLE, TOP, band_statistic
from fairasr.testing import null_world, planted_region_world

WORLD = planted_region_world(300, seed=2, ratio=2.0, n_inside=60)


def test_a_split_judges_the_confirmation_speakers_and_nobody_else() -> None:
    procedure = split_procedure(GeoTree(), WORLD, seed=1)
    bands, (found,) = procedure.speaker_bands(counts_of(WORLD).numerators, counts_of(WORLD).denominators)
    (only,) = procedure.arms
    assert (bands[only.discovery_positions] == -2).all()
    assert (bands[only.confirmation_positions] > -2).all()
    fitted = found.rule.assign(WORLD.manifest).fitted_speakers
    assert fitted == set(WORLD.manifest.speaker_ids[only.discovery_positions])


def test_cross_fitting_judges_everybody_once_by_a_rule_fitted_without_them() -> None:
    procedure = cross_fit_procedure(GeoTree(), WORLD, n_folds=4, seed=1)
    bands, found = procedure.speaker_bands(counts_of(WORLD).numerators, counts_of(WORLD).denominators)
    judged = np.concatenate([one.confirmation_positions for one in procedure.arms])
    assert sorted(judged) == list(range(300))
    assert set(bands) >= {BOTTOM, MIDDLE, TOP}
    for one, what in zip(procedure.arms, found, strict=True):
        fitted = what.rule.assign(WORLD.manifest).fitted_speakers
        assert fitted.isdisjoint(WORLD.manifest.speaker_ids[one.confirmation_positions])


def test_the_errors_of_judged_speakers_do_not_choose_their_own_bands() -> None:
    procedure = split_procedure(GeoTree(), WORLD, seed=1)
    (only,) = procedure.arms
    errors, words = counts_of(WORLD).numerators, counts_of(WORLD).denominators
    other = errors.copy()
    other[only.confirmation_positions] = other[only.confirmation_positions][::-1] // 2
    np.testing.assert_array_equal(procedure.speaker_bands(errors, words)[0], procedure.speaker_bands(other, words)[0])


def test_bands_are_ranked_on_the_discovery_speakers_by_hand() -> None:
    """Group rates on the discovery half decide: the worst of four groups is the bottom, the best the top."""
    world = null_world(200, seed=3)
    is_discovery = np.arange(200) < 100
    one = arm(Declared(columns=("group",)), world.manifest, is_discovery, seed=0)
    errors, words = counts_of(world).numerators, counts_of(world).denominators
    found = run(one, errors, words, share=0.1, min_speakers=5)
    group = world.manifest.table["group"].to_numpy()
    rates = {name: errors[:100][group[:100] == name].sum() / words[:100][group[:100] == name].sum() for name in set(group)}
    worst, best = max(rates, key=rates.__getitem__), min(rates, key=rates.__getitem__)
    assert {name for name, band in found.bands.items() if band == BOTTOM} == {worst}
    assert {name for name, band in found.bands.items() if band == TOP} == {best}
    np.testing.assert_array_equal(found.confirmation_bands, [found.bands[name] for name in group[100:]])


def test_speakers_of_a_cohort_that_discovery_did_not_rank_are_in_no_band() -> None:
    world = null_world(200, seed=3)
    table = world.manifest.table
    manifest = Manifest(table=table.assign(group=np.where(np.arange(200) < 150, table["group"], "new")))
    one = arm(Declared(columns=("group",)), manifest, np.arange(200) < 100, seed=0)
    found = run(one, counts_of(world).numerators, counts_of(world).denominators, share=0.1, min_speakers=5)
    assert (found.confirmation_bands[50:] == -1).all()
    assert (found.confirmation_bands[:50] >= 0).all()


@pytest.mark.parametrize("n_folds", [2, 5])
def test_the_statistic_is_the_studentised_gap_of_the_speakers_judged(n_folds: int) -> None:
    procedure = cross_fit_procedure(Declared(columns=("group",)), WORLD, n_folds=n_folds, seed=1)
    errors, words = counts_of(WORLD).numerators, counts_of(WORLD).denominators
    bands, _ = procedure.speaker_bands(errors, words)
    assert procedure.statistic(errors, words) == pytest.approx(band_statistic(errors, words, bands))
    half = Procedure(arms=procedure.arms[:1], share=0.1, min_speakers=10)
    judged = procedure.arms[0].confirmation_positions
    expected = band_statistic(errors[judged], words[judged], bands[judged])
    assert half.statistic(errors, words) == pytest.approx(expected)
