"""What can be chosen on the page of an audit."""

from __future__ import annotations

from collections.abc import Mapping

from fairasr.core import AuditResult, DisparityReport
from fairasr.dashboard.address import Address, Choice
from fairasr.report.comparison import in_order
from fairasr.report.headline import supported_report
from fairasr.report.rate_wording import Writing, writing_of
from fairasr.report.wording import clipped, group_in_words, method_in_short

SORTS = {"errors": "most errors", "rate": "highest rate", "table": "order of the table"}
SHRINKING = {"": "steadied", "raw": "as counted"}
UNLISTED = {"kind": "", "find": "", "page": "1"}
"""Choices that are about the list of utterances, as they are at first."""

LISTING = tuple(UNLISTED)


def unit_of(rate_name: str) -> str:
    """What errors are counted in: "character" under CER, else "word"."""
    return "character" if rate_name == "CER" else "word"


def kinds(rate_name: str) -> dict[str, str]:
    """Which utterances may be asked for: kind -> words."""
    units = f"{unit_of(rate_name)}s"
    return {
        "": "all",
        "substitutions": f"wrong {units}",
        "deletions": f"{units} left out",
        "insertions": f"{units} put in",
        "missing": "no output",
        "empty": "empty output",
    }


def measures(writing: Writing) -> dict[str, str]:
    """What a map of an audit may show: key of `fairasr.report.maps.MEASURES` -> words. Only errors have kinds."""
    rate = {"rate": clipped(writing.name), **({"gap": "gap to all"} if writing.is_percent else {})}
    if not writing.is_of_errors:
        return rate
    return {
        **rate,
        "substitutions": f"wrong {unit_of(writing.name)}s",
        "deletions": "left out",
        "insertions": "put in",
    }


def audit_address(path: str, result: AuditResult, given: Mapping[str, str], *, is_static: bool = False) -> Address:
    """The address of a page of an audit.

    Raises:
        AddressError: it names a system, method, cohort or measure that the audit does not have.
    """
    system_names = [system.system for system in result.systems]
    system = result.system(given["system"]) if given.get("system") in system_names else result.system(result.focus)
    # What is shown first does not depend on the system chosen: choosing another must not change the grouping too.
    focus = result.system(result.focus)
    reports = in_order(dict(focus.reports))
    first = supported_report(focus) or next(iter(reports), None)
    default = first.method if first else ""
    report = system.reports.get(given.get("method", default))
    below_cohort = ("cohort", *LISTING)
    return Address(
        path,
        [
            Choice(
                name="system",
                words="System",
                options={name: clipped(name) for name in system_names},
                default=result.focus,
                resets=below_cohort,
            ),
            Choice(
                name="method",
                words="Speakers by",
                options={one.method: method_in_short(one.method) for one in reports},
                default=default,
                resets=below_cohort,
            ),
            Choice(name="measure", words="Map shows", options=measures(writing_of(system)), default="rate"),
            Choice(name="raw", words="Rates", options=SHRINKING, default=""),
            Choice(name="cohort", words="Group", options=selectable(report), default="", resets=LISTING),
            Choice(name="kind", words="Utterances with", options=kinds(system.rate_name), default="", resets=("page",)),
            Choice(name="sort", words="Order", options=SORTS, default="errors", resets=("page",)),
            Choice(name="find", words="Words to find", options={}, default="", is_text=True, resets=("page",)),
            Choice(name="page", words="Page", options={}, default="1", is_number=True),
        ],
        given,
        is_static=is_static,
    )


def selectable(report: DisparityReport | None) -> dict[str, str]:
    """Label -> words of the cohorts that may be chosen: those whose numbers may be shown."""
    if report is None:
        return {}
    shown = report.cohorts[report.cohorts["suppressed"] == ""]
    return {
        str(label): group_in_words(label=str(label), description=str(description))[0]
        for label, description in zip(shown["cohort"], shown["description"], strict=True)
    }
