"""One world through one method: split the speakers, find cohorts on one half, judge the other."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

import numpy as np

from fairasr.auditing.procedure import Found, Procedure, arm
from fairasr.core import Counts, Gaps
from fairasr.discovery import Discoverer
from fairasr.discovery.census import CensusTable, census_from
from fairasr.discovery.census_card import card_from
from fairasr.statistics import band_gaps, split_speakers
from fairasr.testing import World
from fairasr.testing.census import made_up_census
from fairasr.testing.census_card import census_card

SHARE = 0.1
MIN_SPEAKERS = 10


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What one split found: the honest gap, the band of each speaker (-2: in discovery), the rule behind it."""

    gaps: Gaps
    bands: np.ndarray
    found: Found


@cache
def world_census() -> CensusTable:
    """The census all worlds share, read once."""
    return census_from(made_up_census(), card=card_from(tomllib.loads(census_card())))


def counts_of(world: World) -> Counts:
    """The counts of a world that was drawn as counts: one row per speaker, ordered as the manifest's `speaker_ids`."""
    assert world.counts is not None
    return world.counts


def split_procedure(discoverer: Discoverer, world: World, *, seed: int) -> Procedure:
    """Discovery on one half, confirmation on the other."""
    parts = split_speakers(counts_of(world).denominators, n_parts=2, seed=seed)
    return Procedure(arms=(arm(discoverer, world.manifest, parts == 0, seed=seed),), share=SHARE, min_speakers=MIN_SPEAKERS)


def cross_fit_procedure(discoverer: Discoverer, world: World, *, n_folds: int, seed: int) -> Procedure:
    """Every speaker judged by a rule fitted without their fold."""
    fold = split_speakers(counts_of(world).denominators, n_parts=n_folds, seed=seed)
    arms = tuple(arm(discoverer, world.manifest, fold != k, seed=seed) for k in range(n_folds))
    return Procedure(arms=arms, share=SHARE, min_speakers=MIN_SPEAKERS)


def judge(procedure: Procedure, world: World, *, widening: float = 1.0) -> Judged:
    """The gap on the speakers that the procedure judges."""
    errors, words = counts_of(world).numerators, counts_of(world).denominators
    bands, found = procedure.speaker_bands(errors, words)
    judged = bands > -2
    gaps = band_gaps(
        errors[judged],
        words[judged],
        bands[judged],
        basis="confirmation",
        bottom=(),
        top=(),
        min_speakers=MIN_SPEAKERS,
        widening=widening,
    )
    return Judged(gaps=gaps, bands=bands, found=found[0])
