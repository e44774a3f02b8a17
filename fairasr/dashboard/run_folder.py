"""The folder of one training run: what it is, how far it is, and whether anybody still works at it."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from fairasr.dashboard.history import HISTORY, History, read_history

RUN, STATUS, FINISHED = "run.json", "status.json", "finished.json"
SILENT_S = 600.0
"""Seconds without a sign after which nobody may be there any longer: a step takes less, on any machine that can train."""

LARGEST_BYTES = 32 * 1024 * 1024
NAME = re.compile(r"(?P<setting>.+)-[0-9a-f]{8}-seed(?P<seed>\d{1,9})")
"""Folder of a run: method and swept value, a digest of all settings, the seed."""

State = Literal["running", "finished", "failed", "stopped"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training run.

    Attributes:
        name: of its folder.
        title: method, swept value and seed, as far as they are known.
        method: "" where it is not known.
        seed: None where it is not known.
        state: "stopped" where it was interrupted, or shows no sign of life.
        n_steps: steps that it is to make; None where they are not known.
        settings: all that its weights depend on, without the names of the weights.
        history: its steps.
        changed_s: when it last gave a sign (seconds since 1970).
        problems: what could not be read, one sentence each.
    """

    name: str
    title: str
    method: str
    seed: int | None
    state: State
    n_steps: int | None
    settings: Mapping[str, Any]
    history: History
    changed_s: float
    problems: tuple[str, ...] = ()


def read_run(folder: Path, *, now_s: float) -> Run | None:
    """The run in `folder` as it is now; None where the folder is gone.

    Args:
        folder: of the run.
        now_s: seconds since 1970.
    """
    changed_s = _last_sign(folder)
    if changed_s is None:
        return None
    settings, problem = _content(folder / RUN)
    status, status_problem = _content(folder / STATUS)
    history = read_history(folder)
    problems = [text for text in (problem, status_problem if (folder / STATUS).exists() else "") if text]
    if history.n_damaged:
        problems.append(
            f"{history.n_damaged:,} {'lines of its history are' if history.n_damaged > 1 else 'line of its history is'} damaged "
            "and left out"
        )
    if history.problem and history.n_steps == 0 and (folder / HISTORY).exists():
        problems.append(history.problem)
    named = NAME.fullmatch(folder.name)
    fingerprint, budget = _part(settings, "fingerprint"), _part(settings, "budget")
    method = str(fingerprint.get("method", ""))
    seed = _whole(settings.get("seed"))
    return Run(
        name=folder.name,
        title=_title(folder.name, named, method),
        method=method or (named["setting"] if named else folder.name),
        seed=int(named["seed"]) if seed is None and named else seed,
        state=_state(folder, status, changed_s=changed_s, now_s=now_s),
        n_steps=_whole(budget.get("n_steps")),
        settings=settings,
        history=history,
        changed_s=changed_s,
        problems=tuple(problems),
    )


def _title(name: str, named: re.Match[str] | None, method: str) -> str:
    """ "ewc 0.1, seed 2" for "ewc-0.1-b0ebfffb-seed2"; another name stays as it is."""
    if named is None:
        return name
    value = named["setting"].removeprefix(f"{method}-") if method else ""
    setting = f"{method} {value}" if value and value != named["setting"] else named["setting"]
    return f"{setting}, seed {int(named['seed'])}"


def _state(folder: Path, status: Mapping[str, Any], *, changed_s: float, now_s: float) -> State:
    """The state that is recorded, unless it says "running" (or nothing) and nobody has given a sign for long."""
    said = status.get("status")
    if said == "finished" or _is_plain(folder / FINISHED):
        return "finished"
    if said in ("failed", "stopped"):
        return "failed" if said == "failed" else "stopped"
    return "running" if now_s - changed_s <= SILENT_S or is_locked(folder) else "stopped"


def is_locked(folder: Path) -> bool:
    """Whether a process is training in `folder`: it holds a lock there until it ends, however it ends.

    The lock is tried for an instant, and only after a long silence: who begins to train at that very instant would be refused.
    """
    try:
        from fcntl import LOCK_NB, LOCK_SH, flock
    except ImportError:  # not on Windows
        return False
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            flock(descriptor, LOCK_SH | LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
    return False


def _is_plain(path: Path) -> bool:
    """Whether there is a file that is no link."""
    with suppress(OSError):
        return stat.S_ISREG(path.lstat().st_mode)
    return False


def _last_sign(folder: Path) -> float | None:
    times = []
    for path in (folder, folder / HISTORY, folder / STATUS):
        with suppress(OSError):
            times.append(path.lstat().st_mtime)
    return max(times) if times and folder.is_dir() else None


def _content(path: Path) -> tuple[Mapping[str, Any], str]:
    """A JSON object, and why there is none; the names and shapes of a model's weights are left out of it."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return {}, f"its {path.name} is no plain file"
        if status.st_size > LARGEST_BYTES:
            return {}, f"its {path.name} has {status.st_size:,} bytes, more than {LARGEST_BYTES:,}"
        return _parsed(path, status.st_mtime_ns, status.st_size)
    except FileNotFoundError:
        return {}, f"its {path.name} is not there"
    except OSError as error:
        return {}, f"its {path.name} cannot be read ({error.strerror or error})"


@lru_cache(maxsize=1024)
def _parsed(path: Path, _changed_ns: int, _size: int) -> tuple[Mapping[str, Any], str]:
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return {}, f"its {path.name} is damaged: it is no JSON"
    if not isinstance(content, dict):
        return {}, f"its {path.name} is damaged: it holds no settings"
    weights = content.pop("trainable", None)
    if isinstance(weights, dict):
        content["weights trained"] = f"{len(weights):,} tensors"
    return content, ""


def _part(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = settings.get(name)
    return part if isinstance(part, Mapping) else {}


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
