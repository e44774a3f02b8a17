"""The audit as a whole: what was audited, the systems, their paired comparison, what changes with the normaliser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from fairasr.core import AuditResult, ChangeReport, Estimate, Rate, SystemResult
from fairasr.report import numbers
from fairasr.report.rate_wording import Writing, writing_of
from fairasr.report.table import Cell, Table, columns
from fairasr.report.wording import clipped, group_in_words, method_in_words, name_in_words, suppression_in_words


def figures(data: Mapping[str, Any], *, measure: Rate | None = None) -> list[tuple[str, str, str]]:
    """The counts at the top: (figure, what it counts, small print); of another rate than errors, the sum that it is over."""
    by_utterance = "" if data.get("has_speaker_ids", True) else "no speaker ids: every utterance counts as its own speaker"
    shown = [
        (numbers.count(data.get("n_utterances")), "utterances", ""),
        (numbers.count(data.get("n_speakers")), "speakers", by_utterance),
        (
            numbers.count(data.get("n_ref_words")),
            f"reference {data.get('ref_unit', 'words')}" if measure is None else f"{clipped(measure.denominator)} in all",
            "",
        ),
    ]
    if data.get("discovery_speakers") is not None:
        shown.append((numbers.count(data["discovery_speakers"]), "speakers used to find groups", ""))
    if data.get("confirmation_speakers") is not None:
        folds = f"for the gaps, all: by {data.get('folds')} rules, each found without those it judges"
        by_folds = folds if data.get("basis") == "cross-fit" else ""
        shown.append((numbers.count(data["confirmation_speakers"]), "other speakers used to judge them", by_folds))
    return shown


def left_out_table(counts: Mapping[str, int | None], *, caption: str, heading: str, unit: str, total: Any) -> Table | None:
    """Reasons or columns with their counts, largest first, a count of None too small to show; None where there are none."""
    rows = sorted(((name, n) for name, n in counts.items() if n is None or n), key=lambda item: (-(item[1] or 0), item[0]))
    if not rows:
        return None
    whole = numbers.number(total)
    return Table(
        caption=caption,
        columns=columns(heading, unit),
        rows=tuple((Cell(text=clipped(name)), _few() if n is None else _part(n, whole)) for name, n in rows),
    )


def _part(n: int, whole: float) -> Cell:
    return Cell(text=numbers.count(n), note=numbers.percent(n / whole) if whole > 0 else "")


def _few() -> Cell:
    return Cell(text="a few", muted=True)


def systems_table(result: AuditResult) -> Table:
    """Every system over all speakers: rate with interval, and kinds of error, or of another rate both its sums."""
    writing = writing_of(result.system(result.focus))
    if writing.measure is not None:
        return _systems_by_rate(result, writing, writing.measure)
    rate_name = writing.name
    return Table(
        caption=f"Every system over all speakers. {rate_name} has a 95 % interval over speakers; the kinds of error add up to it.",
        columns=columns("System", rate_name, "Wrong words (S)", "Left out (D)", "Put in (I)", "No output", "Empty output", "Loops"),
        rows=tuple(_system_row(system, focus=result.focus, several=len(result.systems) > 1) for system in result.systems),
        layout="cards",
    )


def _systems_by_rate(result: AuditResult, writing: Writing, measure: Rate) -> Table:
    several = len(result.systems) > 1
    return Table(
        caption=f"Every system over all speakers: {writing.words}, with a 95 % interval over speakers.",
        columns=columns(
            "System", f"{clipped(writing.name)}{writing.unit}", clipped(measure.numerator), clipped(measure.denominator)
        ),
        rows=tuple(
            (
                Cell(text=clipped(system.system), tag="in focus" if several and system.system == result.focus else ""),
                Cell(text=writing.bare.rate_interval(system.overall)),
                *(Cell(text=numbers.count(system.totals.get(column))) for column in (measure.numerator, measure.denominator)),
            )
            for system in result.systems
        ),
        layout="cards",
    )


def _system_row(system: SystemResult, *, focus: str, several: bool) -> tuple[Cell, ...]:
    totals = system.totals
    units = next((totals[column] for column in ("n_ref_words", "n_ref_characters") if column in totals), 0)
    utterances = totals.get("n_utterances", 0)

    def share(column: str, whole: int) -> str:
        return numbers.percent(totals[column] / whole if whole else None) if column in totals else numbers.NOT_RECORDED

    def utterances_with(column: str) -> Cell:
        return Cell(text=numbers.count(totals.get(column)), note=share(column, utterances) if totals.get(column) else "")

    return (
        Cell(text=clipped(system.system), note=system.normaliser, tag="in focus" if several and system.system == focus else ""),
        Cell(text=numbers.percent_interval(system.overall, because="no reference words")),
        *(Cell(text=share(kind, units)) for kind in ("substitutions", "deletions", "insertions")),
        *(utterances_with(column) for column in ("n_missing", "n_empty", "n_loops")),
    )


def comparison_table(result: AuditResult) -> Table | None:
    """Over all speakers, each comparison of two systems; None where there is none."""
    rows = [(change, row) for change in result.comparisons for row in numbers.records(change.changes) if row["cohort"] == "all"]
    if not rows:
        return None
    writing = writing_of(result.system(result.focus))
    more = "makes more errors" if writing.is_of_errors else "has the higher rate"
    return Table(
        caption=f"Two systems on the same utterances, paired by speaker. A change above 0 means that the second {more}.",
        columns=columns("Compared", "First system", "Second system", "Change", "p", "Speakers"),
        rows=tuple(
            (
                Cell(text=f"{clipped(change.before)} → {clipped(change.after)}"),
                *_change_cells(row, writing),
                Cell(text=numbers.count(row["n_speakers"])),
            )
            for change, row in rows
        ),
        layout="cards",
    )


def change_by_cohort_table(change: ChangeReport, *, min_speakers: int | None, measure: Rate | None = None) -> Table | None:
    """One comparison cohort by cohort; None where it has only the row over all speakers."""
    rows = [row for row in numbers.records(change.changes) if row["cohort"] != "all"]
    if not rows:
        return None
    writing = Writing(name=change.rate_name, measure=measure)
    return Table(
        caption=f"{clipped(change.before)} → {clipped(change.after)}, group by group.",
        columns=columns("Group", "First system", "Second system", "Change", "p", "Speakers"),
        rows=tuple(_change_row(row, writing, min_speakers=min_speakers) for row in rows),
    )


def _change_row(row: Mapping[str, Any], writing: Writing, *, min_speakers: int | None) -> tuple[Cell, ...]:
    title = group_in_words(label=row["cohort"], description="")[0]
    if row.get("suppressed"):
        reason = suppression_in_words(row["suppressed"], min_speakers=min_speakers)
        return Cell(text=title), Cell(text=reason, muted=True), *(Cell(text="–", muted=True) for _ in range(4))
    return Cell(text=title), *_change_cells(row, writing), Cell(text=numbers.count(row["n_speakers"]))


def _change_cells(row: Mapping[str, Any], writing: Writing) -> tuple[Cell, ...]:
    change = numbers.estimate_of(row, "change")
    clear = change.is_known and (change.lo > 0 or change.hi < 0)
    more, less = ("worse", "better") if writing.is_of_errors else ("higher", "lower")
    tag = (more if change.value > 0 else less) if clear else ""
    return (
        Cell(text=writing.rate(row["rate_before"])),
        Cell(text=writing.rate(row["rate_after"])),
        Cell(text=writing.difference_interval(change), tag=tag),
        Cell(text=numbers.probability(row["p_value"])),
    )


def sensitivity_table(sensitivity: pd.DataFrame | None) -> Table | None:
    """How the gap changes with the text normaliser; None where no other was tried."""
    if sensitivity is None or sensitivity.empty:
        return None
    return Table(
        caption="The gap to the best served under other text normalisers. “Flips”: sign or significance differ from this audit's.",
        columns=columns("Way of grouping", "System", "Normaliser", "Gap to the best served", words=("System", "Normaliser")),
        rows=tuple(_sensitivity_row(row) for row in numbers.records(sensitivity)),
    )


def _sensitivity_row(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    gap = Estimate(value=numbers.number(row["relative_to_top"]), lo=numbers.number(row["lo"]), hi=numbers.number(row["hi"]))
    return (
        Cell(text=method_in_words(row["method"])),
        Cell(text=clipped(row["system"])),
        Cell(text=clipped(row["normaliser"])),
        Cell(text=numbers.percent_interval(gap), tag="flips" if row["flips"] else ""),
    )


def settings_table(settings: Mapping[str, Any], *, caption: str) -> Table | None:
    """Settings by name; None where there are none."""
    if not settings:
        return None
    return Table(
        caption=caption,
        columns=columns("Name", "Value", words=("Value",)),
        rows=tuple((Cell(text=name_in_words(str(name))), Cell(text=_setting(settings[name]))) for name in sorted(settings)),
    )


def inputs_table(inputs: Mapping[str, str]) -> Table | None:
    """SHA-256 of every input file; None where there are none."""
    if not inputs:
        return None
    return Table(
        caption="Input files and their SHA-256.",
        columns=columns("File", "SHA-256", words=("SHA-256",)),
        rows=tuple((Cell(text=clipped(name)), Cell(text=inputs[name])) for name in sorted(inputs)),
    )


def _setting(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return clipped(", ".join(f"{key}: {_setting(value[key])}" for key in sorted(value)))
    if isinstance(value, (list, tuple)):
        return clipped(", ".join(_setting(item) for item in value))
    return clipped(str(value))
