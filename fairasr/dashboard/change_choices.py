"""What can be chosen on the page of a comparison and of a fine-tuning job."""

from __future__ import annotations

from collections.abc import Mapping

from fairasr.core import Comparison, MitigationResult
from fairasr.core.disparity import OTHER, TARGET
from fairasr.dashboard.address import Address, Choice
from fairasr.report.change_wording import OUTCOMES
from fairasr.report.wording import clipped, group_in_words

MAPS = {"": "before and after", "change": "the change"}


def change_address(path: str, comparison: Comparison, given: Mapping[str, str], *, is_static: bool = False) -> Address:
    """The address of a page of a comparison.

    Raises:
        AddressError: it names a system or cohort that the comparison does not have, or a cohort whose numbers are withheld.
    """
    first = comparison.systems[0].after if comparison.systems else ""
    return Address(path, _change_choices(comparison, first=first), given, is_static=is_static)


def job_address(
    path: str, result: MitigationResult | None, runs: Mapping[str, str], given: Mapping[str, str], *, is_static: bool = False
) -> Address:
    """The address of a page of a fine-tuning job.

    Args:
        path: without a query.
        result: of the job; None while it is under way.
        runs: name of each run that can be chosen -> what it is called.
        given: the query.
        is_static: whether the page stands alone.

    Raises:
        AddressError: it names a run, system or cohort that is not there, or a cohort whose numbers are withheld.
    """
    choices = [] if result is None else _change_choices(result.comparison, first=first_system(result))
    choices.append(Choice(name="run", words="Run", options=runs, default=""))
    return Address(path, choices, given, is_static=is_static)


def first_system(result: MitigationResult) -> str:
    """The new system that is shown first: what is recommended, else the first of the league."""
    names = [system.after for system in result.comparison.systems]
    wanted = [result.recommended, *map(str, result.league["method"]), *names]
    return next((name for name in wanted if name in names), "")


def selectable(comparison: Comparison) -> dict[str, str]:
    """Label -> words of the cohorts that may be chosen: those whose numbers may be shown, under every new system."""
    shown: dict[str, str] = {}
    for position, system in enumerate(comparison.systems):
        rows = system.change.changes
        rows = rows[rows["role"].isin([TARGET, OTHER]) & (rows["suppressed"] == "")]
        labels = [str(label) for label in rows["cohort"]]
        if position == 0:
            words = comparison.descriptions
            shown = {label: group_in_words(label=label, description=words.get(label, ""))[0] for label in labels}
        shown = {label: text for label, text in shown.items() if label in labels}
    return shown


def _change_choices(comparison: Comparison, *, first: str) -> list[Choice]:
    systems = {system.after: f"{clipped(system.after)} ({OUTCOMES[system.verdict.outcome]})" for system in comparison.systems}
    return [
        Choice(name="system", words="New system", options=systems, default=first),
        Choice(name="map", words="Map shows", options=MAPS, default=""),
        Choice(name="cohort", words="Group", options=selectable(comparison), default=""),
    ]
