"""The results below a folder: what each is, what it is called, and why one cannot be read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from fairasr.core import AuditResult, Comparison, MitigationResult, VerificationResult, sha256_of
from fairasr.core.errors import IngestError, OutputError
from fairasr.dashboard.address import SAFE
from fairasr.dashboard.job_folder import is_job_folder
from fairasr.dashboard.recent import Recent
from fairasr.report.reading import Result, read_result

Kind = Literal["audit", "comparison", "job", "verification", "unreadable"]

KINDS: Mapping[type[Result], Kind] = {
    AuditResult: "audit",
    Comparison: "comparison",
    MitigationResult: "job",
    VerificationResult: "verification",
}

REPORT = "report.json"
ROOT_NAME = "~"
"""Name of the result that is the folder itself."""

INNER = frozenset({"cache", "hypotheses", "model", "node_modules", "rules", "runs"})
"""Folders of a result, or of other programs, in which no further result is looked for."""

MOST_FOLDERS = 20_000
MOST_KEPT = 16
"""Results kept in memory after they were read."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One result, or what looks like one.

    Attributes:
        name: its folder relative to the root, with "/" between parts; `ROOT_NAME` for the root itself.
        folder: where it lies.
        kind: what it is; a job is one even while it is running and has no report yet.
        result: what its report holds; None where there is none yet or it cannot be read.
        identity: SHA-256 of the report, by which files that belong to it know it; "" without one.
        problem: why it cannot be read; "" where it can.
    """

    name: str
    folder: Path
    kind: Kind
    result: Result | None = None
    identity: str = ""
    problem: str = ""

    @property
    def path(self) -> str:
        """Of its page, as the server knows it."""
        return f"/result/{self.name}"

    @property
    def link(self) -> str:
        """Of its page, as an address holds it."""
        return quote(self.path, safe=SAFE)

    @property
    def title(self) -> str:
        """What a person calls it."""
        match self.result:
            case AuditResult() | Comparison() | VerificationResult():
                return self.result.title
            case MitigationResult():
                return self.result.comparison.title
            case _:
                return self.name if self.name != ROOT_NAME else self.folder.name


class Library:
    """The results below one folder. Names are looked up among the folders found, so no address leads out of it."""

    def __init__(self, root: str | Path) -> None:
        """Args:
        root: folder of results.

        Raises:
            OutputError: it is not there, or is no folder.
        """
        self.root = Path(root)
        if not self.root.is_dir():
            what = "is a file" if self.root.exists() else "does not exist"
            raise OutputError(
                f"cannot show {str(self.root)!r}: it {what}. Give the folder that results were written to, or one above several."
            )
        self._kept: Recent[tuple[object, ...], Entry] = Recent(most=MOST_KEPT)

    def entries(self) -> list[Entry]:
        """Every result found, in the natural order of their names ("v2" before "v10")."""
        return sorted((self._read(folder) for folder in self._folders()), key=lambda entry: natural_order(entry.name))

    def entry(self, name: str) -> Entry | None:
        """The result of that name as it is now; None where there is none (any longer)."""
        return next((self._read(folder) for folder in self._folders() if self._name(folder) == name), None)

    def _folders(self) -> Iterator[Path]:
        """Folders that hold a report or a job, links not followed."""
        for place, inner, files in islice(os.walk(self.root), MOST_FOLDERS):
            inner[:] = sorted(name for name in inner if not name.startswith(".") and name not in INNER)
            if REPORT in files or is_job_folder(Path(place)):
                yield Path(place)

    def _name(self, folder: Path) -> str:
        relative = folder.relative_to(self.root).as_posix()
        return ROOT_NAME if relative == "." else relative

    def _read(self, folder: Path) -> Entry:
        name, report = self._name(folder), folder / REPORT
        try:
            status = report.stat()
            if report.is_symlink() and not report.resolve().is_relative_to(self.root.resolve()):
                return Entry(name=name, folder=folder, kind="unreadable", problem=f"its {REPORT} is a link to another place.")
        except OSError:
            if is_job_folder(folder):
                return Entry(name=name, folder=folder, kind="job")
            return Entry(name=name, folder=folder, kind="unreadable", problem=f"its {REPORT} is gone.")
        state = (folder, status.st_mtime_ns, status.st_size, status.st_ino)
        return self._kept.get(state, lambda: _entry(name, folder))


def _entry(name: str, folder: Path) -> Entry:
    try:
        identity = sha256_of(folder / REPORT)
        result = read_result(folder / REPORT)
    except OSError as error:
        return Entry(name=name, folder=folder, kind="unreadable", problem=f"its {REPORT} cannot be read: {error.strerror}.")
    except IngestError as error:
        return Entry(name=name, folder=folder, kind="unreadable", problem=str(error))
    return Entry(name=name, folder=folder, kind=KINDS[type(result)], result=result, identity=identity)


def natural_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts numbers within names by their value."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part.lower()) for part in re.split(r"(\d+)", name) if part)
