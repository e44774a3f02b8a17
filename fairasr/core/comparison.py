"""Comparison: systems judged against the one they would replace, cohort by cohort."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from fairasr.core.disparity import ChangeReport, Spread, change_from
from fairasr.core.errors import IngestError
from fairasr.core.estimate import plain
from fairasr.core.provenance import Provenance

FORMAT = "fairasr-comparison"
FORMAT_VERSION = 1

Outcome = Literal["accepted", "rejected", "inconclusive"]

EVERYONE = "all speakers"
"""What a verdict calls the target where no cohort was to gain more than others."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether the new system may replace the old one.

    Attributes:
        outcome: "accepted": the target cohorts gain and nobody else is shown or suspected to lose more than the margin;
            "rejected": the target does not gain, or some other cohort or a forgetting set is shown to lose more than the margin;
            "inconclusive": the speakers are too few to say.
        reasons: why, in sentences, most important first.
        target: labels of the cohorts that were to gain; (EVERYONE,) where none was named.
        margin: relative loss that is tolerated of every other cohort.
        worst_harm: label of the cohort (or name of the forgetting set) with the largest relative loss; "" where none loses.
        n_more_speakers: about how many more speakers would settle an inconclusive one; None where it is settled or cannot be told.
        harmed: labels of the cohorts and names of the forgetting sets that are shown to lose more than the margin, worst first.
        unsettled: those of which neither that nor the opposite is shown.
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    target: tuple[str, ...]
    margin: float
    worst_harm: str = ""
    n_more_speakers: int | None = None
    harmed: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SystemChange:
    """One new system against the one before.

    Attributes:
        after: name of the new system.
        change: per cohort, paired by speaker, "all" first.
        verdict: on this system.
        before_spread, after_spread: how rates spread over the cohorts shown (Trinh et al. 2022: mean, max, variance).
        forgetting: forgetting set -> change on it, overall ("all").
        undone: forgetting set -> share of the forgetting of `Comparison.against` that this one undoes,
            (against - this) / (against - before); empty for that one itself, and where it forgets nothing.
        areas: change by area, for a map of kind "areas" whose areas are not the cohorts; None otherwise.
    """

    after: str
    change: ChangeReport
    verdict: Verdict
    before_spread: Spread
    after_spread: Spread
    forgetting: Mapping[str, ChangeReport] = field(default_factory=dict)
    undone: Mapping[str, float] = field(default_factory=dict)
    areas: ChangeReport | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """New systems against the one before, on the same utterances and cohorts.

    Attributes:
        title: of the report.
        before: name of the system in use.
        systems: the new ones, in the order given.
        against: name of the new system that the others are compared with too (plain fine-tuning); "" where there is but one.
        between: the other new systems against that one, paired on the same utterances ("EWC against plain").
        rate_name: "WER" or "CER".
        normaliser: profile and version.
        unit: "speaker", or "utterance" where the corpus names no speakers (intervals are then too narrow).
        cohort_method: how the cohorts were made ("declared:canton", "geo-tree"); "" for none.
        descriptions: label -> who they are.
        target: labels of the cohorts that were to gain; (EVERYONE,) where none was named.
        min_speakers: cohorts with fewer are suppressed.
        data: n_speakers, n_utterances, n_ref_words; and "forgetting": the same of each forgetting set under its name.
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
    against: str = ""
    between: tuple[ChangeReport, ...] = ()
    map: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data with a format name and version; `comparison_from` reads it back."""
        data = {f.name: plain(getattr(self, f.name)) for f in fields(self) if f.name not in ("systems", "between", "provenance")}
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            **data,
            "systems": [_system_json(system) for system in self.systems],
            "between": [plain(vars(change)) for change in self.between],
            "provenance": plain(vars(self.provenance)),
        }


def _system_json(system: SystemChange) -> dict[str, Any]:
    return {
        "after": system.after,
        "change": plain(vars(system.change)),
        "verdict": plain(vars(system.verdict)),
        "before_spread": plain(vars(system.before_spread)),
        "after_spread": plain(vars(system.after_spread)),
        "forgetting": {name: plain(vars(change)) for name, change in system.forgetting.items()},
        "undone": plain(system.undone),
        "areas": None if system.areas is None else plain(vars(system.areas)),
    }


def comparison_from(data: Mapping[str, Any]) -> Comparison:
    """The Comparison that `to_json` wrote.

    Raises:
        IngestError: the data is no comparison, or one of another version.
    """
    if data.get("format") != FORMAT:
        raise IngestError(
            f"this is not a comparison: 'format' is {data.get('format')!r}, not {FORMAT!r}. Give the report.json of a comparison."
        )
    if data.get("format_version") != FORMAT_VERSION:
        raise IngestError(
            f"this comparison has format version {data.get('format_version')!r}; this fairasr reads version {FORMAT_VERSION}. "
            "Compare the systems again."
        )
    read = {name: value for name, value in data.items() if name not in ("format", "format_version")}
    for name in ("target", "warnings", "notes"):
        read[name] = tuple(data[name])
    read["systems"] = tuple(_system_from(system) for system in data["systems"])
    read["between"] = tuple(change_from(change) for change in data["between"])
    read["provenance"] = Provenance(**data["provenance"])
    return Comparison(**read)


def _system_from(data: Mapping[str, Any]) -> SystemChange:
    verdict: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data["verdict"].items()}
    return SystemChange(
        after=data["after"],
        change=change_from(data["change"]),
        verdict=Verdict(**verdict),
        before_spread=_spread_from(data["before_spread"]),
        after_spread=_spread_from(data["after_spread"]),
        forgetting={name: change_from(change) for name, change in data["forgetting"].items()},
        undone=data["undone"],
        areas=None if data["areas"] is None else change_from(data["areas"]),
    )


def _spread_from(data: Mapping[str, Any]) -> Spread:
    known: dict[str, Any] = {name: math.nan if value is None else value for name, value in data.items()}
    return Spread(**known)
