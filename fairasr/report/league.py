"""The league table of a fine-tuning job and its speakers, runs and candidates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fairasr.core import MitigationResult
from fairasr.core.comparison import Outcome
from fairasr.core.privacy import speakers_in_words
from fairasr.report import numbers
from fairasr.report.change_overview import overall_row, target_row
from fairasr.report.change_wording import OUTCOMES
from fairasr.report.table import Cell, Table, columns
from fairasr.report.wording import clipped

LEAGUE_READING = {
    "Method": "The system in use first, then every method with the setting that the rule chose for it, best first by the rule. "
    "“Recommended” is what to ship.",
    "Target": "Error rate of the target groups on test speakers, mean over seeds ± standard deviation over seeds.",
    "Everyone else": "Error rate of all other test speakers.",
    "All": "Error rate of all test speakers.",
    "Forgetting set": "Error rate on speech that should not change.",
    "Development": "Error rates on development speakers, target and all: what the rule chose by. Those on test speakers are the "
    "honest ones.",
    "Verdict": "On test speakers, by the paired intervals below.",
    "Training": "Mean over seeds.",
}

PARTS = ("training", "development", "test")


def league_table(result: MitigationResult, *, links: Mapping[str, str] | None = None, selected: str = "") -> Table:
    """One row per method in the order of the league, the base first.

    Args:
        result: of the job.
        links: method -> address that its row leads to.
        selected: method whose row is marked as chosen.
    """
    rows = numbers.records(result.league)
    has_forgetting = any(math.isfinite(numbers.number(row["forgetting"])) for row in rows)
    headings = [heading for heading in LEAGUE_READING if heading != "Forgetting set" or has_forgetting]
    cells = [_base_cells(result), *(_cells(row, links=links or {}, selected=selected) for row in rows)]
    return Table(
        caption=f"{result.comparison.rate_name} on test speakers, every method at the same budget, "
        f"{len(result.seeds)} seed{'s' if len(result.seeds) != 1 else ''}.",
        columns=columns(*headings, words=("Verdict",)),
        rows=tuple(tuple(row[heading] for heading in headings) for row in cells),
        reading={heading: LEAGUE_READING[heading] for heading in headings},
        layout="cards",
    )


def _base_cells(result: MitigationResult) -> dict[str, Cell]:
    first = result.comparison.systems[0] if result.comparison.systems else None
    target = None if first is None else target_row(first)
    overall = None if first is None else overall_row(first)
    sets = [] if first is None else [numbers.records(change.changes)[0] for _, change in sorted(first.forgetting.items())]
    nothing = Cell(text="–", muted=True)
    base = result.curve[result.curve["method"] == "base"]
    development = (
        Cell(text=f"{numbers.rate(base['worst'].iloc[0])} / {numbers.rate(base['overall'].iloc[0])}") if len(base) else nothing
    )
    return {
        "Method": Cell(text=clipped(result.comparison.before), tag="in use"),
        "Target": Cell(text=numbers.rate(target["rate_before"])) if target else nothing,
        "Everyone else": nothing,
        "All": Cell(text=numbers.rate(overall["rate_before"])) if overall else nothing,
        "Forgetting set": Cell(text=numbers.rate(sets[0]["rate_before"])) if sets else nothing,
        "Development": development,
        "Verdict": nothing,
        "Training": nothing,
    }


def _cells(row: Mapping[str, Any], *, links: Mapping[str, str], selected: str) -> dict[str, Cell]:
    method = str(row["method"])
    outcome: Outcome = row["outcome"]
    over = "" if row["within_cap"] else "above the cap"
    return {
        "Method": Cell(
            text=clipped(method),
            note=f"step {numbers.count(row['step'])}, {row['n_seeds']} seed{'s' if row['n_seeds'] != 1 else ''}",
            tag="recommended" if row["chosen"] else "",
            link=links.get(method, ""),
            is_current=bool(selected) and method == selected,
        ),
        "Target": _over_seeds(row, "worst"),
        "Everyone else": _over_seeds(row, "general"),
        "All": _over_seeds(row, "overall"),
        "Forgetting set": _over_seeds(row, "forgetting"),
        "Development": Cell(
            text=f"{numbers.rate(row['development_worst'])} / {numbers.rate(row['development_overall'])}", note=over
        ),
        "Verdict": Cell(text="", tag=OUTCOMES[outcome]),
        "Training": Cell(text=_duration(numbers.number(row["train_s"]))),
    }


def _over_seeds(row: Mapping[str, Any], name: str) -> Cell:
    value, spread = numbers.number(row[name]), numbers.number(row[f"{name}_sd"])
    if not math.isfinite(value):
        return Cell(text="not measured", muted=True)
    return Cell(text=numbers.rate(value), note=f"± {numbers.decimal(100 * spread)}" if math.isfinite(spread) else "")


def _duration(seconds: float) -> str:
    if not math.isfinite(seconds):
        return numbers.NOT_RECORDED
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}{numbers.SPACE}min {rest:02d}{numbers.SPACE}s" if minutes else f"{rest}{numbers.SPACE}s"


def candidates_table(result: MitigationResult) -> Table:
    """Every trained candidate on development speakers, means over seeds."""
    keys = ["method", "strength", "step"]
    means = result.curve.groupby(keys, sort=False, dropna=False).agg(
        worst=("worst", "mean"),
        general=("general", "mean"),
        overall=("overall", "mean"),
        forgetting=("forgetting", "mean"),
        seeds=("seed", "size"),
        chosen=("chosen", "any"),
    )
    rows = numbers.records(means.reset_index())
    has_forgetting = any(math.isfinite(numbers.number(row["forgetting"])) for row in rows)
    sets = ("Forgetting set",) if has_forgetting else ()
    return Table(
        caption="Every candidate on development speakers, means over seeds.",
        columns=columns("Method", "Strength", "Step", "Seeds", "Target", "Everyone else", "All", *sets),
        rows=tuple(
            (
                Cell(text=clipped(str(row["method"])), tag="chosen" if row["chosen"] else ""),
                Cell(text=f"{row['strength']:g}") if math.isfinite(numbers.number(row["strength"])) else Cell(text="–", muted=True),
                Cell(text=numbers.count(row["step"])),
                Cell(text=numbers.count(row["seeds"])),
                *(Cell(text=numbers.rate(row[name])) for name in ("worst", "general", "overall")),
                *(Cell(text=numbers.rate(row["forgetting"])) for _ in sets),
            )
            for row in rows
        ),
    )


def speaker_figures(result: MitigationResult) -> list[tuple[str, str, str]]:
    """How many speakers each part of the job had: (figure, what it counts, small print)."""
    shown = []
    parts = [name for name in result.speakers if not name.endswith(" target")]
    for name in sorted(parts, key=lambda name: (PARTS.index(name) if name in PARTS else len(PARTS), name)):
        target = result.speakers.get(f"{name} target")
        note = f"{speakers_in_words(target)} in the target" if target is not None else ""
        shown.append((numbers.count(result.speakers[name]), f"{name} {result.comparison.unit}s", note))
    return shown
