"""One method as a procedure: find and rank cohorts on some speakers, judge others by them. Tests rerun it whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fairasr.core import Manifest
from fairasr.core.errors import DiscoveryError
from fairasr.discovery import CohortRule, Discoverer, Search
from fairasr.statistics import band_statistic, rank_bands


@dataclass(frozen=True, kw_only=True)
class Arm:
    """Discovery on some speakers and confirmation on others. Positions are into the whole manifest's `speaker_ids`."""

    search: Search
    discovery: Manifest
    confirmation: Manifest
    discovery_positions: np.ndarray
    confirmation_positions: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one arm found: the frozen rule, the band of each cohort, the band of each confirmation speaker."""

    rule: CohortRule
    bands: dict[str, int]
    confirmation_bands: np.ndarray


def arm(discoverer: Discoverer, manifest: Manifest, is_discovery: np.ndarray, *, seed: int) -> Arm:
    """Prepare one arm: bool array (n_speakers,) says who is in discovery.

    Raises:
        DiscoveryError: the method cannot run on these discovery speakers.
    """
    discovery = manifest.of_speakers(manifest.speaker_ids[is_discovery])
    obstacle = discoverer.obstacle(discovery)
    if obstacle:
        raise DiscoveryError(f"{discoverer.method} cannot run: {obstacle}.")
    return Arm(
        search=discoverer.search(discovery, seed=seed),
        discovery=discovery,
        confirmation=manifest.of_speakers(manifest.speaker_ids[~is_discovery]),
        discovery_positions=np.flatnonzero(is_discovery),
        confirmation_positions=np.flatnonzero(~is_discovery),
    )


def run(arm: Arm, numerators: np.ndarray, denominators: np.ndarray, *, share: float, min_speakers: int) -> Found:
    """Find, rank and assign for these counts of all speakers: int arrays (n_speakers,)."""
    found_e, found_n = numerators[arm.discovery_positions], denominators[arm.discovery_positions]
    rule = arm.search.fit(found_e, found_n)
    codes, names = rule.assign(arm.discovery).coded
    bands = dict(zip(names, rank_bands(found_e, found_n, codes, len(names), share=share, min_speakers=min_speakers), strict=True))
    confirmed, new_names = rule.assign(arm.confirmation).coded
    # One more band than cohorts: code -1, no cohort, reads the last.
    band_of = np.array([*(bands.get(name, -1) for name in new_names), -1], dtype=int)
    return Found(rule=rule, bands=bands, confirmation_bands=band_of[confirmed])


@dataclass(frozen=True, kw_only=True)
class Procedure:
    """One method's arms: one for a split, K for cross-fitting, in which every speaker is judged by a rule fitted without them."""

    arms: Sequence[Arm]
    share: float
    min_speakers: int

    def speaker_bands(self, numerators: np.ndarray, denominators: np.ndarray) -> tuple[np.ndarray, list[Found]]:
        """Band of every speaker that some arm confirms (others -2), and what each arm found: int array (n_speakers,)."""
        bands = np.full(len(numerators), -2)
        found = [run(arm, numerators, denominators, share=self.share, min_speakers=self.min_speakers) for arm in self.arms]
        for one, what in zip(self.arms, found, strict=True):
            bands[one.confirmation_positions] = what.confirmation_bands
        return bands, found

    def statistic(self, numerators: np.ndarray, denominators: np.ndarray) -> float:
        """Studentised honest gap of the whole procedure for these counts."""
        bands, _ = self.speaker_bands(numerators, denominators)
        judged = bands > -2
        return band_statistic(numerators[judged], denominators[judged], bands[judged])
