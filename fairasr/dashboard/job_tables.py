"""The runs of a fine-tuning job as tables: what each is, how far it is, what its settings are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fairasr.core import MitigationResult
from fairasr.dashboard.history_drawing import in_words
from fairasr.dashboard.run_folder import Run
from fairasr.report import numbers
from fairasr.report.table import Cell, Table, columns
from fairasr.report.wording import clipped

NOTHING = Cell(text="\N{EN DASH}", muted=True)
QUANTITIES = {
    "loss_task": "Loss",
    "loss_penalty": "Penalty",
    "penalty_ratio": "Penalty divided by loss",
    "learning_rate": "Learning rate",
    "gradient_norm": "Norm of the gradient",
    "target_share": "Share of target utterances in the batch",
    "audio_s": "Seconds of audio in the batch",
}
"""Quantity in a history -> what it is called on the page; another keeps its own name."""

RUNS_READING = {
    "Run": "Method, swept value and seed. A number is the run's line in the drawings below.",
    "State": "Stopped: interrupted, or without a sign of life for ten minutes. A job that is started again goes on where it was.",
    "Steps": "Steps made of those it is to make.",
    "Loss": "Of the last step, on training speakers: it says whether training goes on, not whether anybody is served better.",
    "Penalty": "What the method adds to the loss at the last step.",
    "Audio": "Recordings trained on, repetitions counted.",
}


def quantity_in_words(name: str) -> str:
    """What a quantity is called on the page."""
    return QUANTITIES.get(name, clipped(name.replace("_", " ")))


def runs_table(runs: Sequence[Run], *, lines: Mapping[str, int], links: Mapping[str, str], selected: str) -> Table:
    """One row per run.

    Args:
        runs: in the order of the rows.
        lines: name of a run -> number of its line in the drawings.
        links: name of a run -> address that its row leads to.
        selected: name of the run that is shown.
    """
    return Table(
        caption=f"{len(runs):,} training run{'s' if len(runs) != 1 else ''}, at the last step of each.",
        columns=columns(*RUNS_READING, words=("State",)),
        rows=tuple(_row(run, line=lines.get(run.name), link=links.get(run.name, ""), selected=selected) for run in runs),
        reading=RUNS_READING,
        layout="cards",
    )


def _row(run: Run, *, line: int | None, link: str, selected: str) -> tuple[Cell, ...]:
    history = run.history
    total = f" of {run.n_steps:,}" if run.n_steps is not None else ""
    return (
        Cell(
            text=clipped(run.title),
            note=". ".join([*([f"line {line}"] if line else []), *run.problems]),
            link=link,
            is_current=bool(selected) and run.name == selected,
        ),
        Cell(text="", tag=run.state),
        Cell(text=f"{history.n_steps:,}{total}"),
        _value(history.last.get("loss_task")),
        _value(history.last.get("loss_penalty")),
        Cell(text=duration(history.audio_s)) if history.audio_s else NOTHING,
    )


def values_table(run: Run) -> Table | None:
    """The quantities of one run at its last step, with the lowest and the highest; None before the first step."""
    points = run.history.points
    if not points:
        return None
    return Table(
        caption=f"{clipped(run.title)}: last, lowest and highest value of every quantity.",
        columns=columns("Quantity", "Last", "Lowest", "Highest"),
        rows=tuple(
            (
                Cell(text=quantity_in_words(name)),
                _value(run.history.last.get(name)),
                _value(min(value for _, value in points[name])),
                _value(max(value for _, value in points[name])),
            )
            for name in points
        ),
    )


def run_settings_table(run: Run) -> Table | None:
    """All that the run's weights depend on, one row per setting, nested names with dots; None where it is not known."""
    flat = _flat(run.settings)
    if not flat:
        return None
    return Table(
        caption=f"Settings of {clipped(run.title)}.",
        columns=columns("Name", "Value", words=("Value",)),
        rows=tuple((Cell(text=clipped(name)), Cell(text=clipped(flat[name]))) for name in sorted(flat)),
    )


def recorded_runs_table(result: MitigationResult) -> Table | None:
    """The runs as the report of the job tells of them, where their folders are not beside it; None where it tells of none."""
    kept: dict[str, Mapping[str, Any]] = {}
    for run in result.runs:
        kept[str(run.get("folder"))] = run
    if not kept:
        return None
    return Table(
        caption="The runs, as the job recorded them: their folders are not beside this report.",
        columns=columns("Run", "Seed", "Steps", "Audio", "Time", words=()),
        rows=tuple(
            (
                Cell(text=clipped(str(run.get("method", ""))), note=clipped(str(run.get("setting", "")))),
                Cell(text=str(run.get("seed", ""))),
                Cell(text=numbers.count(run.get("step"))),
                Cell(text=duration(numbers.number(run.get("audio_s")))),
                Cell(text=duration(numbers.number(run.get("wall_s")))),
            )
            for run in kept.values()
        ),
        layout="cards",
    )


def duration(seconds: float) -> str:
    """Seconds as a person says them: "45 s", "13 min 05 s", "2 h 08 min"."""
    if not seconds >= 0:
        return numbers.NOT_RECORDED
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,}{numbers.SPACE}h {minutes:02d}{numbers.SPACE}min"
    return f"{minutes}{numbers.SPACE}min {rest:02d}{numbers.SPACE}s" if minutes else f"{rest}{numbers.SPACE}s"


def _value(value: float | None) -> Cell:
    return NOTHING if value is None else Cell(text=in_words(value))


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{name}.")
        elif isinstance(value, list):
            flat[name] = ", ".join(map(str, value)) or "none"
        else:
            flat[name] = "none" if value is None or value == "" else {"True": "yes", "False": "no"}.get(str(value), str(value))
    return flat
