"""AuditResult: all that one audit found, as data. Reports, dashboards and exports read it and compute nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from fairasr.core.disparity import COHORT_COLUMNS, ChangeReport, DisparityReport, disparity_from
from fairasr.core.errors import IngestError
from fairasr.core.estimate import Estimate, estimate_from, plain
from fairasr.core.provenance import Provenance
from fairasr.core.rate import Rate, rate_from

FORMAT = "fairasr-audit"
FORMAT_VERSION = 1
RATE_FORMAT_VERSION = 2
"""Of an audit of another rate than errors, which a reader that knows only errors must not take for them."""

MAP_KINDS = ("boxes", "areas", "points", "projection")
NAMED = tuple(COHORT_COLUMNS)[:4]
"""Columns without which no cohort can be told: who it is and whether its numbers may be shown."""


@dataclass(frozen=True, kw_only=True)
class SystemResult:
    """One system: its overall rate and one DisparityReport per method.

    Attributes:
        system: name.
        overall: pooled rate over all speakers.
        totals: sums of the count columns over all utterances (n_utterances, n_ref_words, substitutions, n_missing, ...).
        reports: method -> DisparityReport.
        normaliser: profile and version the texts went through.
        rate_name: "WER", "CER", or the name of `measure`.
        measure: what the rate is made of and written in, where it is not one of errors; the same for every system.
    """

    system: str
    overall: Estimate
    totals: Mapping[str, int]
    reports: Mapping[str, DisparityReport]
    normaliser: str
    rate_name: str
    measure: Rate | None = None


@dataclass(frozen=True, kw_only=True)
class AuditResult:
    """What one audit found.

    Attributes:
        title: of the report.
        data: n_utterances, n_speakers, n_ref_words, has_speaker_ids, discovery_speakers, confirmation_speakers,
            min_speakers, bottom_share, folds, basis, set_aside (reason -> rows), missing (column -> utterances without a value).
        warnings: sentences that belong in the headline, most serious first.
        systems: one result per system, in the order given.
        focus: the system whose cohorts are shown in full.
        skipped: method -> why it could not run.
        comparisons: the other systems against the focus, paired by speaker.
        sensitivity: one row per normaliser x system x method: normaliser, system, method, relative_to_top, lo, hi, flips
            (True where sign or significance differs from the audit's own normaliser).
        provenance: version, command, seed, input hashes, settings.
    """

    title: str
    data: Mapping[str, Any]
    systems: tuple[SystemResult, ...]
    focus: str
    provenance: Provenance
    warnings: tuple[str, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    comparisons: tuple[ChangeReport, ...] = ()
    sensitivity: pd.DataFrame | None = None

    def system(self, name: str) -> SystemResult:
        """The result of one system.

        Raises:
            KeyError: no system of that name was audited.
        """
        for result in self.systems:
            if result.system == name:
                return result
        raise KeyError(f"no system {name!r} in this audit; it has {', '.join(r.system for r in self.systems)}.")

    def __getitem__(self, method: str) -> DisparityReport:
        """Report of `method` for the focus system."""
        return self.system(self.focus).reports[method]

    @property
    def measure(self) -> Rate | None:
        """The rate that was audited; None for errors."""
        return self.systems[0].measure if self.systems else None

    @property
    def summary(self) -> pd.DataFrame:
        """The comparison table: one row per system x method."""
        return pd.DataFrame([_summary_row(system, report) for system in self.systems for report in system.reports.values()])

    def to_json(self) -> dict[str, Any]:
        """Plain data with a format name and version; `audit_from` reads it back."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION if self.measure is None else RATE_FORMAT_VERSION,
            "title": self.title,
            "data": plain(self.data),
            "warnings": list(self.warnings),
            "focus": self.focus,
            "skipped": dict(self.skipped),
            "systems": [
                {
                    "system": s.system,
                    "overall": plain(s.overall),
                    "totals": plain(s.totals),
                    "normaliser": s.normaliser,
                    "rate_name": s.rate_name,
                    **({} if s.measure is None else {"measure": s.measure.to_json()}),
                    "reports": {method: report.to_json() for method, report in s.reports.items()},
                }
                for s in self.systems
            ],
            "comparisons": [plain(vars(change)) for change in self.comparisons],
            "sensitivity": plain(self.sensitivity),
            "provenance": plain(vars(self.provenance)),
        }


def _summary_row(system: SystemResult, report: DisparityReport) -> dict[str, Any]:
    honest = report.honest
    return {
        "system": system.system,
        "method": report.method,
        "basis": honest.basis,
        "overall": honest.overall_rate.value,
        "bottom": honest.bottom_rate.value,
        "relative_to_top": honest.relative_to_top.value,
        "relative_to_top_lo": honest.relative_to_top.lo,
        "relative_to_top_hi": honest.relative_to_top.hi,
        "relative_to_bottom": honest.relative_to_bottom.value,
        "bottom_share_speakers": honest.bottom_share_speakers,
        "apparent_relative_to_top": report.apparent.relative_to_top.value,
        "p_value": report.p_value,
        "p_adjusted": report.p_adjusted,
        **{f"stability_{name}": value for name, value in report.stability.items()},
    }


def audit_from(data: Mapping[str, Any]) -> AuditResult:
    """The AuditResult that `to_json` wrote.

    Raises:
        IngestError: the data is no audit, one of another version, or one that lacks what every audit has: its focus among its
            systems, cohorts in every report, maps of known kinds.
    """
    if data.get("format") != FORMAT:
        raise IngestError(
            f"this is not an audit result: 'format' is {data.get('format')!r}, not {FORMAT!r}. Give the report.json of an audit."
        )
    if data.get("format_version") not in (FORMAT_VERSION, RATE_FORMAT_VERSION):
        raise IngestError(
            f"this audit result has format version {data.get('format_version')!r}; this fairasr reads version "
            f"{FORMAT_VERSION} and {RATE_FORMAT_VERSION}. Run the audit again."
        )
    _check(data)
    return AuditResult(
        title=data["title"],
        data=data["data"],
        warnings=tuple(data["warnings"]),
        focus=data["focus"],
        skipped=data["skipped"],
        systems=tuple(
            SystemResult(
                system=s["system"],
                overall=estimate_from(s["overall"]),
                totals=s["totals"],
                normaliser=s["normaliser"],
                rate_name=s["rate_name"],
                measure=rate_from(s.get("measure")),
                reports={method: disparity_from(report) for method, report in s["reports"].items()},
            )
            for s in data["systems"]
        ),
        comparisons=tuple(ChangeReport(**{**change, "changes": pd.DataFrame(change["changes"])}) for change in data["comparisons"]),
        sensitivity=None if data["sensitivity"] is None else pd.DataFrame(data["sensitivity"]),
        provenance=Provenance(**data["provenance"]),
    )


def _check(data: Mapping[str, Any]) -> None:
    """Refuse, every broken rule together, what no audit writes and no page could show."""
    names = [system["system"] for system in data["systems"]]
    broken = []
    if data["focus"] not in names:
        broken.append(f"its focus {data['focus']!r} is none of its {len(names)} systems")
    for system in data["systems"]:
        for method, report in system["reports"].items():
            where = f"{method!r} of {system['system']!r}"
            rows = report["cohorts"]
            if not rows or any(name not in rows[0] for name in NAMED):
                broken.append(f"{where} has no cohorts, or they lack one of {', '.join(NAMED)}")
            if report["map"] is not None and report["map"].get("kind") not in MAP_KINDS:
                broken.append(f"the map of {where} is of kind {report['map'].get('kind')!r}, none of {', '.join(MAP_KINDS)}")
    if broken:
        raise IngestError(f"this audit result is damaged: {broken[0]} ({len(broken)} such faults). Run the audit again.")
