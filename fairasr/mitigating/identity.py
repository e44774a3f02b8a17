"""What a job's folder is of: a job that is run again goes on there only if what its runs rest on is the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fairasr.core.atomic import write_file
from fairasr.core.errors import JobError
from fairasr.mitigating.job import Job

NAME = "job.json"
BINDING = ("corpus", "cohorts", "speakers", "budget", "seed")
"""Parts of the job file that every run rests on. Methods, seeds, selection and forgetting sets may change: runs done stay."""


def identity_of(job: Job, *, weights: str, inputs: Mapping[str, str]) -> dict[str, Any]:
    """What the runs of `job` rest on, as plain data without folders of this machine.

    Args:
        job: the job.
        weights: SHA-256 of the base model's weights: what else lies in its folder (the run that made it) may change.
        inputs: file name of the corpus -> SHA-256.
    """
    return {"model": weights, "inputs": dict(inputs), **{key: shareable(job.plain.get(key)) for key in BINDING}}


def claim(folder: Path, identity: Mapping[str, Any]) -> None:
    """Take `folder` for this job, or go on in it.

    Raises:
        JobError: it holds the runs of a job that rests on something else.
        OutputError: it cannot be written.
    """
    path = folder / NAME
    if not path.exists():
        write_file(path, (json.dumps(identity, sort_keys=True, indent=1) + "\n").encode())
        return
    former = json.loads(path.read_text(encoding="utf-8"))
    changed = [key for key in sorted({*former, *identity}) if former.get(key) != identity.get(key)]
    if changed:
        first = changed[0]
        raise JobError(
            f"'{folder}' holds runs of another job: {len(changed)} of {len(identity)} things they rest on have changed (first: "
            f"{first} was {former.get(first)!r}, is {identity.get(first)!r}). Give another folder, or change the job file back."
        )


def shareable(value: Any) -> Any:
    """Plain data of a job file without the folders of this machine: an absolute path becomes its last part."""
    if isinstance(value, Mapping):
        return {str(key): shareable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shareable(item) for item in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
