"""The contract that every discovery method keeps. A new method in METHODS needs one line in SETTINGS here."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from honest import counts_of, world_census

from fairasr.core import Counts, Manifest, Partition
from fairasr.core.errors import DoubleDippingError, RuleError
from fairasr.discovery import METHODS, CohortRule, Discoverer, HasAreas, HasPartitions, fit, read_rule, settings_of
from fairasr.statistics import cohort_table
from fairasr.testing import World, null_world, planted_region_world

SETTINGS: Mapping[str, list[dict[str, Any]]] = {
    "declared": [{"columns": ("group",)}, {"columns": ("group", "half")}],
    "geo-tree": [{}, {"gain": "poisson", "max_leaves": 6}, {"gain": "difference", "prune": True}],
    "zip-demographics": [{"census": world_census()}, {"census": world_census(), "depth": 2, "criterion": "difference"}],
    "speaker-kmeans": [{"n_clusters": 6}, {"candidates": (3, 8)}],
}
CASES = [(name, settings) for name in METHODS for settings in SETTINGS.get(name, [{}])]
"""A method without an entry in SETTINGS is tried with its defaults, so that a new one needs no edit here."""


@pytest.fixture(scope="module")
def world() -> World:
    """A small world with every column: places, zip codes, voices and two declared groups, each missing for somebody."""
    drawn = planted_region_world(240, seed=5, ratio=2.0, n_inside=60)
    table = drawn.manifest.table.assign(half=np.where(np.arange(240) % 2, "even", "odd"))
    table = table.astype({"group": object, "zip_code": object})
    table.loc[[3, 50], ["latitude_deg", "longitude_deg"]] = np.nan
    table.loc[[4, 51], "zip_code"] = None
    table.loc[[5, 52], "group"] = None
    embeddings = np.array(drawn.manifest.embeddings)
    embeddings[[6, 53]] = np.nan
    manifest = Manifest(table=table, embeddings=embeddings, source="contract")
    return World(**{**vars(drawn), "manifest": manifest})


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def discoverer(request: pytest.FixtureRequest) -> Discoverer:
    name, settings = request.param
    made: Discoverer = METHODS[name].load()(**settings)
    return made


@pytest.fixture
def rule(discoverer: Discoverer, world: World) -> CohortRule:
    return fit(discoverer, world.manifest, counts_of(world), seed=3)


def shuffled(manifest: Manifest, *, seed: int) -> Manifest:
    order = np.random.default_rng(seed).permutation(len(manifest))
    embeddings = None if manifest.embeddings is None else manifest.embeddings[order]
    return Manifest(table=manifest.table.iloc[order], embeddings=embeddings, source=manifest.source)


def require_same(first: Partition, second: Partition) -> None:
    pd.testing.assert_series_equal(first.labels, second.labels)
    assert first.descriptions == second.descriptions
    assert first.notes == second.notes


def test_every_method_is_under_the_contract() -> None:
    assert len(METHODS) >= 4
    assert set(SETTINGS) <= set(METHODS)
    assert {name for name, _ in CASES} == set(METHODS)


def test_the_method_can_run_here_and_says_why_where_it_cannot(discoverer: Discoverer, world: World) -> None:
    assert discoverer.obstacle(world.manifest) is None
    bare = Manifest(table=world.manifest.table[["utterance_id", "speaker_id", "reference"]])
    assert discoverer.obstacle(bare)


def test_fitting_twice_gives_equal_rules(discoverer: Discoverer, world: World, rule: CohortRule) -> None:
    again = fit(discoverer, world.manifest, counts_of(world), seed=3)
    assert json.dumps(again.to_json()) == json.dumps(rule.to_json())


def test_one_search_fits_many_counts_and_forgets_them(discoverer: Discoverer, world: World, rule: CohortRule) -> None:
    """Permutation tests fit one search hundreds of times."""
    search = discoverer.search(world.manifest, seed=3)
    errors, words = counts_of(world).numerators, counts_of(world).denominators
    order = np.random.default_rng(0).permutation(len(errors))
    search.fit(errors[order], words[order])
    assert json.dumps(search.fit(errors, words).to_json()) == json.dumps(rule.to_json())


def test_the_rule_makes_cohorts_of_every_speaker_once(world: World, rule: CohortRule) -> None:
    partition = rule.assign(world.manifest)
    assert partition.labels.index.equals(world.manifest.speaker_ids)
    assert all(isinstance(label, str) and label for label in partition.labels)
    assert len(set(partition.cohorts) - {"unknown"}) >= 2
    assert set(partition.cohorts) - {"unknown"} <= set(partition.descriptions)
    assert partition.cohorts[-1] == "unknown"
    assert partition.method == rule.method


def test_the_order_of_rows_does_not_matter(discoverer: Discoverer, world: World, rule: CohortRule) -> None:
    mixed = shuffled(world.manifest, seed=1)
    counts = counts_of(world)
    turned = Counts(table=counts.table.iloc[::-1], system=counts.system, normaliser=counts.normaliser)
    assert json.dumps(fit(discoverer, mixed, turned, seed=3).to_json()) == json.dumps(rule.to_json())
    require_same(rule.assign(mixed), rule.assign(world.manifest))


def test_a_rule_that_was_saved_and_read_assigns_identically(world: World, rule: CohortRule) -> None:
    text = json.dumps(rule.to_json(), allow_nan=False)
    again = read_rule(json.loads(text))
    assert again.method == rule.method
    assert json.dumps(again.to_json(), allow_nan=False) == text
    require_same(again.assign(world.manifest), rule.assign(world.manifest))
    assert again.map_layer() == rule.map_layer()
    if isinstance(rule, HasAreas):
        assert isinstance(again, HasAreas)
        require_same(again.areas(world.manifest), rule.areas(world.manifest))
    if isinstance(rule, HasPartitions):
        assert isinstance(again, HasPartitions)
        ours, read = rule.partitions(world.manifest), again.partitions(world.manifest)
        assert list(ours) == list(read)
        for name in ours:
            require_same(read[name], ours[name])


def test_a_saved_rule_names_no_speaker(world: World, rule: CohortRule) -> None:
    text = json.dumps(rule.to_json())
    assert not any(f'"{speaker}"' in text for speaker in world.manifest.speaker_ids)


def test_nothing_given_is_changed(discoverer: Discoverer, world: World) -> None:
    table, embeddings = world.manifest.table.copy(), np.array(world.manifest.embeddings)
    counts, settings = counts_of(world).table.copy(), copy.deepcopy(settings_of(discoverer))
    rule = fit(discoverer, world.manifest, counts_of(world), seed=3)
    before = json.dumps(rule.to_json())
    labels = rule.assign(world.manifest).labels.copy()
    pd.testing.assert_frame_equal(world.manifest.table, table)
    np.testing.assert_array_equal(world.manifest.embeddings, embeddings)
    pd.testing.assert_frame_equal(counts_of(world).table, counts)
    assert settings_of(discoverer) == settings
    assert json.dumps(rule.to_json()) == before
    pd.testing.assert_series_equal(rule.assign(world.manifest).labels, labels)


def test_speakers_never_seen_are_assigned_one_by_one_as_all_together(world: World, rule: CohortRule) -> None:
    others = null_world(30, seed=77).manifest
    table = others.table.assign(
        speaker_id="new" + others.table["speaker_id"], utterance_id="new" + others.table["utterance_id"], half="odd"
    )
    strangers = Manifest(table=table, embeddings=others.embeddings, source="elsewhere")
    together = rule.assign(strangers).labels
    assert together.index.equals(strangers.speaker_ids)
    assert set(together) - {"unknown"} <= set(rule.assign(world.manifest).descriptions)
    for speaker in strangers.speaker_ids[:5]:
        assert rule.assign(strangers.of_speakers([speaker])).labels.tolist() == [together[speaker]]


def test_estimates_on_fitted_speakers_are_refused_where_the_method_looked_at_errors(discoverer: Discoverer, world: World) -> None:
    half = world.manifest.speaker_ids[::2]
    rule = fit(discoverer, world.manifest.of_speakers(half), counts_of(world), seed=3)
    partition = rule.assign(world.manifest)
    others = counts_of(world).of_speakers(world.manifest.speaker_ids[1::2])
    assert len(cohort_table(others, partition, min_speakers=2, seed=0, n_permutations=0))
    if partition.used_scores:
        assert partition.fitted_speakers == set(half)
        with pytest.raises(DoubleDippingError, match="120 of 240 test speakers"):
            cohort_table(counts_of(world), partition, min_speakers=2, seed=0)
    else:
        again = fit(discoverer, world.manifest.of_speakers(half), counts_with_errors_turned(world), seed=3)
        assert json.dumps(again.to_json()) == json.dumps(rule.to_json()), "errors moved the rule, so it must say it used scores"


def counts_with_errors_turned(world: World) -> Counts:
    """The counts dealt to other speakers."""
    counts = counts_of(world)
    return Counts(
        table=counts.table.assign(speaker_id=counts.table["speaker_id"].to_numpy()[::-1]),
        system=counts.system,
        normaliser=counts.normaliser,
    )


def test_a_rule_of_another_version_is_refused(rule: CohortRule) -> None:
    with pytest.raises(RuleError, match="format version 99"):
        read_rule({**rule.to_json(), "format_version": 99})


def test_a_rule_that_lost_a_part_is_refused_with_one_clear_error(rule: CohortRule) -> None:
    data = rule.to_json()
    kept = {"format", "format_version", "method"}
    with pytest.raises(RuleError, match="is broken"):
        read_rule({name: value for name, value in data.items() if name in kept})
