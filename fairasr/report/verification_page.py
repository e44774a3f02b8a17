"""An audit of speaker verification as one HTML page: no script, no request, nothing beside it."""

from __future__ import annotations

import math
from typing import Any, Literal

from fairasr.core import UNDEFINED, UNKNOWN, Estimate, GroupReport, VerificationResult, VerifierResult
from fairasr.report.rendering import rendered

STYLES = ("page.css", "change.css", "verification.css")
MOST_CURVES = 8
"""Groups whose curves are drawn: more cannot be told apart."""


def render_verification(result: VerificationResult) -> str:
    """The page: self-contained, no script. Same result, same text."""
    from fairasr.report import numbers, overview
    from fairasr.report.verification_headline import verification_headline

    provenance, data = result.provenance, result.data
    tables = (
        overview.inputs_table(provenance.inputs),
        overview.settings_table(provenance.settings, caption="Settings of the audit."),
    )
    first = result.systems[0]
    view = {
        "title": result.title,
        "warnings": result.warnings,
        "headline": verification_headline(result),
        "system": first.system,
        "figures": [
            (numbers.count(data.get("n_speakers")), "speakers"),
            (numbers.count(data.get("n_target")), "trials of one speaker"),
            (numbers.count(data.get("n_nontarget")), "trials of two speakers"),
        ],
        "recogniser": result.recogniser,
        "sections": [section(result, first, method, has_style=True) for method in sorted(first.reports)],
        "others": [
            (other.system, [section(result, other, method, has_style=True) for method in sorted(other.reports)])
            for other in result.systems[1:]
        ],
        "min_speakers": data.get("min_speakers"),
        "provenance": provenance,
        "provenance_tables": [table for table in tables if table is not None],
    }
    return rendered("verification.html.jinja", view, styles=STYLES)


def section(
    result: VerificationResult,
    system: VerifierResult,
    method: str,
    *,
    has_style: bool,
    links: dict[str, str] | None = None,
    selected: str = "",
) -> dict[str, Any]:
    """What a template prints of one verifier under one way of grouping."""
    from fairasr.report import verification_tables, wording
    from fairasr.report.det_plot import det_svg
    from fairasr.report.verification_maps import rate_map

    report = system.reports[method]
    min_speakers = result.data.get("min_speakers")

    def drawn_map(rate: Literal["eer", "wer"], name: str, overall: Estimate) -> str | None:
        return rate_map(
            report,
            rate=rate,
            system=name,
            overall=overall,
            min_speakers=min_speakers,
            links=links,
            selected=selected,
            has_style=has_style,
        )

    curves = {label: report.det[label] for label in _drawn(report)}
    return {
        "method": method,
        "words": wording.method_in_words(method),
        "systems": verification_tables.systems_table(result, method),
        "groups": verification_tables.groups_table(system, report, recogniser=result.recogniser, links=links, selected=selected),
        "withheld": verification_tables.withheld_table(system, report, min_speakers=min_speakers),
        "crossed": verification_tables.crossed_table(system, report),
        "det": det_svg(curves, names=_names(report)),
        "n_left_out": _n_shown(report) - sum(label != "" for label in curves),
        "maps": [
            (caption, drawn)
            for caption, drawn in (
                (f"Equal error rates of {wording.clipped(system.system)}", drawn_map("eer", system.system, system.eer)),
                (f"Word error rates of {wording.clipped(result.recogniser)}", drawn_map("wer", result.recogniser, _words(result))),
            )
            if drawn
        ],
        "notes": report.notes,
    }


def _words(result: VerificationResult) -> Estimate:
    """Word error rate of the recogniser over all speakers, the middle of its map's colours."""
    overall = result.data.get("wer")
    return UNDEFINED if overall is None else Estimate(value=float(overall), lo=math.nan, hi=math.nan)


def _drawn(report: GroupReport) -> list[str]:
    """Everyone, and the groups whose curves are drawn: all, or those served worst and best where there are many."""
    from fairasr.report.det_plot import is_drawable

    ranked = [str(label) for label in report.groups["cohort"] if is_drawable(report.det.get(str(label), ()))]
    half = MOST_CURVES // 2
    kept = ranked if len(ranked) <= MOST_CURVES else [*ranked[:half], *ranked[-half:]]
    return [*kept, *([""] if "" in report.det else [])]


def _n_shown(report: GroupReport) -> int:
    """Groups that may be shown: those without a curve within the axes are among those left out of the drawing."""
    return int(((report.groups["suppressed"] == "") & (report.groups["cohort"] != UNKNOWN)).sum())


def _names(report: GroupReport) -> dict[str, str]:
    from fairasr.report.wording import group_in_words

    pairs = zip(report.groups["cohort"], report.groups["description"], strict=True)
    return {str(label): group_in_words(label=str(label), description=str(words))[0] for label, words in pairs}
