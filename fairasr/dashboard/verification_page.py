"""The page of an audit of speaker verification: verifiers, groups, curves, the map of equal error rates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fairasr.core import GroupReport, VerificationResult, VerifierResult
from fairasr.dashboard.address import Address, Choice
from fairasr.dashboard.cohort_detail import Detail
from fairasr.dashboard.results import Entry
from fairasr.report import numbers
from fairasr.report.export import csv_bytes
from fairasr.report.verification_files import groups_of_all
from fairasr.report.verification_headline import verification_headline
from fairasr.report.verification_page import section
from fairasr.report.wording import clipped, group_in_words, method_in_short


def verification_address(path: str, result: VerificationResult, given: Mapping[str, str], *, is_static: bool = False) -> Address:
    """The address of a page of an audit of speaker verification.

    Raises:
        AddressError: it names a verifier, a way of grouping or a group that is not there, or one whose numbers are withheld.
    """
    names = {system.system: clipped(system.system) for system in result.systems}
    first = result.systems[0]
    system = _system(result, given.get("system", "")) or first
    method = given.get("method", "")
    report = system.reports.get(method) or next((system.reports[name] for name in sorted(system.reports)), None)
    return Address(
        path,
        [
            Choice(name="system", words="Verifier", options=names, default=first.system),
            Choice(
                name="method",
                words="Speakers by",
                options={name: method_in_short(name) for name in sorted(system.reports)},
                default=next(iter(sorted(system.reports)), ""),
                resets=("cohort",),
            ),
            Choice(name="cohort", words="Group", options=_selectable(report), default=""),
        ],
        given,
        is_static=is_static,
    )


def verification_view(entry: Entry, result: VerificationResult, address: Address) -> dict[str, Any]:
    """All that the template prints of the audit as the address wants it."""
    system = _system(result, address["system"]) or result.systems[0]
    report = system.reports.get(address["method"])
    links = {label: link for label in _selectable(report) if (link := address.link(cohort=label))}
    selected = address["cohort"]
    return {
        "entry": entry,
        "title": result.title,
        "system": system.system,
        "recogniser": result.recogniser,
        "headline": verification_headline(result, system=system),
        "warnings": result.warnings,
        "actions": {"table": address.beside("csv"), "page": address.beside("export")},
        "controls": [address.control(name) for name in ("system", "method")],
        "part": None
        if report is None
        else section(result, system, report.method, has_style=address.is_static, links=links, selected=selected),
        "detail": None if report is None or not selected else _detail(system, report, selected, recogniser=result.recogniser),
        "all_link": address.link(cohort=""),
    }


def verification_csv(result: VerificationResult, address: Address) -> bytes:
    """The groups that the page shows as CSV, suppressed numbers missing."""
    table = groups_of_all(result)
    return csv_bytes(table[(table["system"] == address["system"]) & (table["method"] == address["method"])])


def _system(result: VerificationResult, name: str) -> VerifierResult | None:
    return next((system for system in result.systems if system.system == name), None)


def _selectable(report: GroupReport | None) -> dict[str, str]:
    """Label -> words of the groups that may be chosen: those whose numbers may be shown."""
    if report is None:
        return {}
    shown = report.groups[report.groups["suppressed"] == ""]
    pairs = zip(shown["cohort"], shown["description"], strict=True)
    return {str(label): group_in_words(label=str(label), description=str(words))[0] for label, words in pairs}


def _detail(system: VerifierResult, report: GroupReport, label: str, *, recogniser: str) -> Detail:
    row = next(row for row in numbers.records(report.groups) if row["cohort"] == label)
    title, small = group_in_words(label=label, description=row["description"])
    return Detail(title=title, label=small, sentence=_sentence(row, system), facts=tuple(_facts(row, recogniser=recogniser)))


def _sentence(row: Mapping[str, Any], system: VerifierResult) -> str:
    rate, difference = numbers.estimate_of(row, "eer"), numbers.estimate_of(row, "difference_to_overall")
    if not math.isfinite(rate.value):
        return "Its equal error rate cannot be estimated: it needs trials of one speaker and of two."
    against = f"Equal error rate {numbers.percent(rate.value)}, against {numbers.percent(system.eer.value)} over all trials."
    if not difference.is_known:
        return against
    if difference.lo <= 0 <= difference.hi:
        return f"{against} The difference may be chance: its 95 % interval includes 0."
    return f"{against} The difference is {numbers.points_interval(difference)}, taken alone."


def _facts(row: Mapping[str, Any], *, recogniser: str) -> list[tuple[str, str, str]]:
    facts = [
        ("EER", numbers.percent_interval(numbers.estimate_of(row, "eer")), "in brackets the 95 % interval"),
        ("Strangers accepted", numbers.percent_interval(numbers.estimate_of(row, "far")), "at the one threshold of everyone"),
        ("Speakers rejected", numbers.percent_interval(numbers.estimate_of(row, "frr")), "at the one threshold of everyone"),
        ("Least cost", numbers.coefficient(row["min_dcf"]), "minDCF"),
        ("Speakers", numbers.count(row["n_speakers"]), ""),
        ("Trials", f"{numbers.count(row['n_target'])} + {numbers.count(row['n_nontarget'])}", "of one speaker, of two"),
    ]
    if recogniser and math.isfinite(numbers.number(row["wer"])):
        facts.append(
            ("WER", numbers.percent_interval(numbers.estimate_of(row, "wer")), f"of the same speakers, by {clipped(recogniser)}")
        )
    return facts
