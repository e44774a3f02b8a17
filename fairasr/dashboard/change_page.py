"""The page of a comparison: the verdict, the maps before and after, the chosen group, the tables. Nothing is computed here."""

from __future__ import annotations

from typing import Any

from fairasr.core import Comparison, SystemChange
from fairasr.core.comparison import EVERYONE
from fairasr.dashboard.address import Address
from fairasr.dashboard.change_choices import selectable
from fairasr.dashboard.change_detail import change_detail
from fairasr.dashboard.results import Entry
from fairasr.report import change_overview, changes, numbers, wording
from fairasr.report.change_headline import comparison_headline, system_of
from fairasr.report.change_maps import change_map, map_pair
from fairasr.report.change_wording import OUTCOMES


def comparison_view(entry: Entry, comparison: Comparison, address: Address) -> dict[str, Any]:
    """All that the template prints of the comparison as the address wants it."""
    headline = comparison_headline(comparison)
    return {
        "entry": entry,
        "title": comparison.title,
        "headline": headline,
        "outcome": OUTCOMES[headline.outcome],
        "warnings": comparison.warnings,
        "actions": {"table": address.beside("csv"), "page": address.beside("export")},
        "change": change_view(comparison, address),
    }


def change_view(comparison: Comparison, address: Address) -> dict[str, Any]:
    """One new system against the one before: maps, the chosen cohort, tables."""
    system = system_of(comparison, address["system"])
    links = {label: link for label in selectable(comparison) if (link := address.link(cohort=label))}
    systems = {one.after: address.link(system=one.after) for one in comparison.systems}
    return {
        "before": comparison.before,
        "rate_name": comparison.rate_name,
        "rate_in_words": wording.rate_in_words(comparison.rate_name),
        "normaliser": comparison.normaliser,
        "grouping": wording.method_in_words(comparison.cohort_method) if comparison.cohort_method else "",
        "target": _target(comparison),
        "systems_table": change_overview.systems_table(comparison, links=systems, selected=address["system"])
        if comparison.systems
        else None,
        "forgetting_table": change_overview.forgetting_table(comparison) if comparison.systems else None,
        "between": [changes.between_table(change, descriptions=comparison.descriptions) for change in comparison.between],
        "notes": comparison.notes,
        "controls": [address.control(name) for name in ("system", *(["map"] if comparison.map is not None else []))],
        "system": None if system is None else _system_view(comparison, system, address, links=links),
    }


def _system_view(comparison: Comparison, system: SystemChange, address: Address, *, links: dict[str, str]) -> dict[str, Any]:
    selected, verdict = address["cohort"], system.verdict
    return {
        "name": wording.clipped(system.after),
        "outcome": OUTCOMES[verdict.outcome],
        "reasons": verdict.reasons,
        "margin": f"{100 * verdict.margin:g}{numbers.SPACE}%",
        "maps": _maps(comparison, system, address, links=links),
        "tables": changes.change_tables(system, comparison=comparison, links=links, selected=selected),
        "detail": change_detail(comparison, system, selected) if selected else None,
        "back": address.link(cohort=""),
        "has_choice": bool(links),
    }


def _maps(comparison: Comparison, system: SystemChange, address: Address, *, links: dict[str, str]) -> list[tuple[str, str]]:
    """The maps that the address wants, each with what it shows; none where the groups have no place."""
    selected, has_style = address["cohort"], address.is_static
    after = wording.clipped(system.after)
    if address["map"] == "change":
        drawn = change_map(comparison, system, links=links, selected=selected, has_style=has_style)
        return [] if drawn is None else [(drawn, f"Change from {wording.clipped(comparison.before)} to {after}")]
    pair = map_pair(comparison, system, links=links, selected=selected, has_style=has_style)
    if pair is None:
        return []
    return [(pair[0], f"Before: {wording.clipped(comparison.before)}"), (pair[1], f"After: {after}, in the same colours")]


def _target(comparison: Comparison) -> list[str]:
    """The cohorts that were to gain, in words; none where everyone is the target."""
    if comparison.target == (EVERYONE,):
        return []
    words = comparison.descriptions
    return [wording.group_in_words(label=label, description=words.get(label, ""))[0] for label in comparison.target]
