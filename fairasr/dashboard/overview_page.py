"""The first page, for who has a minute: the worst-served groups in one sentence, the map, every result, the trend."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from fairasr.core import AuditResult, Comparison, MitigationResult, VerificationResult
from fairasr.dashboard.audit_choices import audit_address
from fairasr.dashboard.audit_page import cohort_map, methods_table
from fairasr.dashboard.job_page import job_now
from fairasr.dashboard.results import MOST_FOLDERS, Entry, Listing
from fairasr.dashboard.trend import trend_rows, trend_table
from fairasr.report.change_headline import comparison_headline, mitigation_headline
from fairasr.report.headline import headline, supported_report
from fairasr.report.verification_headline import verification_headline
from fairasr.report.wording import method_in_words

LOG = logging.getLogger(__name__)
Made = TypeVar("Made")

KINDS = {
    "audit": "Audit",
    "comparison": "Comparison",
    "job": "Fine-tuning",
    "verification": "Speaker verification",
    "unreadable": "Not readable",
}

WORST, HIGHEST = "Who is served worst", "Who is ranked highest"
"""What the page asks: of errors more is worse, of another rate nobody has said so."""

UNDER_WAY = {"running": "Under way: no result yet.", "stopped": "Stopped before it had a result; started again, it goes on."}


@dataclass(frozen=True, kw_only=True)
class Card:
    """One result in the list.

    Attributes:
        kind: what it is, in words.
        name: its folder, which no other result has.
        title: what it is called, often only the name of the file it was made from; "" where the folder says it already.
        link: its page; "" where it has none.
        sentence: the finding, or why it cannot be read.
        tag: verdict or state; "" for none.
    """

    kind: str
    name: str
    title: str
    link: str
    sentence: str
    tag: str = ""


def overview_view(listing: Listing) -> dict[str, Any]:
    """All that the template prints. A result that cannot be shown is listed with the reason and takes nothing else along."""
    guard = _Guard()
    readable = [entry for entry in listing.entries if entry.kind != "unreadable"]
    cards = {entry.name: guard.of(entry, _card) for entry in readable}
    rows = [row for entry in readable for row in guard.of(entry, lambda one: list(trend_rows(one))) or ()]
    spotlight = _spotlight([entry for entry in readable if entry.kind == "audit"], guard)
    unreadable = [entry if entry.kind == "unreadable" else guard.told(entry) for entry in listing.entries]
    return {
        "title": WORST if spotlight is None or spotlight["is_of_errors"] else HIGHEST,
        "spotlight": spotlight,
        "cards": [card for name, card in cards.items() if card is not None and name not in guard.problems],
        "unreadable": [_card(entry) for entry in unreadable if entry is not None],
        "trend": trend_table([row for row in rows if row.entry.name not in guard.problems]),
        "searched": "" if listing.is_whole else f"{MOST_FOLDERS:,}",
    }


class _Guard:
    """Remembers which results could not be shown, and why."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}

    def of(self, entry: Entry, make: Callable[[Entry], Made]) -> Made | None:
        """What `make` makes of the result; None where it fails, or something of that result has failed before."""
        if entry.name in self.problems:
            return None
        try:
            return make(entry)
        except Exception as error:  # a report holds whatever somebody wrote, and the other results are none the worse for it
            LOG.exception("the result in %s cannot be shown", ascii(str(entry.folder)))
            self.problems[entry.name] = f"its report.json is damaged: {error!r} while it was shown. Make the result again."
            return None

    def told(self, entry: Entry) -> Entry | None:
        """The result as one that cannot be read; None where nothing failed."""
        problem = self.problems.get(entry.name)
        return None if problem is None else replace(entry, kind="unreadable", result=None, problem=problem)


def _spotlight(audits: Sequence[Entry], guard: _Guard) -> dict[str, Any] | None:
    """The audit with the largest gap that is shown, or the first one; None without audits that can be shown.

    Where gaps are shown, those in errors come before those of other rates, which are in units of their own.
    """
    gaps = [(gap, entry) for entry in audits if (gap := guard.of(entry, _shown_gap)) is not None]
    for gap, entry in sorted(gaps, key=lambda one: (math.isinf(one[0]), _audit_of(one[1]).measure is not None, -one[0])):
        view = guard.of(entry, _spotlight_of)
        if view is not None:
            others = [_audit_of(other) for other in audits if other.name not in guard.problems]
            return {**view, "among": "" if math.isinf(gap) else _among(_audit_of(entry), others)}
    return None


def _among(result: AuditResult, audits: Sequence[AuditResult]) -> str:
    """Of which audits its gap is the largest, in words: those of the same rate; "" where there is no other."""
    n_alike = sum(other.measure == result.measure for other in audits)
    if n_alike < 2:
        return ""
    return f"{n_alike:,} audits" + ("" if n_alike == len(audits) else " of errors" if result.measure is None else " of this rate")


def _audit_of(entry: Entry) -> AuditResult:
    assert isinstance(entry.result, AuditResult), "only audits have a spotlight"
    return entry.result


def _spotlight_of(entry: Entry) -> dict[str, Any]:
    result = _audit_of(entry)
    address = audit_address(entry.path, result, {})
    system = result.system(result.focus)
    report = system.reports.get(address["method"])
    links = {} if report is None else {str(label): address.link(cohort=str(label)) for label in _shown(report.cohorts)}
    return {
        "headline": headline(result),
        "is_of_errors": result.measure is None,
        "name": entry.place,
        "title": entry.subtitle,
        "link": address.link(),
        "words": "" if report is None else method_in_words(report.method),
        "map": None
        if report is None
        else cohort_map(report, address, system=system, links=links, min_speakers=result.data.get("min_speakers")),
        "methods": methods_table(result, address) if system.reports else None,
        "warnings": result.warnings,
    }


def _shown(cohorts: Any) -> list[str]:
    return list(cohorts.loc[cohorts["suppressed"] == "", "cohort"])


def _shown_gap(entry: Entry) -> float:
    result = _audit_of(entry)
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
    link = "" if entry.kind == "unreadable" else entry.link
    return Card(kind=KINDS[entry.kind], name=entry.place, title=entry.subtitle, link=link, sentence=sentence, tag=tag)
