"""World: a corpus whose gaps are known, because they were planted. Planted: one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from fairasr.core import Counts, Hypotheses, Manifest


@dataclass(frozen=True, kw_only=True)
class Planted:
    """One gap that was planted, or one that was left out on purpose.

    Attributes:
        kind: "region", "zip", "cluster" or "group".
        method: the discovery method that ought to find it ("geo-tree", "zip-demographics", "speaker-kmeans", "declared:gender").
        description: who is inside, in words.
        speakers: who is inside.
        ratio: their rate is this many times what it would be without the gap; 1.0: absent, whoever finds it is wrong.
        cohort: label of the inside in a partition whose labels are known beforehand (a value of a declared column); "" otherwise.
    """

    kind: str
    method: str
    description: str
    speakers: frozenset[str]
    ratio: float
    cohort: str = ""

    @property
    def is_absent(self) -> bool:
        """Whether nothing was planted here."""
        return self.ratio == 1.0


@dataclass(frozen=True, kw_only=True)
class World:
    """A corpus with known truth. Everything follows from the seed.

    Attributes:
        manifest: utterances. In worlds drawn as counts there is one row per speaker, its reference is "" and `duration_s` is all
            of the speaker's speech, since no text stands behind the counts.
        true_rate: expected error rate of each speaker under `system`: float Series, index speaker_id (sorted).
        speaker_words: reference words of each speaker: int Series, same index.
        planted: the gaps, absent ones included.
        census: made-up table of the zip codes, one row per code (see `census.made_up_census`).
        seed: what everything was drawn from.
        counts: errors drawn directly, one row per speaker; None where there are texts.
        systems: what each system wrote; empty where there are only counts. The first is the one the truth is about.
    """

    manifest: Manifest
    true_rate: pd.Series
    speaker_words: pd.Series
    planted: tuple[Planted, ...]
    census: pd.DataFrame
    seed: int
    counts: Counts | None = None
    systems: tuple[Hypotheses, ...] = field(default=())

    @property
    def system(self) -> str:
        """The system the truth is about: audits of this world are judged by what they say of it."""
        if self.counts is not None:
            return self.counts.system
        return self.systems[0].system

    def rate_of(self, speakers: frozenset[str]) -> float:
        """True pooled rate of `speakers`: expected errors / words; NaN over nobody."""
        inside = self.true_rate.index.isin(speakers)
        words = self.speaker_words[inside]
        return float((self.true_rate[inside] * words).sum() / words.sum()) if words.sum() else float("nan")

    def rest_of(self, speakers: frozenset[str]) -> frozenset[str]:
        """Everybody but `speakers`."""
        return frozenset(self.true_rate.index) - speakers

    def true_ratio(self, speakers: frozenset[str]) -> float:
        """True pooled rate of `speakers` / that of everybody else.

        Near the planted ratio, not equal to it: individual speakers differ, and other planted gaps fall on both sides.
        """
        return self.rate_of(speakers) / self.rate_of(self.rest_of(speakers))


def planted_to_json(planted: tuple[Planted, ...]) -> list[Mapping[str, object]]:
    """The planted gaps as plain data, speakers sorted."""
    return [
        {
            "kind": gap.kind,
            "method": gap.method,
            "description": gap.description,
            "ratio": gap.ratio,
            "absent": gap.is_absent,
            "cohort": gap.cohort,
            "n_speakers": len(gap.speakers),
            "speakers": sorted(gap.speakers),
        }
        for gap in planted
    ]
