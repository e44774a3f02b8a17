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
N_SPEAKERS = 1_000
N_INSIDE = 150
"""Speakers inside the gap; about half of them, more than 60, in either half of the split."""

MOSTLY, NEARLY_ALL = 0.5, 0.9


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What one world gave.

    Attributes:
        is_found: most confirmation speakers of the bottom cohorts are planted, and the honest interval lies above 0.
        holds_true_gap: the interval holds the gap of the true rates of the very speakers found, bottom against top.
        holds_planted_ratio: it holds the planted ratio; None where the bottom is not nearly all planted.
        planted_share: part of the bottom cohorts' confirmation speakers who are planted.
    """

    is_found: bool
    holds_true_gap: bool
    holds_planted_ratio: bool | None
    planted_share: float


def true_gap(world: World, judged: Judged) -> float:
    """True pooled rate of the bottom cohorts' confirmation speakers / that of the top cohorts', less 1."""
    expected = (world.true_rate * world.speaker_words).to_numpy()
    words = counts_of(world).denominators
    bottom, top = (expected[judged.bands == band].sum() / words[judged.bands == band].sum() for band in (BOTTOM, TOP))
    return float(bottom / top - 1)


def recovery(discoverer: Discoverer, world: World, *, seed: int) -> Recovery:
    judged = judge(split_procedure(discoverer, world, seed=seed), world)
    gap = judged.gaps.relative_to_top
    is_planted = world.manifest.speaker_ids.isin(list(world.planted[0].speakers))
    share = float(is_planted[judged.bands == BOTTOM].mean())
    return Recovery(
        is_found=bool(share > MOSTLY and gap.lo > 0),
        holds_true_gap=gap.lo <= true_gap(world, judged) <= gap.hi,
        holds_planted_ratio=gap.lo <= RATIO - 1 <= gap.hi if share >= NEARLY_ALL else None,
        planted_share=share,
    )


WORLDS: dict[str, tuple[Callable[..., World], Callable[[], Discoverer]]] = {
    "region": (planted_region_world, lambda: GeoTree()),
    "zip": (planted_zip_world, lambda: ZipDemographics(census=world_census())),
    "cluster": (planted_cluster_world, lambda: SpeakerKMeans(n_clusters=12)),
}


@pytest.fixture(scope="module", params=list(WORLDS))
def recovered(request: pytest.FixtureRequest) -> tuple[str, list[Recovery]]:
    make, discoverer = WORLDS[request.param]
    found = []
    for seed in range(N_WORLDS):
        world = make(N_SPEAKERS, seed=seed, ratio=RATIO, n_inside=N_INSIDE)
        found.append(recovery(discoverer(), world, seed=seed))
    return request.param, found


def test_a_planted_gap_is_found(recovered: tuple[str, list[Recovery]]) -> None:
    kind, found = recovered
    print(f"{kind}: mean planted share of the bottom cohorts {np.mean([one.planted_share for one in found]):.2f}")
    require_rate([one.is_found for one in found], low=0.8, what=f"{kind}: planted gap found")


def test_the_honest_interval_holds_the_true_gap_of_the_cohorts_found(recovered: tuple[str, list[Recovery]]) -> None:
    kind, found = recovered
    require_rate([one.holds_true_gap for one in found], low=0.9, what=f"{kind}: true gap of the found cohorts covered")


def test_the_honest_interval_holds_the_planted_ratio_where_the_planted_speakers_are_found(
    recovered: tuple[str, list[Recovery]],
) -> None:
    kind, found = recovered
    hits = [one.holds_planted_ratio for one in found if one.holds_planted_ratio is not None]
    assert len(hits) >= 0.3 * N_WORLDS, "too few worlds to say"
    require_rate(hits, low=0.9, what=f"{kind}: planted ratio covered")
