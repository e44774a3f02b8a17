"""The folder of a fine-tuning job, finished or under way."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fairasr.dashboard.result_files import inside
from fairasr.dashboard.run_folder import SILENT_S, Run, read_run

JOB = "job.json"
RUNS = "runs"
REPORT = "report.json"
WORKED_IN = ("", RUNS, "cache", "hypotheses")
"""Folders that a job writes to between its runs: estimates before training, transcripts after it."""

MOST_RUNS = 200
"""Runs that are listed; a page of more would be no help."""

JobState = Literal["finished", "running", "stopped"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A fine-tuning job as its folder shows it.

    Attributes:
        state: "finished" with a report; else "running", or "stopped" where nothing shows a sign of life.
        runs: in the order of their names, as they sort in a folder.
        n_left_out: further runs that are not listed.
        changed_s: when the job last gave a sign (seconds since 1970); None where nothing of it is left.
    """

    state: JobState
    runs: tuple[Run, ...]
    n_left_out: int
    changed_s: float | None

    @property
    def titles(self) -> dict[str, str]:
        """Name of every run -> what it is called."""
        return {run.name: run.title for run in self.runs}


def is_job_folder(folder: Path) -> bool:
    """Whether a fine-tuning job was begun there."""
    return (folder / JOB).is_file() and (folder / RUNS).is_dir()


def run_names(folder: Path, *, root: Path) -> list[str]:
    """Names of the runs of the job in `folder`; links to runs are not followed, nor a link that leads out of `root`."""
    if not inside(root, folder / RUNS):
        return []
    # A name that starts with a dot is a folder that is being written.
    with suppress(OSError), os.scandir(folder / RUNS) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."))
    return []


def read_job(folder: Path, *, is_finished: bool, now_s: float, root: Path | None = None) -> Job:
    """The job in `folder` as it is now. Nothing that is missing or damaged stops it: each run says what it lacks.

    Args:
        folder: of the job.
        is_finished: whether it has a report.
        now_s: seconds since 1970.
        root: folder that no link may lead out of; None: the job's own.
    """
    names = run_names(folder, root=folder if root is None else root)
    runs = [read_run(folder / RUNS / name, now_s=now_s) for name in names[:MOST_RUNS]]
    there = tuple(run for run in runs if run is not None)
    signs = [run.changed_s for run in there]
    for name in WORKED_IN:
        with suppress(OSError):
            signs.append((folder / name).stat().st_mtime)
    changed_s = max(signs, default=None)
    return Job(
        state="finished" if is_finished else _state(there, changed_s=changed_s, now_s=now_s),
        runs=there,
        n_left_out=max(len(names) - MOST_RUNS, 0),
        changed_s=changed_s,
    )


def _state(runs: tuple[Run, ...], *, changed_s: float | None, now_s: float) -> JobState:
    """Whether somebody works at a job without a report: a run that failed ends it, unless something happened since."""
    if any(run.state == "running" for run in runs):
        return "running"
    if changed_s is None or now_s - changed_s > SILENT_S:
        return "stopped"
    return "stopped" if any(run.state in ("failed", "stopped") and run.changed_s >= changed_s for run in runs) else "running"
