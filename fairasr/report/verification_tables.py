"""The tables of an audit of speaker verification: verifiers side by side, groups of each, trials between groups."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fairasr.core import UNKNOWN, Estimate, GroupReport, VerificationResult, VerifierResult
from fairasr.report import numbers
from fairasr.report.drawings import axis_drawing, axis_of, interval_drawing
from fairasr.report.table import Cell, Column, Table, columns
from fairasr.report.wording import clipped, group_in_words, method_in_words, suppression_in_words

MOST_GROUPS_ACROSS = 6
"""With more groups than this the table of verifiers shows only the one served worst and the one served best."""

GROUP_READING = {
    "Group": "Who they are. Trials within the group: both voices are of it.",
    "EER": "Equal error rate: within the group, at the threshold where as many strangers are accepted as speakers are rejected. "
    "The bar is the 95 % interval, the dashed line the rate of all trials. Speakers are drawn again on both sides of a trial.",
    "Against all": "Equal error rate minus that of all trials, in percentage points.",
    "Strangers accepted": "At the one threshold of everyone: trials of two speakers of the group that are taken for one (FAR).",
    "Speakers rejected": "At the one threshold of everyone: trials of one speaker that are taken for two (FRR).",
    "Least cost": "Least normalised detection cost (minDCF) within the group.",
    "Speakers": "Speakers with a trial within the group, and their trials: of one speaker + of two.",
    "Words wrong": "Word error rate of the same speakers by the recogniser named above.",
}

SYSTEM_READING = {
    "Verifier": "The first is the baseline that the others stand beside.",
    "All trials": "Equal error rate over all trials, and in small print the least normalised detection cost.",
    "Gap": "Equal error rate of the group served worst minus that of the one served best. The two are picked because they are the "
    "extremes, so the figure is larger than the truth where groups hardly differ.",
    "Spread": "Population standard deviation of the groups' equal error rates, in points (Jin et al. 2022).",
}


def systems_table(result: VerificationResult, method: str) -> Table:
    """Verifiers side by side as Jin et al. (2022) report them: overall, per group, gap, standard deviation."""
    shown = [(system, system.reports[method]) for system in result.systems if method in system.reports]
    labels = _labels(shown[0][1])
    across = labels if len(labels) <= MOST_GROUPS_ACROSS else [labels[0], labels[-1]]
    headings = [_title(shown[0][1], label) for label in across]
    return Table(
        caption=f"Equal error rates of every verifier by “{method_in_words(method)}”, with 95 % intervals.",
        columns=columns("Verifier", "All trials", *headings, "Gap", "Spread"),
        rows=tuple(_system_row(system, report, across, is_first=not position) for position, (system, report) in enumerate(shown)),
        reading=SYSTEM_READING,
        layout="cards",
    )


def _system_row(system: VerifierResult, report: GroupReport, across: list[str], *, is_first: bool) -> tuple[Cell, ...]:
    rows = {str(row["cohort"]): row for row in numbers.records(report.groups)}
    return (
        Cell(text=clipped(system.system), tag="baseline" if is_first else ""),
        Cell(text=numbers.percent_interval(system.eer), note=f"minDCF {numbers.coefficient(system.min_dcf.value)}"),
        *(_rate_cell(rows.get(label, {}), "eer") for label in across),
        _points(report.gap),
        _points(report.spread),
    )


def _points(estimate: Estimate) -> Cell:
    return Cell(
        text=numbers.points_interval(estimate).replace("+", "") if math.isfinite(estimate.value) else numbers.NOT_ESTIMABLE,
        muted=not math.isfinite(estimate.value),
    )


def _rate_cell(row: Mapping[str, Any], name: str) -> Cell:
    estimate = numbers.estimate_of(row, name)
    if row.get("suppressed"):
        return Cell(text="withheld", muted=True)
    return Cell(text=numbers.percent_interval(estimate), muted=not math.isfinite(estimate.value))


def groups_table(
    system: VerifierResult, report: GroupReport, *, recogniser: str, links: Mapping[str, str] | None = None, selected: str = ""
) -> Table:
    """The groups of one verifier that may be shown, highest equal error rate first, their word error rates beside."""
    rows = [row for row in numbers.records(report.groups) if not row["suppressed"]]
    has_words = bool(recogniser) and any(math.isfinite(numbers.number(row["wer"])) for row in rows)
    headings = [heading for heading in GROUP_READING if heading != "Words wrong" or has_words]
    axis = axis_of([system.eer, *(numbers.estimate_of(row, "eer") for row in rows)])
    drawn = {"EER": Column(heading="EER (%), dashed: all trials", drawing=axis_drawing(axis), numeric=False)}
    cells = [_group_cells(row, system=system, axis=axis, links=links or {}, selected=selected) for row in rows]
    return Table(
        caption=f"{clipped(system.system)} by “{method_in_words(report.method)}”: all {len(rows)} groups that may be shown, "
        "highest equal error rate first." + (f" Word error rates are those of {clipped(recogniser)}." if has_words else ""),
        columns=tuple(drawn.get(heading, Column(heading=heading, numeric=heading != "Group")) for heading in headings),
        rows=tuple(tuple(row[heading] for heading in headings) for row in cells),
        reading={heading: GROUP_READING[heading] for heading in headings},
        layout="cards",
    )


def _group_cells(
    row: Mapping[str, Any], *, system: VerifierResult, axis: Any, links: Mapping[str, str], selected: str
) -> dict[str, Cell]:
    title, label = group_in_words(label=row["cohort"], description=row["description"])
    eer, difference = numbers.estimate_of(row, "eer"), numbers.estimate_of(row, "difference_to_overall")
    trials = f"{numbers.count(row['n_target'])} + {numbers.count(row['n_nontarget'])} trials"
    return {
        "Group": Cell(
            text=title,
            note=label,
            link=links.get(row["cohort"], ""),
            is_current=bool(selected) and row["cohort"] == selected,
        ),
        "EER": Cell(
            text=numbers.percent_interval(eer, because=_because(row)),
            drawing=interval_drawing(eer, overall=system.eer.value, axis=axis),
            muted=not math.isfinite(eer.value),
        ),
        "Against all": Cell(text=numbers.points_interval(difference), muted=not math.isfinite(difference.value)),
        "Strangers accepted": _rate_cell(row, "far"),
        "Speakers rejected": _rate_cell(row, "frr"),
        "Least cost": Cell(text=numbers.coefficient(row["min_dcf"]), muted=not math.isfinite(numbers.number(row["min_dcf"]))),
        "Speakers": Cell(text=numbers.count(row["n_speakers"]), note=trials),
        "Words wrong": _rate_cell(row, "wer"),
    }


def _because(row: Mapping[str, Any]) -> str:
    if numbers.number(row["n_target"]) == 0:
        return "no speaker of it has a second utterance"
    return "no trials of two of its speakers" if numbers.number(row["n_nontarget"]) == 0 else ""


def withheld_table(system: VerifierResult, report: GroupReport, *, min_speakers: int | None) -> Table | None:
    """Groups whose numbers may not be shown, with the reason; None for none."""
    rows = [row for row in numbers.records(report.groups) if row["suppressed"]]
    if not rows:
        return None
    return Table(
        caption=f"{clipped(system.system)} by “{method_in_words(report.method)}”: groups whose numbers are withheld, here and in "
        "every file of this audit, to protect their speakers.",
        columns=columns("Group", "Why", words=("Why",)),
        rows=tuple(
            (Cell(text=title, note=label), Cell(text=suppression_in_words(row["suppressed"], min_speakers=min_speakers)))
            for row in rows
            for title, label in [group_in_words(label=row["cohort"], description=row["description"])]
        ),
    )


def crossed_table(system: VerifierResult, report: GroupReport) -> Table | None:
    """Strangers of two groups taken for one speaker, pair by pair, most often first; None where there are no such trials."""
    rows = sorted(numbers.records(report.crossed), key=lambda row: -numbers.number(row["far"]))
    if not rows:
        return None
    return Table(
        caption=f"{clipped(system.system)} by “{method_in_words(report.method)}”: trials of two speakers from different groups, "
        "and how often they are taken for one at the one threshold of everyone.",
        columns=columns("Groups", "Strangers accepted", "Trials"),
        rows=tuple(
            (
                Cell(text=f"{clipped(str(row['first']))} and {clipped(str(row['second']))}"),
                _rate_cell(row, "far"),
                Cell(text=numbers.count(row["n_nontarget"])),
            )
            for row in rows
        ),
    )


def _labels(report: GroupReport) -> list[str]:
    """Groups with a rate, highest first. Speakers of whom the group is not known stand last, and are neither worst nor best."""
    shown = [row for row in numbers.records(report.groups) if not row["suppressed"] and math.isfinite(numbers.number(row["eer"]))]
    return [str(row["cohort"]) for row in shown if row["cohort"] != UNKNOWN]


def _title(report: GroupReport, label: str) -> str:
    descriptions = dict(zip(report.groups["cohort"], report.groups["description"], strict=True))
    return group_in_words(label=label, description=str(descriptions[label]))[0]
