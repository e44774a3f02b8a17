"""The results below a folder: what each is, what it is called, and why one cannot be read."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from fairasr.core import AuditResult, Comparison, MitigationResult, VerificationResult, sha256_of
from fairasr.core.errors import IngestError, OutputError
from fairasr.dashboard.address import SAFE
from fairasr.dashboard.job_folder import is_job_folder
from fairasr.dashboard.recent import Recent
from fairasr.dashboard.result_files import inside
from fairasr.report.reading import Result, read_result

Kind = Literal["audit", "comparison", "job", "verification", "unreadable"]

KINDS: Mapping[type[Result], Kind] = {
    AuditResult: "audit",
    Comparison: "comparison",
    MitigationResult: "job",
    VerificationResult: "verification",
}

REPORT = "report.json"
ROOT_NAME = ".root"
"""Name of the result that is the folder itself. None found below it is called so: hidden folders are not searched."""

INNER = frozenset({"cache", "hypotheses", "model", "rules", "runs"})
"""Folders of a result in which no further result is looked for; elsewhere a folder may be called so."""

FOREIGN = frozenset({"node_modules"})
"""Folders of other programs, not searched anywhere."""

MOST_FOLDERS = 20_000
MOST_KEPT = 256
"""Results kept in memory after they were read, one of each folder."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One result, or what looks like one.

    Attributes:
        name: its folder relative to the root, with "/" between parts; `ROOT_NAME` for the root itself.
        folder: where it lies.
        root: folder of all results, out of which no link is followed.
        kind: what it is; a job is one even while it is running and has no report yet.
        result: what its report holds; None where there is none yet or it cannot be read.
        identity: SHA-256 of the report, by which files that belong to it know it; "" without one.
        problem: why it cannot be read; "" where it can.
    """

    name: str
    folder: Path
    root: Path
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
                return self.place

    @property
    def place(self) -> str:
        """Its folder as a person names it."""
        return self.name if self.name != ROOT_NAME else writable(self.folder.name)

    @property
    def subtitle(self) -> str:
        """What it is called, to stand below its folder; "" where that says it already."""
        return self.title if self.title != self.place else ""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The results of a folder.

    Attributes:
        entries: in the natural order of their names ("v2" before "v10").
        is_whole: whether every folder was searched: after `MOST_FOLDERS` the search ends.
    """

    entries: tuple[Entry, ...]
    is_whole: bool


class Library:
    """The results below one folder. Names are looked up among the folders found, so no address leads out of it."""

    def __init__(self, root: str | Path) -> None:
        """Args:
        root: folder of results.

        Raises:
            OutputError: it is not there, or is no folder.
        """
        self.root = Path(os.path.abspath(root))  # which "." needs for a name; links stay as they were given
        if not self.root.is_dir():
            what = "is a file" if self.root.exists() else "does not exist"
            raise OutputError(
                f"cannot show {str(self.root)!r}: it {what}. Give the folder that results were written to, or one above several."
            )
        self._kept: Recent[Path, Entry] = Recent(most=MOST_KEPT)

    def entries(self) -> list[Entry]:
        """Every result found, in the natural order of their names."""
        return list(self.listing().entries)

    def listing(self) -> Listing:
        """Every result found, and whether the search came to its end."""
        walk = self._walk()
        folders = [place for place, is_result in islice(walk, MOST_FOLDERS) if is_result]
        is_whole = next(walk, None) is None
        entries = sorted(map(self._read, folders), key=lambda entry: natural_order(entry.name))
        return Listing(entries=tuple(entries), is_whole=is_whole)

    def entry(self, name: str) -> Entry | None:
        """The result of that name as it is now; None where there is none (any longer)."""
        walk = islice(self._walk(), MOST_FOLDERS)
        return next((self._read(place) for place, is_result in walk if is_result and self._name(place) == name), None)

    def _walk(self) -> Iterator[tuple[Path, bool]]:
        """Every folder searched, and whether it holds a report or a job; links are not followed."""
        for place, inner, files in os.walk(self.root):
            is_result = REPORT in files or is_job_folder(Path(place))
            skipped = FOREIGN | INNER if is_result else FOREIGN
            inner[:] = sorted(name for name in inner if not name.startswith(".") and name not in skipped)
            yield Path(place), is_result

    def _name(self, folder: Path) -> str:
        relative = folder.relative_to(self.root).as_posix()
        return ROOT_NAME if relative == "." else writable(relative)

    def _read(self, folder: Path) -> Entry:
        name, report = self._name(folder), folder / REPORT
        unread = Entry(name=name, folder=folder, root=self.root, kind="unreadable")
        relative = folder.relative_to(self.root).as_posix()
        if writable(relative) != relative:
            return replace(unread, problem="the name of its folder is not UTF-8, so no address leads to it. Rename it.")
        try:
            status = report.stat()
        except OSError:
            if is_job_folder(folder):
                return replace(unread, kind="job")
            return replace(unread, problem=f"its {REPORT} is gone.")
        if not inside(self.root, report):
            return replace(unread, problem=f"its {REPORT} is a link to another place.")
        if not stat.S_ISREG(status.st_mode):
            return replace(unread, problem=f"its {REPORT} is no plain file.")
        state = (status.st_ino, status.st_mtime_ns, status.st_size)
        return self._kept.get(folder, lambda: _entry(unread), version=state)


def _entry(unread: Entry) -> Entry:
    try:
        identity = sha256_of(unread.folder / REPORT)
        result = read_result(unread.folder / REPORT)
    except OSError as error:
        return replace(unread, problem=f"its {REPORT} cannot be read: {error.strerror}.")
    except IngestError as error:
        return replace(unread, problem=str(error))
    return replace(unread, kind=KINDS[type(result)], result=result, identity=identity)


def writable(name: str) -> str:
    """The name of a folder as a page can hold it: bytes that are no UTF-8 are written out."""
    return name.encode("utf-8", "backslashreplace").decode()


def natural_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts numbers within names by their value."""
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part.lower()) for part in re.split(r"(\d+)", name) if part)
