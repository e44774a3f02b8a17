"""The history of a training run, read while it grows: a line per step, thinned to what a drawing can show."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

HISTORY = "history.jsonl"
N_BUCKETS = 240
"""Stretches of steps of which the lowest and the highest value are kept."""

MOST_QUANTITIES = 24
LONGEST_NAME = 60
LONGEST_LINE = 65_536
"""Bytes; a longer line is no step of a run."""

MOST_STEPS = 10**9
MOST_KEPT = 256
"""Histories kept in memory, each small: only what was added to a file since is read again."""

LARGEST_VALUE = 1e30
"""Beyond it a value is no measurement, and no axis can hold it."""

TAIL = 256
"""Bytes before the place reading stopped that must be the same for reading to go on there."""

Point = tuple[int, float]
"""A step and a value."""


@dataclass(frozen=True, kw_only=True)
class History:
    """What is known of a run's steps.

    Attributes:
        n_steps: the last step; 0 before the first.
        points: quantity -> (step, value) in the order of steps: all of a short history; of a long one the lowest and the highest
            of every stretch.
        last: quantity -> its value at the last step that has one.
        audio_s: seconds of audio trained on.
        n_damaged: lines that could not be read.
        problem: why there is no history; "" where there is.
    """

    n_steps: int = 0
    points: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    last: Mapping[str, float] = field(default_factory=dict)
    audio_s: float = 0.0
    n_damaged: int = 0
    problem: str = ""


@dataclass(kw_only=True, slots=True)
class _Bucket:
    """The lowest and the highest value of one quantity over a stretch of steps."""

    lowest: Point
    highest: Point

    def points(self) -> tuple[Point, ...]:
        return tuple(sorted({self.lowest, self.highest}))

    def join(self, other: _Bucket) -> None:
        self.lowest = min(self.lowest, other.lowest, key=lambda point: point[1])
        self.highest = max(self.highest, other.highest, key=lambda point: point[1])


class _Reading:
    """A file as far as it was read."""

    def __init__(self, inode: int) -> None:
        self.inode, self.size, self.changed_ns = inode, 0, 0
        self.offset, self.tail = 0, b""
        self.is_in_long_line = False
        self.width = 1
        self.buckets: dict[str, dict[int, _Bucket]] = {}
        self.last: dict[str, float] = {}
        self.n_steps, self.n_damaged, self.audio_s = 0, 0, 0.0

    def is_still(self, stream: BinaryIO, status: os.stat_result) -> bool:
        """Whether the file is the one that was read, with nothing but more lines at its end."""
        if status.st_ino != self.inode or status.st_size < self.size:
            return False
        if status.st_size == self.size:
            return status.st_mtime_ns == self.changed_ns
        stream.seek(self.offset - len(self.tail))
        return stream.read(len(self.tail)) == self.tail

    def read(self, stream: BinaryIO, status: os.stat_result) -> None:
        """Take in every whole line from where reading stopped; the last one may be half written."""
        stream.seek(self.offset)
        while line := stream.readline(LONGEST_LINE):
            is_whole = line.endswith(b"\n")
            if not is_whole and len(line) < LONGEST_LINE:
                break
            self.offset += len(line)
            self.tail = line[-TAIL:]
            if self.is_in_long_line or not is_whole:
                self.n_damaged += not self.is_in_long_line
                self.is_in_long_line = not is_whole
            elif not self._take(line):
                self.n_damaged += 1
        self.size, self.changed_ns = status.st_size, status.st_mtime_ns

    def _take(self, line: bytes) -> bool:
        """Add a line; False where it is no step."""
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            return False
        if not isinstance(row, dict):
            return False
        step = row.pop("step", None)
        if type(step) is not int or not 0 <= step <= MOST_STEPS:
            return False
        while step // self.width >= N_BUCKETS:
            self._halve()
        self.n_steps = max(self.n_steps, step)
        position = step // self.width
        for name, value in row.items():
            # Written out and not in functions: a million lines of eight values pass here.
            if type(value) is not float or not -LARGEST_VALUE <= value <= LARGEST_VALUE:
                value = _finite(value)
                if value is None:
                    continue
            buckets = self.buckets.get(name)
            if buckets is None:
                if len(self.buckets) >= MOST_QUANTITIES or len(name) > LONGEST_NAME:
                    continue
                buckets = self.buckets[name] = {}
            bucket = buckets.get(position)
            if bucket is None:
                buckets[position] = _Bucket(lowest=(step, value), highest=(step, value))
            elif value < bucket.lowest[1]:
                bucket.lowest = (step, value)
            elif value > bucket.highest[1]:
                bucket.highest = (step, value)
            self.last[name] = value
        audio_s = row.get("audio_s")
        self.audio_s += 0.0 if audio_s is None else _finite(audio_s) or 0.0
        return True

    def _halve(self) -> None:
        """Make every stretch twice as long."""
        self.width *= 2
        for name, buckets in self.buckets.items():
            joined: dict[int, _Bucket] = {}
            for position, bucket in buckets.items():
                if position // 2 in joined:
                    joined[position // 2].join(bucket)
                else:
                    joined[position // 2] = bucket
            self.buckets[name] = joined

    def history(self) -> History:
        return History(
            n_steps=self.n_steps,
            points={
                name: tuple(point for position in sorted(buckets) for point in buckets[position].points())
                for name, buckets in self.buckets.items()
            },
            last=dict(self.last),
            audio_s=self.audio_s,
            n_damaged=self.n_damaged,
        )


_lock = threading.Lock()
_readings: OrderedDict[Path, tuple[_Reading, History]] = OrderedDict()


def read_history(folder: Path) -> History:
    """The history of the run in `folder`; of a file that has grown since it was last read, only what is new is read.

    A last line without an end is being written now and waits; a damaged line is counted and left out.
    """
    path = folder / HISTORY
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return History(problem=f"its {HISTORY} is no plain file")
        with _lock, path.open("rb") as stream:
            return _read(path, stream)
    except FileNotFoundError:
        return History(problem="no step was made yet")
    except OSError as error:
        return History(problem=f"its {HISTORY} cannot be read ({error.strerror or error})")


def _read(path: Path, stream: BinaryIO) -> History:
    status = os.fstat(stream.fileno())
    reading, history = _readings.get(path, (_Reading(status.st_ino), History()))
    if not reading.is_still(stream, status):
        reading = _Reading(status.st_ino)
    if (reading.size, reading.changed_ns) != (status.st_size, status.st_mtime_ns):
        reading.read(stream, status)
        history = reading.history()
    _readings[path] = reading, history
    _readings.move_to_end(path)
    while len(_readings) > MOST_KEPT:
        _readings.popitem(last=False)
    return history


def _finite(value: object) -> float | None:
    """A number of JSON as a float; None for anything else, and where it is none or too large."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) <= LARGEST_VALUE else None  # false for NaN too
