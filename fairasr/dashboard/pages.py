"""A result and a query to the page, or the table, that they ask for."""

from __future__ import annotations

from collections.abc import Mapping

from fairasr.core import AuditResult, Comparison, MitigationResult, VerificationResult
from fairasr.dashboard import rendering
from fairasr.dashboard.audit_choices import audit_address
from fairasr.dashboard.audit_page import audit_csv, audit_view
from fairasr.dashboard.change_choices import change_address, job_address
from fairasr.dashboard.change_csv import changes_csv, league_csv
from fairasr.dashboard.change_page import comparison_view
from fairasr.dashboard.job_page import job_now, job_view
from fairasr.dashboard.results import Entry
from fairasr.dashboard.shelf import Shelf
from fairasr.dashboard.verification_page import verification_address, verification_csv, verification_view
from fairasr.report.change_headline import system_of

LEAGUE = "league"


def page_of(entry: Entry, given: Mapping[str, str], shelf: Shelf, *, is_static: bool) -> str:
    """The page of a result as the query wants it; a static one stands alone.

    Raises:
        AddressError: the query asks for what the result does not have.
    """
    match entry.result:
        case AuditResult() as audit:
            address = audit_address(entry.path, audit, given, is_static=is_static)
            return rendering.page("audit.html.jinja", audit_view(entry, audit, address, shelf), is_static=is_static)
        case Comparison() as comparison:
            address = change_address(entry.path, comparison, given, is_static=is_static)
            return rendering.page("comparison.html.jinja", comparison_view(entry, comparison, address), is_static=is_static)
        case VerificationResult() as verification:
            address = verification_address(entry.path, verification, given, is_static=is_static)
            view = verification_view(entry, verification, address)
            return rendering.page("verifier.html.jinja", view, is_static=is_static)
        case MitigationResult() | None as found:
            job = job_now(entry, found)
            address = job_address(entry.path, found, job.titles, given, is_static=is_static)
            return rendering.page("job.html.jinja", job_view(entry, found, job, address), is_static=is_static)


def table_of(entry: Entry, given: Mapping[str, str]) -> bytes | None:
    """The table of a result as CSV: its cohorts or their changes, or with `table=league` the league; None where there is none yet.

    Raises:
        AddressError: the query asks for what the result does not have.
    """
    match entry.result:
        case AuditResult() as audit:
            return audit_csv(audit, audit_address(entry.path, audit, given))
        case Comparison() as comparison:
            return _changes(comparison, change_address(entry.path, comparison, given)["system"])
        case VerificationResult() as verification:
            return verification_csv(verification, verification_address(entry.path, verification, given))
        case MitigationResult() as found:
            if given.get("table") == LEAGUE:
                return league_csv(found)
            return _changes(found.comparison, job_address(entry.path, found, job_now(entry, found).titles, given)["system"])
        case None:
            return None


def _changes(comparison: Comparison, name: str) -> bytes | None:
    system = system_of(comparison, name)
    return None if system is None else changes_csv(comparison, system)
