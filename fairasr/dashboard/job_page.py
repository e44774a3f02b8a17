"""The page of a fine-tuning job, finished or under way: what it found, its runs, how each goes."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from fairasr.core import MitigationResult
from fairasr.dashboard.address import Address
from fairasr.dashboard.change_page import change_view
from fairasr.dashboard.history_drawing import Line, history_svg, run_svg
from fairasr.dashboard.job_folder import MOST_RUNS, Job, read_job
from fairasr.dashboard.job_tables import (
    duration,
    quantity_in_words,
    recorded_runs_table,
    run_settings_table,
    runs_table,
    values_table,
)
from fairasr.dashboard.results import Entry, natural_order
from fairasr.dashboard.run_folder import Run, State
from fairasr.report import curve, league
from fairasr.report.change_headline import mitigation_headline
from fairasr.report.change_wording import OUTCOMES
from fairasr.report.wording import clipped

MOST_NAMED = 12
"""Lines with a name in one drawing; the others are faint."""

MOST_UNFOLDED = 15
"""Runs of a finished job whose table is open from the start."""

DRAWN = ("loss_task", "loss_penalty")
"""What is drawn of every run; all else is drawn of the one that is chosen."""

REFRESH_S = {"finished": 0, "running": 4, "stopped": 60}
"""Seconds after which the page asks again."""

STATES: tuple[State, ...] = ("running", "finished", "failed", "stopped")


def job_now(entry: Entry, result: MitigationResult | None) -> Job:
    """The job's folder as it is now, with its report or without."""
    return read_job(entry.folder, is_finished=result is not None, now_s=time.time(), root=entry.root)


def job_view(entry: Entry, result: MitigationResult | None, job: Job, address: Address) -> dict[str, Any]:
    """All that the template prints of the job as the address wants it.

    Args:
        entry: the job among the results.
        result: its report; None while it is under way.
        job: its folder as it is now.
        address: what is chosen.
    """
    found = None if result is None else mitigation_headline(result)
    runs = sorted(job.runs, key=lambda run: natural_order(run.name))
    return {
        "entry": entry,
        "title": entry.title,
        "state": job.state,
        "state_sentence": state_in_words(job, now_s=time.time()),
        "refresh": REFRESH_S[job.state],
        "headline": found,
        "outcome": "" if found is None else OUTCOMES[found.outcome],
        "warnings": () if result is None else result.comparison.warnings,
        "actions": {
            "table": address.beside("csv"),
            "league": f"{entry.link.replace('/result/', '/csv/', 1)}?table=league",
            "page": address.beside("export"),
        },
        "change": None if result is None else change_view(result.comparison, address),
        "league": None if result is None else _league_view(result, address),
        "runs": _runs_view(runs, job, address),
        "recorded": None if result is None or runs else recorded_runs_table(result),
    }


def state_in_words(job: Job, *, now_s: float) -> str:
    """Where the job is, in a sentence or two."""
    states = Counter(run.state for run in job.runs)
    counted = ", ".join(f"{states[state]:,} {state}" for state in STATES if states[state])
    runs = f"{len(job.runs):,} run{'s' if len(job.runs) != 1 else ''}: {counted}." if job.runs else "No run has begun."
    if job.state == "finished":
        return f"The job is finished. {runs}" if job.runs else "The job is finished."
    silence = "" if job.changed_s is None else duration(max(now_s - job.changed_s, 0.0))
    if job.state == "running":
        busy = "" if states["running"] else " Between runs the job prepares or transcribes, which leaves no steps."
        return f"The job is under way. {runs}{busy} Last sign of life {silence} ago."
    failed = "A run failed. " if states["failed"] else ""
    since = f" for {silence}" if silence else ""
    return f"The job has stopped. {failed}No sign of life{since}. {runs} Started again, it goes on where it was."


def _league_view(result: MitigationResult, address: Address) -> dict[str, Any]:
    systems = {system.after for system in result.comparison.systems}
    links = {name: address.link(system=name) for name in map(str, result.league["method"]) if name in systems}
    names = {"worst": "target groups", "overall": "all development speakers", "forgetting": "forgetting set"}
    drawn = {
        across: curve.curve_svg(result.curve, across=across, names=names, rate_name=result.comparison.rate_name)
        for across in ("overall", "forgetting")
    }
    return {
        "table": league.league_table(result, links=links, selected=address["system"]),
        "rule": result.rule,
        "recommended": clipped(result.recommended),
        "figures": league.speaker_figures(result),
        "curves": [(f"Target groups against {names[across]}", svg) for across, svg in drawn.items() if svg],
        "seeds": ", ".join(map(str, result.seeds)),
        "candidates": league.candidates_table(result),
    }


def _runs_view(runs: Sequence[Run], job: Job, address: Address) -> dict[str, Any] | None:
    """The list of runs, their curves, the one that is chosen; None without runs."""
    if not runs:
        return None
    selected = next((run for run in runs if run.name == address["run"]), None)
    numbered = named_runs(runs, selected=address["run"])
    links = {run.name: link for run in runs if (link := address.link(run=run.name))}
    n_faint = sum(bool(run.history.points) and run.name not in numbered for run in runs)
    return {
        "table": runs_table(runs, lines=numbered, links=links, selected=address["run"]),
        "is_folded": job.state == "finished" and len(runs) > MOST_UNFOLDED,
        "left_out": f"{job.n_left_out:,} more runs are in the folder; the first {MOST_RUNS} are listed." if job.n_left_out else "",
        "drawings": [_drawing(name, runs, numbered, selected=address["run"]) for name in DRAWN if _is_drawn(name, runs)],
        "faint": f"{n_faint:,} more run{'s' if n_faint != 1 else ''} without a number, cut off at the top" if n_faint else "",
        "chosen": None if selected is None else _run_view(selected, address),
    }


def named_runs(runs: Sequence[Run], *, selected: str) -> dict[str, int]:
    """Run -> number of its line, for at most 12 that have steps: the chosen one, those running, then of every method the first,
    of every method the second, and so on, so that no method with many settings hides the others. Numbered in the order given."""
    seen: dict[str, int] = defaultdict(int)
    ranked = []
    for position, run in enumerate(runs):
        if run.history.points:
            ranked.append((run.name != selected, run.state != "running", seen[run.method], position))
            seen[run.method] += 1
    kept = sorted(position for *_, position in sorted(ranked)[:MOST_NAMED])
    return {runs[position].name: number for number, position in enumerate(kept, start=1)}


def _is_drawn(name: str, runs: Sequence[Run]) -> bool:
    """Whether any run has the quantity, and not 0 throughout."""
    return any(value != 0 for run in runs for _, value in run.history.points.get(name, ()))


def _drawing(name: str, runs: Sequence[Run], numbered: dict[str, int], *, selected: str) -> tuple[str, str]:
    """One quantity of every run in which it is not 0 throughout: (SVG, what it shows)."""
    words = quantity_in_words(name)
    lines = [
        Line(
            points=run.history.points.get(name, ()),
            number=numbered.get(run.name, 0),
            name=run.title,
            is_selected=run.name == selected,
        )
        for run in runs
        if _is_drawn(name, [run])
    ]
    n_steps = max((run.n_steps or 0 for run in runs), default=0)
    said = f"{words} at every step of every run. The table of runs holds the last values."
    return history_svg(lines, words=said, n_steps=n_steps), words


def _run_view(run: Run, address: Address) -> dict[str, Any]:
    """All that is known of one run."""
    history = run.history
    return {
        "title": run.title,
        "name": run.name,
        "state": run.state,
        "problems": run.problems,
        "progress": _progress(run),
        "drawings": [_drawing_of(name, run) for name in history.points],
        "table": values_table(run),
        "settings": run_settings_table(run),
        "back": address.link(run=""),
    }


def _drawing_of(name: str, run: Run) -> tuple[str, str]:
    """One quantity of one run: (SVG, what it shows)."""
    words = quantity_in_words(name)
    said = f"{words} at every step of {run.title}. The table below holds the last value."
    return run_svg(run.history.points[name], words=said, n_steps=run.n_steps or 0), words


def _progress(run: Run) -> str:
    made = f"{run.history.n_steps:,}"
    if run.n_steps is None:
        return f"{made} steps made; how many it is to make is not known."
    return f"{made} of {run.n_steps:,} steps made, on {duration(run.history.audio_s)} of audio."
