"""The page of an audit: the finding, the map, the chosen group, the tables. Numbers come from the result; none is computed here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fairasr.core import AuditResult, DisparityReport, SystemResult
from fairasr.dashboard.address import Address
from fairasr.dashboard.audit_choices import UNLISTED, measures, selectable
from fairasr.dashboard.cohort_detail import cohort_detail
from fairasr.dashboard.results import Entry
from fairasr.dashboard.shelf import Shelf
from fairasr.dashboard.utterance_list import listing_view
from fairasr.report import cohorts, comparison, headline, wording
from fairasr.report.export import cohorts_table, csv_bytes
from fairasr.report.maps import map_svg
from fairasr.report.rate_wording import writing_of

KINDS_OF_ERROR = ("substitutions", "deletions", "insertions")


def audit_view(entry: Entry, result: AuditResult, address: Address, shelf: Shelf) -> dict[str, Any]:
    """All that the template prints of the audit as the address wants it.

    Raises:
        AddressError: it asks for utterances that are not there.
    """
    shown = replace(result, focus=address["system"])
    system = shown.system(address["system"])
    report = system.reports.get(address["method"])
    return {
        "entry": entry,
        "title": result.title,
        "system": system,
        "writing": writing_of(system),
        "headline": headline.headline(shown),
        "warnings": result.warnings,
        "actions": {"table": address.beside("csv"), "page": address.beside("export")},
        "controls": [address.control(name) for name in _offered(address, report)],
        "method": None if report is None else method_view(entry, report, address, result=shown, shelf=shelf),
        "methods": methods_table(shown, address) if system.reports else None,
        "skipped": [(wording.method_in_words(method), result.skipped[method]) for method in sorted(result.skipped)],
    }


def _offered(address: Address, report: DisparityReport | None) -> list[str]:
    """The choices that change something here."""
    has_map = report is not None and report.map is not None
    has_measures = report is not None and has_map and len(measures(writing_of(report))) > 1
    return [
        "system",
        "method",
        *(["measure"] if has_measures else []),
        *(["raw"] if has_map and address["measure"] == "rate" else []),
    ]


def audit_csv(result: AuditResult, address: Address) -> bytes:
    """The cohorts that the page shows as CSV, suppressed numbers missing."""
    table = cohorts_table(result)
    return csv_bytes(table[(table["system"] == address["system"]) & (table["method"] == address["method"])])


def methods_table(result: AuditResult, address: Address) -> Any:
    """Every way of grouping, each row leading to its page."""
    links = {method: address.link(method=method, cohort="", **UNLISTED) for method in result.system(result.focus).reports}
    return comparison.methods_table(result, links=links, selected=address["method"])


def method_view(entry: Entry, report: DisparityReport, address: Address, *, result: AuditResult, shelf: Shelf) -> dict[str, Any]:
    """One way of grouping: map, chosen cohort, cohort tables, utterances."""
    min_speakers = result.data.get("min_speakers")
    selected = address["cohort"]
    links = {label: link for label in selectable(report) if (link := address.link(cohort=label, **UNLISTED))}
    tables = shelf.tables(
        (entry.folder, entry.identity, report.system, report.method, *links.values()),
        lambda: cohorts.cohort_tables(report, min_speakers=min_speakers, links=links),
    ).with_current(links.get(selected, ""))
    words = wording.method_in_words(report.method)
    return {
        "words": words,
        "verdict": headline.verdict_in_words(report),
        "estimate": headline.estimate_in_words(report),
        "ranked": writing_of(report).worst,
        "worst": headline.worst_in_words(report),
        "worst_link": links.get(report.worst, ""),
        "map": cohort_map(report, address, system=result.system(result.focus), links=links, min_speakers=min_speakers),
        "tables": tables,
        "is_between": tables.between is not None and any(row[0].is_current for row in tables.between.rows),
        "detail": cohort_detail(report, selected) if selected else None,
        "all_link": address.link(cohort="", **UNLISTED),
        "notes": report.notes,
        "listing": {} if address.is_static or report.measure is not None else listing_view(entry, report, address, shelf),
    }


def cohort_map(
    report: DisparityReport, address: Address, *, system: SystemResult, links: dict[str, str], min_speakers: int | None
) -> str | None:
    """The map as the address wants it, its regions leading to their pages; None where the method has none."""
    measure = address["measure"]
    return map_svg(
        report,
        title=f"{wording.clipped(report.rate_name)} of {wording.clipped(report.system)} by "
        f"“{wording.method_in_words(report.method)}”",
        min_speakers=min_speakers,
        measure=measure,
        shrunken=address["raw"] == "",
        overall=overall_of(measure, system),
        links=links,
        selected=address["cohort"],
        has_style=address.is_static,
    )


def overall_of(measure: str, system: SystemResult) -> float | None:
    """The rate of one kind of error over all speakers; None for a measure that has its own middle."""
    if measure not in KINDS_OF_ERROR:
        return None
    units = next((system.totals[column] for column in ("n_ref_words", "n_ref_characters") if column in system.totals), 0)
    return system.totals[measure] / units if units else None
