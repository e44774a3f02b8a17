"""Worlds with a planted gap: it is found, and the honest interval holds the truth, as rates over seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from honest import Judged, counts_of, judge, split_procedure, world_census
from rates import require_rate

from fairasr.discovery import Discoverer
from fairasr.discovery.geo_tree import GeoTree
from fairasr.discovery.speaker_kmeans import SpeakerKMeans
from fairasr.discovery.zip_demographics import ZipDemographics
from fairasr.statistics import BOTTOM, TOP
from fairasr.testing import World, planted_cluster_world, planted_region_world, planted_zip_world

pytestmark = pytest.mark.rates

RATIO = 1.5
N_WORLDS = 100
MOSTLY, NEARLY_ALL = 0.5, 0.9
FEWEST_WORLDS = 15
"""In fewer worlds the share of intervals that hold the planted ratio says nothing."""


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What one world gave.

    Attributes:
        is_found: most confirmation speakers of the bottom cohorts are planted, and the honest interval lies above 0.
        holds_true_gap: the interval holds the gap of the true rates of the very speakers found, bottom against top.
        holds_mixed_gap: it holds the gap a population of this mix has, planted speakers erring RATIO times as often as others.
        holds_planted_ratio: it holds the planted ratio; None where the bottom is not nearly all planted.
        planted_share: part of the bottom cohorts' confirmation speakers who are planted.
    """

    is_found: bool
    holds_true_gap: bool
    holds_mixed_gap: bool
    holds_planted_ratio: bool | None
    planted_share: float


def true_gap(rates: np.ndarray, world: World, judged: Judged) -> float:
    """Pooled `rates` of the bottom cohorts' confirmation speakers / those of the top cohorts', weighted by words, less 1."""
    words = counts_of(world).denominators
    bottom, top = (np.average(rates[judged.bands == band], weights=words[judged.bands == band]) for band in (BOTTOM, TOP))
    return float(bottom / top - 1)


def recovery(discoverer: Discoverer, world: World, *, seed: int) -> Recovery:
    judged = judge(split_procedure(discoverer, world, seed=seed), world)
    gap = judged.gaps.relative_to_top
    is_planted = world.manifest.speaker_ids.isin(list(world.planted[0].speakers))
    share = float(is_planted[judged.bands == BOTTOM].mean())
    return Recovery(
        is_found=bool(share > MOSTLY and gap.lo > 0),
        holds_true_gap=gap.lo <= true_gap(world.true_rate.to_numpy(), world, judged) <= gap.hi,
        holds_mixed_gap=gap.lo <= true_gap(np.where(is_planted, RATIO, 1.0), world, judged) <= gap.hi,
        holds_planted_ratio=gap.lo <= RATIO - 1 <= gap.hi if share >= NEARLY_ALL else None,
        planted_share=share,
    )


@dataclass(frozen=True, kw_only=True)
class Planting:
    """Worlds of one kind and the method that ought to see their gap.

    More than 60 of the speakers inside are in either half of the split. A region is hidden among forty others, none much
    larger than the smallest allowed, so it takes more speakers than a voice among twelve or one attribute among six.
    """

    make: Callable[..., World]
    discoverer: Callable[[], Discoverer]
    n_speakers: int
    n_inside: int


PLANTINGS = {
    "region": Planting(make=planted_region_world, discoverer=GeoTree, n_speakers=2_000, n_inside=300),
    "zip": Planting(
        make=planted_zip_world, discoverer=lambda: ZipDemographics(census=world_census()), n_speakers=1_000, n_inside=150
    ),
    "cluster": Planting(
        make=planted_cluster_world, discoverer=lambda: SpeakerKMeans(n_clusters=12), n_speakers=1_000, n_inside=150
    ),
}


@pytest.fixture(scope="module", params=list(PLANTINGS))
def recovered(request: pytest.FixtureRequest) -> tuple[str, list[Recovery]]:
    planting = PLANTINGS[request.param]
    found = []
    for seed in range(N_WORLDS):
        world = planting.make(planting.n_speakers, seed=seed, ratio=RATIO, n_inside=planting.n_inside)
        found.append(recovery(planting.discoverer(), world, seed=seed))
    return request.param, found


def test_a_planted_gap_is_found(recovered: tuple[str, list[Recovery]]) -> None:
    kind, found = recovered
    print(f"{kind}: planted share of the bottom cohorts, mean over worlds: {np.mean([one.planted_share for one in found]):.2f}")
    require_rate([one.is_found for one in found], low=0.8, what=f"{kind}: planted gap found")


def test_the_honest_interval_holds_the_true_gap_of_the_cohorts_found(recovered: tuple[str, list[Recovery]]) -> None:
    """The truth is that of these very speakers; the interval is of a population of such speakers, so it is generous."""
    kind, found = recovered
    require_rate([one.holds_true_gap for one in found], low=0.9, what=f"{kind}: true gap of the found cohorts covered")


def test_the_honest_interval_holds_the_gap_of_a_population_mixed_like_the_cohorts_found(
    recovered: tuple[str, list[Recovery]],
) -> None:
    kind, found = recovered
    require_rate([one.holds_mixed_gap for one in found], low=0.9, what=f"{kind}: gap of the mixed population covered")


def test_the_honest_interval_holds_the_planted_ratio_where_the_planted_speakers_are_found(
    recovered: tuple[str, list[Recovery]],
) -> None:
    kind, found = recovered
    hits = [one.holds_planted_ratio for one in found if one.holds_planted_ratio is not None]
    assert len(hits) >= FEWEST_WORLDS
    require_rate(hits, low=0.9, what=f"{kind}: planted ratio covered")
