"""Worlds of scored trials whose error rates are known: speakers have effects of their own on either side of a trial."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True, kw_only=True)
class ScoredWorld:
    """score = shift + a_i + noise in target trials, b_i + b_j + noise in others; a and b are normal effects of speakers."""

    n_speakers: int
    n_trials_each: int
    shift: float = 3.0
    target_spread: float = 0.5
    nontarget_spread: float = 0.5

    @property
    def true_eer(self) -> float:
        """Over all speakers there could be: where Phi((t - shift) / v) = Phi(-t / w)."""
        return float(stats.norm.cdf(-self.shift / (np.sqrt(1 + self.target_spread**2) + self.nontarget_sd)))

    @property
    def nontarget_sd(self) -> float:
        """Standard deviation of non-target scores."""
        return float(np.sqrt(1 + 2 * self.nontarget_spread**2))

    def true_far(self, threshold: float) -> float:
        """Share of non-target scores at or above `threshold`."""
        return float(stats.norm.sf(threshold / self.nontarget_sd))

    def draw(self, seed: int, *, first_speaker: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Scores, is_target, and the speakers of both sides: arrays (2 * n_speakers * n_trials_each,)."""
        rng = np.random.default_rng(seed)
        own = rng.normal(size=self.n_speakers) * self.target_spread
        likeness = rng.normal(size=self.n_speakers) * self.nontarget_spread
        target = np.repeat(np.arange(self.n_speakers), self.n_trials_each)
        other = (target + rng.integers(1, self.n_speakers, size=len(target))) % self.n_speakers
        first, second = np.concatenate([target, target]), np.concatenate([target, other])
        is_target = first == second
        means = np.where(is_target, self.shift + own[first], likeness[first] + likeness[second])
        return means + rng.normal(size=len(first)), is_target, first + first_speaker, second + first_speaker
