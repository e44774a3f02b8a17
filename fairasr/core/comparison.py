"""Comparison: systems judged against the one they would replace, cohort by cohort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fairasr.core.disparity import ChangeReport, Spread
from fairasr.core.provenance import Provenance

Outcome = Literal["accepted", "rejected", "inconclusive"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether the new system may replace the old one.

    Attributes:
        outcome: "accepted": the target cohorts gain and nobody else is shown or suspected to lose more than the margin;
            "rejected": the target does not gain, or some other cohort or a forgetting set is shown to lose more than the margin;
            "inconclusive": the speakers are too few to say.
        reasons: why, in sentences, most important first.
        target: labels of the cohorts that were to gain.
        margin: relative loss that is tolerated of every other cohort.
        worst_harm: label of the cohort (or name of the forgetting set) with the largest relative loss; "" where none loses.
        n_more_speakers: about how many more speakers would settle an inconclusive one; None where it is settled or cannot be told.
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    target: tuple[str, ...]
    margin: float
    worst_harm: str = ""
    n_more_speakers: int | None = None


@dataclass(frozen=True, kw_only=True)
class SystemChange:
    """One new system against the one before.

    Attributes:
        after: name of the new system.
        change: per cohort, paired by speaker, "all" first.
        verdict: on this system.
        before_spread, after_spread: how rates spread over the cohorts shown (Trinh et al. 2022: mean, max, variance).
        forgetting: forgetting set -> change on it, overall ("all").
        undone: forgetting set -> share of the first system's forgetting that this one undoes, (first - this) / (first - before);
            empty for the first, and where the first forgets nothing.
    """

    after: str
    change: ChangeReport
    verdict: Verdict
    before_spread: Spread
    after_spread: Spread
    forgetting: Mapping[str, ChangeReport] = field(default_factory=dict)
    undone: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """New systems against the one before, on the same utterances and cohorts.

    Attributes:
        title: of the report.
        before: name of the system in use.
        systems: the new ones, in the order given.
        between: the later new systems against the first of them, paired on the same utterances ("EWC against plain").
        rate_name: "WER" or "CER".
        normaliser: profile and version.
        unit: "speaker", or "utterance" where the corpus names no speakers (intervals are then too narrow).
        cohort_method: how the cohorts were made ("declared:canton", "geo-tree").
        descriptions: label -> who they are.
        target: labels of the cohorts that were to gain.
        min_speakers: cohorts with fewer are suppressed.
        data: n_speakers, n_utterances, n_ref_words, and the same of each forgetting set under its name.
        map: as in DisparityReport: what to draw, or None.
        warnings: sentences that belong in the headline.
        notes: further sentences.
        provenance: version, command, seed, inputs, settings.
    """

    title: str
    before: str
    systems: tuple[SystemChange, ...]
    rate_name: str
    normaliser: str
    unit: Literal["speaker", "utterance"]
    cohort_method: str
    descriptions: Mapping[str, str]
    target: tuple[str, ...]
    min_speakers: int
    data: Mapping[str, Any]
    provenance: Provenance
    between: tuple[ChangeReport, ...] = ()
    map: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
