"""Worlds without gaps: honest intervals cover 0 and tests raise false alarms at their level, as rates over seeds."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from honest import counts_of, cross_fit_procedure, judge, split_procedure, world_census
from rates import require_rate

from fairasr.core import Counts, Partition
from fairasr.discovery import Discoverer
from fairasr.discovery.declared import Declared
from fairasr.discovery.geo_tree import GeoTree
from fairasr.discovery.speaker_kmeans import SpeakerKMeans
from fairasr.discovery.zip_demographics import ZipDemographics
from fairasr.statistics import cohort_p, compare, holm, partition_table, procedure_test
from fairasr.testing import null_world

pytestmark = pytest.mark.rates

LEVEL = 0.05
N_WORLDS = 400
N_SPEAKERS = 600

N_TESTED = 800
"""Worlds per test; they are pieces of one large world, so they cost little."""

N_PIECE = 200
"""Speakers of a piece."""

METHODS = ("geo-tree", "zip-demographics", "speaker-kmeans", "declared:group")


def discoverers() -> list[Discoverer]:
    return [GeoTree(), ZipDemographics(census=world_census()), SpeakerKMeans(n_clusters=12), Declared(columns=("group",))]


@pytest.fixture(scope="module")
def covered() -> dict[str, list[bool]]:
    """Method -> whether the honest interval of each null world covers 0."""
    hits: dict[str, list[bool]] = defaultdict(list)
    for seed in range(N_WORLDS):
        world = null_world(N_SPEAKERS, seed=seed)
        for discoverer in discoverers():
            gap = judge(split_procedure(discoverer, world, seed=seed), world).gaps.relative_to_top
            assert gap.is_known
            hits[discoverer.method].append(gap.lo <= 0 <= gap.hi)
    return hits


@pytest.mark.parametrize("method", METHODS)
def test_the_honest_interval_covers_zero_where_there_is_no_gap(covered: dict[str, list[bool]], method: str) -> None:
    require_rate(covered[method], low=0.93, high=0.97, what=f"{method}, split: 95 % interval covers 0")


@pytest.mark.parametrize(
    ("discoverer", "n_speakers", "n_worlds"),
    [(Declared(columns=("group",)), 300, 80), (GeoTree(max_leaves=4), 160, 40)],
    ids=["declared", "geo-tree"],
)
def test_the_widened_cross_fit_interval_covers_zero_where_there_is_no_gap(
    discoverer: Discoverer, n_speakers: int, n_worlds: int
) -> None:
    hits = []
    for seed in range(n_worlds):
        world = null_world(n_speakers, seed=10_000 + seed)
        counts = counts_of(world)
        procedure = cross_fit_procedure(discoverer, world, n_folds=3, seed=seed)
        test = procedure_test(procedure.statistic, counts.numerators, counts.denominators, n_permutations=99, seed=seed)
        gap = judge(procedure, world, widening=test.widening).gaps.relative_to_top
        hits.append(gap.lo <= 0 <= gap.hi)
    require_rate(hits, low=0.93, what=f"{discoverer.method}, cross-fit: widened 95 % interval covers 0")


@pytest.mark.parametrize(
    "discoverer", [Declared(columns=("group",)), SpeakerKMeans(n_clusters=6)], ids=lambda discoverer: discoverer.method
)
def test_the_test_of_the_whole_procedure_raises_false_alarms_at_its_level(discoverer: Discoverer) -> None:
    """With 19 permutations the smallest p is 1/20: the level can be met exactly."""
    alarms = []
    for seed in range(N_WORLDS):
        world = null_world(200, seed=20_000 + seed)
        counts = counts_of(world)
        procedure = split_procedure(discoverer, world, seed=seed)
        test = procedure_test(procedure.statistic, counts.numerators, counts.denominators, n_permutations=19, seed=seed)
        alarms.append(test.p_value <= LEVEL + 1e-9)
    require_rate(alarms, low=0.03, high=0.07, what=f"{discoverer.method}: procedure's p <= 0.05")


@pytest.fixture(scope="module")
def pieces() -> list[Counts]:
    """Counts of many small null worlds, all drawn at once; speakers differ, their order says nothing."""
    counts = counts_of(null_world(N_TESTED * N_PIECE, seed=30_000))
    assert len(counts.table) == N_TESTED * N_PIECE
    return [
        Counts(table=counts.table.iloc[start : start + N_PIECE], system="drawn", normaliser="none")
        for start in range(0, N_TESTED * N_PIECE, N_PIECE)
    ]


SIZES = (15, 25, 50, 110)
CODES = np.repeat(np.arange(len(SIZES)), SIZES)


@pytest.mark.parametrize("cohort", range(len(SIZES)))
def test_the_permutation_test_of_a_cohort_raises_false_alarms_at_its_level(pieces: list[Counts], cohort: int) -> None:
    """Cohorts of unequal sizes, speakers of unequal speech; 19 permutations meet the level exactly."""
    p_values = [
        cohort_p(piece.numerators, piece.denominators, CODES, len(SIZES), n_permutations=19, seed=seed)[cohort]
        for seed, piece in enumerate(pieces)
    ]
    require_rate(
        np.array(p_values) <= LEVEL + 1e-9, low=0.03, high=0.07, what=f"cohort of {SIZES[cohort]} against {N_PIECE}: p <= 0.05"
    )


def test_holm_raises_any_false_alarm_over_all_cohorts_at_its_level(pieces: list[Counts]) -> None:
    alarms = []
    for seed, piece in enumerate(pieces):
        p_values = cohort_p(piece.numerators, piece.denominators, CODES, len(SIZES), n_permutations=399, seed=seed)
        alarms.append(holm(p_values).min() <= LEVEL + 1e-9)
    require_rate(alarms, low=0.03, high=0.07, what=f"any of {len(SIZES)} cohorts: Holm p <= 0.05")


@pytest.mark.parametrize("n_bottom", [20, 60])
def test_the_welch_test_of_a_partition_raises_false_alarms_at_its_level(pieces: list[Counts], n_bottom: int) -> None:
    labels = np.repeat(["bottom", "rest"], [n_bottom, N_PIECE - n_bottom])
    alarms = []
    for piece in pieces[:N_WORLDS]:
        speakers = pd.Index(piece.table["speaker_id"])
        partition = Partition(method="made", labels=pd.Series(labels, index=speakers), descriptions={}, used_scores=False)
        table = partition_table(piece, piece, {"made": partition}, min_speakers=10)
        alarms.append(bool(table["p_value"].iloc[0] <= LEVEL))
    require_rate(alarms, low=0.03, high=0.07, what=f"partition of {n_bottom} against {N_PIECE - n_bottom}: Welch p <= 0.05")


def test_the_paired_test_of_two_systems_raises_false_alarms_at_its_level(pieces: list[Counts]) -> None:
    """Both systems hear the same speakers, each with luck of its own that lasts for a speaker: neither is better."""
    generator = np.random.default_rng(40_000)
    alarms = []
    for seed, piece in enumerate(pieces):
        systems = []
        for name in ("before", "after"):
            rates = np.minimum(piece.numerators / piece.denominators * generator.lognormal(0, 0.3, len(piece.table)), 0.9)
            table = pd.DataFrame(
                {
                    "speaker_id": piece.table["speaker_id"],
                    "cell": "",
                    "n_ref_words": piece.denominators,
                    "errors": generator.binomial(piece.denominators, rates),
                }
            )
            systems.append(Counts(table=table, system=name, normaliser="none", numerator=("errors",)))
        changes = compare(systems[0], systems[1], seed=seed, n_permutations=99).changes
        alarms.append(bool(changes["p_value"].iloc[0] <= LEVEL + 1e-9))
    require_rate(alarms, low=0.03, high=0.07, what="two systems alike: paired p <= 0.05")
