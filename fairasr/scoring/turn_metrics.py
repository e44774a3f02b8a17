"""What became of the turns of mixtures: ORC-WER, turns counted, lost, started and ended late or early; by band of overlap."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fairasr.core.errors import ScoringError
from fairasr.core.turns import OVERLAP_BANDS, UNKNOWN_BAND, Turn, overlap_band, overlap_of
from fairasr.scoring.orc import OrcScore, orc_score

ALL = "all"
"""Band of all mixtures together."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One mixture and what a recogniser made of it.

    Attributes:
        reference: turns with normalised texts.
        hypothesis: likewise, as written; a turn's start and end are when the recogniser said that it starts and ends.
    """

    reference: tuple[Turn, ...]
    hypothesis: tuple[Turn, ...]

    @cached_property
    def orc(self) -> OrcScore:
        """Its errors, and the channel of each reference turn."""
        return orc_score(reference=self.reference, hypothesis=self.hypothesis)

    @property
    def band(self) -> str:
        """Band of the mixture's overlap."""
        return overlap_band(overlap_of(self.reference)) if self.reference else UNKNOWN_BAND

    @property
    def lost(self) -> tuple[bool, ...]:
        """Of each reference turn: none of its words was recognised. A turn without words is never lost."""
        return tuple(bool(score.reference) and not score.hit_positions for score in self.orc.turns)

    @property
    def start_latencies_s(self) -> tuple[float, ...]:
        """Of each reference turn: how long after its start the recogniser started the turn of its first recognised word [s].

        NaN where no word was recognised, where the recogniser had started that turn for another reference turn (words of it are set
        against that one, right or wrong), or where times are not known.
        """
        return tuple(self._latency_s(position, side=0) for position in range(len(self.reference)))

    @property
    def end_latencies_s(self) -> tuple[float, ...]:
        """Of each reference turn: how long after its end the recogniser ended the turn of its last recognised word [s].

        Below 0 is early. NaN likewise: in particular where the recogniser ran the turn into the next one.
        """
        return tuple(self._latency_s(position, side=-1) for position in range(len(self.reference)))

    def _latency_s(self, position: int, *, side: int) -> float:
        score = self.orc.turns[position]
        if not score.hit_positions:
            return math.nan
        heard = score.hit_positions[side]
        # Turns of a channel are in order, so of those that share a turn of the hypothesis the first is the one that started it. A
        # turn whose every word in it is wrong shares it too: the recogniser spoke on for that one.
        sharing = [other for other, of_other in enumerate(self.orc.turns) if heard in of_other.positions]
        sharing.sort(key=lambda other: self.reference[other].start_s or 0.0)
        if sharing[side] != position or self.reference[position].start_s is None or self.hypothesis[heard].start_s is None:
            return math.nan
        return round(self.hypothesis[heard].times[side] - self.reference[position].times[side], 6)


@dataclass(frozen=True, kw_only=True)
class TurnMetrics:
    """Figures of the mixtures of one band of overlap. What nothing can be said of is NaN.

    Attributes:
        band: name of the band, or ALL; of the mixture, not of its single turns.
        n_mixtures: mixtures.
        n_turns: reference turns.
        n_ref_words: their words.
        n_errors: errors by optimal reference combination.
        counting_accuracy: share of mixtures in which the recogniser wrote as many turns as there are; empty turns count.
        majority_n_turns: most frequent number of turns in these mixtures; the smallest of several.
        majority_accuracy: what always saying that number would score: the baseline of `counting_accuracy`.
        counting_error: mean of turns written minus turns spoken.
        n_lost: turns of which no word was recognised.
        n_started: turns of which the start latency is known.
        start_latency_median_s: median of it [s].
        start_latency_p90_s: 90th percentile of it [s].
        n_ended: turns of which the end latency is known.
        end_latency_median_s: median of it [s].
        end_latency_p90_s: 90th percentile of it [s].
        early_rate: share of `n_ended` that were ended before their end.
    """

    band: str
    n_mixtures: int
    n_turns: int
    n_ref_words: int
    n_errors: int
    counting_accuracy: float
    majority_n_turns: int
    majority_accuracy: float
    counting_error: float
    n_lost: int
    n_started: int
    start_latency_median_s: float
    start_latency_p90_s: float
    n_ended: int
    end_latency_median_s: float
    end_latency_p90_s: float
    early_rate: float

    @property
    def orc_wer(self) -> float:
        """Errors over words of the reference; NaN where there are none."""
        return self.n_errors / self.n_ref_words if self.n_ref_words else math.nan

    @property
    def lost_rate(self) -> float:
        """Share of the turns that are lost."""
        return self.n_lost / self.n_turns if self.n_turns else math.nan


def turn_metrics(mixtures: Sequence[Heard]) -> tuple[TurnMetrics, ...]:
    """Figures of all mixtures, then of every band that has any, least overlap first.

    Raises:
        ScoringError: there are no mixtures, or none has a turn.
    """
    if not any(mixture.reference for mixture in mixtures):
        raise ScoringError(f"none of {len(mixtures):,} mixtures has a turn, so no rate is defined. Give references with words.")
    bands = {band: [mixture for mixture in mixtures if mixture.band == band] for band in (*OVERLAP_BANDS, UNKNOWN_BAND)}
    return (_of_band(ALL, mixtures), *(_of_band(band, of_band) for band, of_band in bands.items() if of_band))


def _of_band(band: str, mixtures: Sequence[Heard]) -> TurnMetrics:
    spoken = np.array([len(mixture.reference) for mixture in mixtures])
    written = np.array([len(mixture.hypothesis) for mixture in mixtures])
    majority, n_majority = min(Counter(spoken.tolist()).items(), key=lambda item: (-item[1], item[0]))
    starts_s = _known([latency_s for mixture in mixtures for latency_s in mixture.start_latencies_s])
    ends_s = _known([latency_s for mixture in mixtures for latency_s in mixture.end_latencies_s])
    return TurnMetrics(
        band=band,
        n_mixtures=len(mixtures),
        n_turns=int(spoken.sum()),
        n_ref_words=sum(mixture.orc.n_ref_words for mixture in mixtures),
        n_errors=sum(mixture.orc.n_errors for mixture in mixtures),
        counting_accuracy=float((spoken == written).mean()),
        majority_n_turns=majority,
        majority_accuracy=n_majority / len(mixtures),
        counting_error=float((written - spoken).mean()),
        n_lost=sum(sum(mixture.lost) for mixture in mixtures),
        n_started=len(starts_s),
        start_latency_median_s=_percentile(starts_s, 50),
        start_latency_p90_s=_percentile(starts_s, 90),
        n_ended=len(ends_s),
        end_latency_median_s=_percentile(ends_s, 50),
        end_latency_p90_s=_percentile(ends_s, 90),
        early_rate=float((ends_s < 0).mean()) if len(ends_s) else math.nan,
    )


def _known(latencies_s: Sequence[float]) -> np.ndarray:
    values = np.array(latencies_s, dtype=float)
    known: np.ndarray = values[np.isfinite(values)]
    return known


def _percentile(values: np.ndarray, share: float) -> float:
    return float(np.percentile(values, share)) if len(values) else math.nan
