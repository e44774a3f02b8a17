"""The new systems side by side: rates and their spread over groups before and after, and what was forgotten elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fairasr.core import Comparison, Spread, SystemChange
from fairasr.core.disparity import ALL, TARGET, TARGET_TOGETHER
from fairasr.report import numbers
from fairasr.report.change_wording import FORGETTING_READING, OUTCOMES, SYSTEM_READING
from fairasr.report.changes import relative_in_words
from fairasr.report.table import Cell, Table, columns
from fairasr.report.wording import clipped

NOTHING = "\N{EN DASH}"


def systems_table(comparison: Comparison, *, links: Mapping[str, str] | None = None, selected: str = "") -> Table:
    """Mean, largest and variance over groups, target and overall, as Trinh et al. (2022) report them, each relative to before.

    Args:
        comparison: of these systems.
        links: name of a new system -> address that its row leads to.
        selected: name of the new system whose row is marked as chosen.
    """
    first = comparison.systems[0]
    has_target = target_row(first) is not None
    has_groups = first.before_spread.n_cohorts > 0
    headings = [
        heading
        for heading in SYSTEM_READING
        if (heading != "Target" or has_target) and (heading in ("System", "All speakers", "Target") or has_groups)
    ]
    rows = [_row(first, headings, name=comparison.before, end="before", tag="in use")]
    rows += [
        _leading(
            _row(system, headings, name=system.after, end="after", tag=OUTCOMES[system.verdict.outcome]),
            link=(links or {}).get(system.after, ""),
            is_current=system.after == selected,
        )
        for system in comparison.systems
    ]
    groups = f", over the {first.before_spread.n_cohorts} groups shown" if has_groups else ""
    return Table(
        caption=f"{comparison.rate_name} before and after{groups}. In small print the change relative to the system in use.",
        columns=columns(*headings),
        rows=tuple(rows),
        reading={heading: SYSTEM_READING[heading] for heading in headings},
        layout="cards",
    )


def _leading(cells: tuple[Cell, ...], *, link: str, is_current: bool) -> tuple[Cell, ...]:
    return (replace(cells[0], link=link, is_current=is_current), *cells[1:])


def target_row(system: SystemChange) -> Mapping[str, Any] | None:
    """The row of the target: several cohorts together, or the one that is shown; None where everyone is the target."""
    rows = numbers.records(system.change.changes)
    together = [row for row in rows if row["role"] == TARGET_TOGETHER]
    shown = [row for row in rows if row["role"] == TARGET and not row["suppressed"]]
    return next(iter([*together, *shown]), None)


def overall_row(system: SystemChange) -> Mapping[str, Any]:
    """The row of everyone."""
    return next(row for row in numbers.records(system.change.changes) if row["role"] == ALL)


def _row(system: SystemChange, headings: list[str], *, name: str, end: str, tag: str) -> tuple[Cell, ...]:
    spread = system.before_spread if end == "before" else system.after_spread
    overall, target = overall_row(system), target_row(system)
    cells = {
        "System": Cell(text=clipped(name), tag=tag),
        "All speakers": _rate(overall, end),
        "Target": _rate(target, end) if target else Cell(text=NOTHING, muted=True),
        "Mean of groups": _of_spread(system, spread, "mean", end),
        "Largest": _of_spread(system, spread, "max", end),
        "Variance": _of_spread(system, spread, "variance", end),
    }
    return tuple(cells[heading] for heading in headings)


def _rate(row: Mapping[str, Any], end: str) -> Cell:
    relative = numbers.number(row["relative_change"])
    return Cell(text=numbers.rate(row[f"rate_{end}"]), note=_relative(relative) if end == "after" else "")


def _of_spread(system: SystemChange, spread: Spread, name: str, end: str) -> Cell:
    before, value = getattr(system.before_spread, name), getattr(spread, name)
    text = f"{value:.6f}" if name == "variance" and math.isfinite(value) else numbers.rate(value)
    return Cell(text=text, note=_relative(value / before - 1) if end == "after" and before else "")


def _relative(value: float) -> str:
    return f"{numbers.decimal(100 * value, signed=True)}{numbers.SPACE}%" if math.isfinite(value) else ""


def forgetting_table(comparison: Comparison) -> Table | None:
    """Every forgetting set under every new system; None where there is no set."""
    rows = []
    for name in sorted(comparison.systems[0].forgetting):
        for system in comparison.systems:
            row = next(row for row in numbers.records(system.forgetting[name].changes) if row["role"] == ALL)
            forgets = name in system.verdict.harmed
            open_ = name in system.verdict.unsettled
            rows.append(
                (
                    Cell(text=clipped(name), note=f"{numbers.count(row['n_speakers'])} {comparison.unit}s"),
                    Cell(text=clipped(system.after), tag="forgets" if forgets else "open" if open_ else "no loss"),
                    Cell(text=f"{numbers.rate(row['rate_before'])} → {numbers.rate(row['rate_after'])}"),
                    Cell(text=relative_in_words(numbers.estimate_of(row, "relative_change"))),
                    _undone(system, name),
                )
            )
    if not rows:
        return None
    return Table(
        caption=f"What the new systems forgot: {comparison.rate_name} on speech that they were not meant to change."
        + (f" Undone: of what {clipped(comparison.against)} forgot." if comparison.against else ""),
        columns=columns(*FORGETTING_READING, words=("System",)),
        rows=tuple(rows),
        reading=FORGETTING_READING,
        layout="cards",
    )


def _undone(system: SystemChange, name: str) -> Cell:
    if name not in system.undone:
        return Cell(text=NOTHING, muted=True)
    return Cell(text=f"{100 * system.undone[name]:.0f}{numbers.SPACE}%".replace("-", numbers.MINUS))
