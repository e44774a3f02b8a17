"""The first page, for who has a minute: the worst-served groups in one sentence, the map, every result, the trend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fairasr.core import AuditResult, Comparison, MitigationResult, VerificationResult
from fairasr.dashboard.audit_choices import audit_address
from fairasr.dashboard.audit_page import cohort_map, methods_table
from fairasr.dashboard.job_page import job_now
from fairasr.dashboard.results import Entry
from fairasr.dashboard.trend import trend_table
from fairasr.report.change_headline import comparison_headline, mitigation_headline
from fairasr.report.headline import headline, supported_report
from fairasr.report.verification_headline import verification_headline
from fairasr.report.wording import method_in_words

KINDS = {
    "audit": "Audit",
    "comparison": "Comparison",
    "job": "Fine-tuning",
    "verification": "Speaker verification",
    "unreadable": "Not readable",
}


UNDER_WAY = {"running": "Under way: no result yet.", "stopped": "Stopped before it had a result; started again, it goes on."}


@dataclass(frozen=True, kw_only=True)
class Card:
    """One result in the list.

    Attributes:
        kind: what it is, in words.
        title, name: what it is called, and its folder.
        link: its page.
        sentence: the finding, or why it cannot be read.
        tag: verdict or state; "" for none.
    """

    kind: str
    title: str
    name: str
    link: str
    sentence: str
    tag: str = ""


def overview_view(entries: Sequence[Entry]) -> dict[str, Any]:
    """All that the template prints."""
    readable = [entry for entry in entries if entry.kind != "unreadable"]
    return {
        "title": "Who is served worst",
        "spotlight": _spotlight(readable),
        "cards": [_card(entry) for entry in readable],
        "unreadable": [_card(entry) for entry in entries if entry.kind == "unreadable"],
        "trend": trend_table(readable),
    }


def _spotlight(entries: Sequence[Entry]) -> dict[str, Any] | None:
    """The audit with the largest gap that is shown, or the first one; None without audits."""
    audits = [(entry, entry.result) for entry in entries if isinstance(entry.result, AuditResult)]
    if not audits:
        return None
    entry, result = max(audits, key=lambda one: _shown_gap(one[1]))
    address = audit_address(entry.path, result, {})
    system = result.system(result.focus)
    report = system.reports.get(address["method"])
    links = {} if report is None else {str(label): address.link(cohort=str(label)) for label in _shown(report.cohorts)}
    return {
        "headline": headline(result),
        "title": result.title,
        "link": address.link(),
        "n_audits": len(audits),
        "words": "" if report is None else method_in_words(report.method),
        "map": None
        if report is None
        else cohort_map(report, address, system=system, links=links, min_speakers=result.data.get("min_speakers")),
        "methods": methods_table(result, address) if system.reports else None,
        "warnings": result.warnings,
    }


def _shown(cohorts: Any) -> list[str]:
    return list(cohorts.loc[cohorts["suppressed"] == "", "cohort"])


def _shown_gap(result: AuditResult) -> float:
    report = supported_report(result.system(result.focus))
    low = -math.inf if report is None else report.honest.difference_to_overall.lo
    return low if math.isfinite(low) else -math.inf


def _card(entry: Entry) -> Card:
    sentence, tag = entry.problem, ""
    match entry.result:
        case AuditResult():
            found = headline(entry.result)
            sentence = f"{found.lead} {found.group}: {found.sentence}" if found.shown else found.sentence
            tag = "gap shown" if found.shown else "no gap shown"
        case Comparison():
            change = comparison_headline(entry.result)
            sentence, tag = change.sentence, change.outcome
        case MitigationResult():
            change = mitigation_headline(entry.result)
            sentence, tag = change.sentence, change.outcome
        case VerificationResult():
            verified = verification_headline(entry.result)
            sentence = f"{verified.lead} {verified.group}: {verified.sentence}" if verified.shown else verified.sentence
            tag = "gap shown" if verified.shown else "no gap shown"
        case None if entry.kind == "job":
            state = job_now(entry, None).state
            sentence, tag = UNDER_WAY[state], state
    return Card(kind=KINDS[entry.kind], title=entry.title, name=entry.name, link=entry.link, sentence=sentence, tag=tag)
