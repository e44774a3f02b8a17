"""Plan: how one audit estimates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from fairasr.core.errors import StatisticsError

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, how much there is."""

SMALL_CORPUS_SPEAKERS = 1000
"""Below this, half of the speakers say too little about a tenth of them, so cross-fitting is the headline."""
CALIBRATING_PERMUTATIONS = 99
PERMUTATIONS_PER_METHOD = 40
"""The smallest p is 1 / (R + 1), and Holm multiplies it by the number of methods: 40 per method let it reach 0.025."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Settings every method of an audit shares.

    Attributes:
        seed: of every split, permutation and restart.
        n_permutations: permutations of the whole procedure per method and system, at least (`permutations_for`); 0 runs none.
        folds: K of cross-fitting.
        basis: "confirmation" (split once), "cross-fit", or "auto": cross-fit below 1,000 speakers. Cross-fitting takes at
            least 99 permutations, because its interval is calibrated by them.
        min_speakers: cohorts with fewer speakers are suppressed.
        bottom_share: worst cohorts are pooled until they hold this share of speakers; best likewise.
        allow_double_dipping: estimate on the speakers the cohorts were found on as well. The report says so.
        n_systems: systems audited side by side: those that share cohorts hide the same ones.

    Raises:
        StatisticsError: a setting is outside its range; all are reported together.
    """

    seed: int
    n_permutations: int = 199
    folds: int = 5
    basis: Literal["auto", "confirmation", "cross-fit"] = "auto"
    min_speakers: int = 10
    bottom_share: float = 0.1
    allow_double_dipping: bool = False
    n_systems: int = 1

    def __post_init__(self) -> None:
        rules = {
            f"seed is {self.seed}, must be 0 or more": self.seed >= 0,
            f"n_permutations is {self.n_permutations}, must be 0 or more": self.n_permutations >= 0,
            f"folds is {self.folds}, must be 2 or more": self.folds >= 2,
            f"basis is {self.basis!r}, must be auto, confirmation or cross-fit": self.basis
            in ("auto", "confirmation", "cross-fit"),
            f"basis is 'cross-fit' with {self.n_permutations} permutations; its interval is calibrated by them and takes at least "
            f"{CALIBRATING_PERMUTATIONS}": self.basis != "cross-fit" or self.n_permutations >= CALIBRATING_PERMUTATIONS,
            f"min_speakers is {self.min_speakers}, must be 2 or more": self.min_speakers >= 2,
            f"bottom_share is {self.bottom_share}, must be above 0 and below 0.5": 0 < self.bottom_share < 0.5,
        }
        broken = [wording for wording, kept in rules.items() if not kept]
        if broken:
            raise StatisticsError("the audit's settings cannot work:\n" + "\n".join(f"  - {line}" for line in broken))

    def permutations_for(self, n_methods: int) -> int:
        """Permutations with which a gap can still be significant after Holm's correction over the methods: 40 per method."""
        return max(self.n_permutations, PERMUTATIONS_PER_METHOD * n_methods - 1) if self.n_permutations else 0

    def basis_for(self, n_speakers: int) -> str:
        """The basis of the headline for a corpus of this many speakers."""
        if self.basis == "auto":
            small = n_speakers < SMALL_CORPUS_SPEAKERS and self.n_permutations >= CALIBRATING_PERMUTATIONS
            return "cross-fit" if small else "confirmation"
        return self.basis
