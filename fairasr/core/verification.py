"""VerificationResult: how often speaker verifiers err, group by group, as data that reports and dashboards only show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import pandas as pd

from fairasr.core.errors import IngestError
from fairasr.core.estimate import Estimate, estimate_from, plain
from fairasr.core.provenance import Provenance

FORMAT = "fairasr-verification"
FORMAT_VERSION = 1

GROUP_COLUMNS: Mapping[str, str] = {
    "cohort": "label of the group",
    "description": "who they are, in words",
    "suppressed": "'' or why no number may be shown, as in COHORT_COLUMNS of an audit",
    "n_speakers": "speakers with a trial within the group",
    "n_target": "trials of one speaker with themselves",
    "n_nontarget": "trials of two speakers of the group",
    "eer": "equal error rate of the trials within the group",
    "eer_lo": "lower end of its 95 % interval, speakers resampled on both sides of a trial",
    "eer_hi": "upper end of its 95 % interval",
    "min_dcf": "least detection cost, normalised, of the trials within the group",
    "min_dcf_lo": "lower end of its 95 % interval",
    "min_dcf_hi": "upper end of its 95 % interval",
    "far": "non-target trials within the group accepted at the one threshold of everyone",
    "far_lo": "lower end of its 95 % interval",
    "far_hi": "upper end of its 95 % interval",
    "frr": "target trials within the group rejected at the one threshold of everyone",
    "frr_lo": "lower end of its 95 % interval",
    "frr_hi": "upper end of its 95 % interval",
    "difference_to_overall": "eer minus the overall eer",
    "difference_to_overall_lo": "lower end of its 95 % interval",
    "difference_to_overall_hi": "upper end of its 95 % interval",
    "wer": "pooled word error rate of the same speakers by a recogniser; NaN where none was given",
    "wer_lo": "lower end of its 95 % interval",
    "wer_hi": "upper end of its 95 % interval",
}
"""Columns of `GroupReport.groups`; a suppressed row has NaN in every number."""

GROUP_TEXT = ("cohort", "description", "suppressed")

CROSSED_COLUMNS: Mapping[str, str] = {
    "first": "group of one side",
    "second": "group of the other side, another one than `first`; first < second",
    "n_nontarget": "trials between them",
    "far": "of them accepted at the one threshold of everyone",
    "far_lo": "lower end of its 95 % interval",
    "far_hi": "upper end of its 95 % interval",
}
"""Columns of `GroupReport.crossed`; pairs with a suppressed group are not in it."""


@dataclass(frozen=True, kw_only=True)
class GroupReport:
    """One verifier on the groups of one partition of its speakers.

    Attributes:
        method: how the groups were made ("declared:sex", "geo-tree").
        groups: one row per group, columns `GROUP_COLUMNS`, highest eer first, suppressed last.
        crossed: non-target trials between two groups, columns `CROSSED_COLUMNS`.
        gap: eer of the group that is highest minus that of the lowest; the interval is of the same two groups.
        spread: population standard deviation (ddof 0) of the eer over the groups shown (Jin et al. 2022).
        det: group -> points (far, frr) of its DET curve, at most a few hundred; "" is everyone.
        notes: sentences the reader needs.
        map: what to draw, as in DisparityReport, or None.
    """

    method: str
    groups: pd.DataFrame
    crossed: pd.DataFrame
    gap: Estimate
    spread: Estimate
    det: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    map: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class VerifierResult:
    """One verifier.

    Attributes:
        system: name of the verifier.
        eer: equal error rate over all trials.
        min_dcf: least normalised detection cost over all trials.
        threshold: score at which the overall far and frr are equal; the one threshold of every group's far and frr.
        n_target, n_nontarget: trials.
        reports: method -> its groups.
    """

    system: str
    eer: Estimate
    min_dcf: Estimate
    threshold: float
    n_target: int
    n_nontarget: int
    reports: Mapping[str, GroupReport]


@dataclass(frozen=True, kw_only=True)
class VerificationResult:
    """What an audit of speaker verifiers found.

    Attributes:
        title: of the report.
        data: n_speakers, n_trials, n_target, n_nontarget, min_speakers, p_target (of minDCF), trials_from ("file" or "made"),
            wer (of the recogniser over all speakers).
        systems: in the order given; the first is the baseline that others stand beside.
        warnings: sentences for the headline, most serious first.
        provenance: version, command, seed, input hashes, settings.
        recogniser: name of the recogniser whose WER stands beside; "" for none.
    """

    title: str
    data: Mapping[str, Any]
    systems: tuple[VerifierResult, ...]
    provenance: Provenance
    warnings: tuple[str, ...] = ()
    recogniser: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data with a format name and version; `verification_from` reads it back."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "title": self.title,
            "data": plain(self.data),
            "warnings": list(self.warnings),
            "recogniser": self.recogniser,
            "systems": [
                {
                    **{f.name: plain(getattr(system, f.name)) for f in fields(system) if f.name != "reports"},
                    "reports": {method: plain(vars(report)) for method, report in system.reports.items()},
                }
                for system in self.systems
            ],
            "provenance": plain(vars(self.provenance)),
        }


def verification_from(data: Mapping[str, Any]) -> VerificationResult:
    """The VerificationResult that `to_json` wrote.

    Raises:
        IngestError: the data is none, or one of another version.
    """
    if data.get("format") != FORMAT:
        raise IngestError(
            f"this is no audit of speaker verification: 'format' is {data.get('format')!r}, not {FORMAT!r}. "
            "Give the report.json of one."
        )
    if data.get("format_version") != FORMAT_VERSION:
        raise IngestError(
            f"this audit of speaker verification has format version {data.get('format_version')!r}; this fairasr reads version "
            f"{FORMAT_VERSION}. Run the audit again."
        )
    return VerificationResult(
        title=data["title"],
        data=data["data"],
        warnings=tuple(data["warnings"]),
        recogniser=data["recogniser"],
        systems=tuple(_verifier_from(system) for system in data["systems"]),
        provenance=Provenance(**data["provenance"]),
    )


def _verifier_from(data: Mapping[str, Any]) -> VerifierResult:
    return VerifierResult(
        system=data["system"],
        eer=estimate_from(data["eer"]),
        min_dcf=estimate_from(data["min_dcf"]),
        threshold=math.nan if data["threshold"] is None else float(data["threshold"]),
        n_target=int(data["n_target"]),
        n_nontarget=int(data["n_nontarget"]),
        reports={method: _report_from(report) for method, report in data["reports"].items()},
    )


def _report_from(data: Mapping[str, Any]) -> GroupReport:
    return GroupReport(
        method=data["method"],
        groups=_table(data["groups"], GROUP_COLUMNS, text=GROUP_TEXT),
        crossed=_table(data["crossed"], CROSSED_COLUMNS, text=("first", "second")),
        gap=estimate_from(data["gap"]),
        spread=estimate_from(data["spread"]),
        det={label: tuple((float(far), float(frr)) for far, frr in points) for label, points in data["det"].items()},
        notes=tuple(data["notes"]),
        map=data["map"],
    )


def _table(rows: list[Mapping[str, Any]], columns: Mapping[str, str], *, text: tuple[str, ...]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(columns))
    return table.astype({name: float for name in columns if name not in text})
