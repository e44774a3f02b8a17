"""What a run is (run.json) and that it has ended (finished.json): who resumes it asks for the same, or is told what differs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from fairasr.core.atomic import write_file
from fairasr.core.errors import TrainingError

RUN = "run.json"
FINISHED = "finished.json"
MOST_DIFFERENCES = 5


@contextmanager
def only_here(folder: Path) -> Iterator[None]:
    """Keep other processes from training in `folder`; a killed one keeps nobody out.

    Raises:
        TrainingError: one is training there.
    """
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:  # not on Windows
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems know no locks
            try:
                flock(descriptor, LOCK_EX | LOCK_NB)
            except BlockingIOError as error:
                raise TrainingError(
                    f"another process is training in {folder}. Wait for it to end, or train in another folder."
                ) from error
        yield
    finally:
        os.close(descriptor)


def open_run(folder: Path, settings: Mapping[str, Any]) -> None:
    """Begin a run in `folder`, or go on with the one there.

    Args:
        folder: of the run; made if need be.
        settings: all that the weights depend on, as plain data.

    Raises:
        TrainingError: the run there was begun with other settings, or what it is cannot be told.
        OutputError: the folder cannot be written to.
    """
    wanted = json.loads(json.dumps(settings, allow_nan=False))
    path = folder / RUN
    if not path.is_file():
        if any(folder.glob("checkpoint-*")):
            raise TrainingError(
                f"{folder} holds checkpoints and no {RUN}, so what they are of cannot be told. Train in another folder."
            )
        write_file(path, json.dumps(wanted, indent=1, sort_keys=True).encode())
        return
    differences = list(_differences(_read(path), wanted))
    if differences:
        more = f", and {len(differences) - MOST_DIFFERENCES} more" if len(differences) > MOST_DIFFERENCES else ""
        raise TrainingError(
            f"the run in {folder} was begun with other settings: {'; '.join(differences[:MOST_DIFFERENCES])}{more}. "
            f"Go back to what it was begun with, or train in another folder."
        )


def finish_run(folder: Path, outcome: Mapping[str, Any]) -> None:
    """Say that the run in `folder` has ended, and how."""
    write_file(folder / FINISHED, json.dumps(outcome, indent=1, sort_keys=True, allow_nan=False).encode())


def outcome_of(folder: Path) -> dict[str, Any] | None:
    """How the run in `folder` ended; None where it has not.

    Raises:
        TrainingError: the record is damaged.
    """
    path = folder / FINISHED
    return _read(path) if path.is_file() else None


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} is damaged ({error}). Remove the folder to train from the beginning.") from error
    if not isinstance(content, dict):
        raise TrainingError(f"{path} is damaged: it holds no settings. Remove the folder to train from the beginning.")
    return content


def _differences(was: Any, now: Any, name: str = "") -> Iterator[str]:
    """Each value that differs, in words ("batch_size was 8, is 4"); named by its last keys."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in sorted(was.keys() | now.keys()):
            yield from _differences(was.get(key, "absent"), now.get(key, "absent"), f"{name}.{key}" if name else key)
    elif was != now:
        yield f"{name.removeprefix('budget.')} was {_short(was)}, is {_short(now)}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
