"""Made-up folders of fine-tuning jobs: runs with histories of known numbers, and whole jobs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

NOW_S = 1_800_000_000.0
"""The moment at which the tests look."""


def line(step: int, **values: Any) -> str:
    """One line of a history."""
    return json.dumps({"step": step, **values}) + "\n"


def write_run(
    job: Path,
    name: str,
    *,
    lines: Sequence[str] = (),
    status: str | None = "running",
    silent_s: float = 0.0,
    record: Mapping[str, Any] | None = None,
    is_finished: bool = False,
) -> Path:
    """A run in `job`, its last sign of life `silent_s` before `NOW_S`."""
    folder = job / "runs" / name
    folder.mkdir(parents=True, exist_ok=True)
    (job / "job.json").write_text("{}")
    method = name.rpartition("-seed")[0].rsplit("-", 2)[0]
    settings = {"fingerprint": {"method": method, "settings": {}}, "budget": {"n_steps": 10}, "seed": 0, "trainable": {"w": [3]}}
    (folder / "run.json").write_text(json.dumps(settings if record is None else record))
    if lines:
        (folder / "history.jsonl").write_text("".join(lines))
    if status is not None:
        (folder / "status.json").write_text(json.dumps({"run": name, "status": status}))
    if is_finished:
        (folder / "finished.json").write_text(json.dumps({"wall_s": 1.0}))
    age(job, silent_s)
    return folder


def age(job: Path, silent_s: float) -> None:
    """Let the last sign of life of everything in `job` be `silent_s` before `NOW_S`."""
    for path in [job, *job.rglob("*")]:
        os.utime(path, (NOW_S - silent_s, NOW_S - silent_s))
