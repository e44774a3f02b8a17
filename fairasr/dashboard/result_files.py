"""Files of a result on disk: whether one lies where it seems to, and whether it is still the one that was read."""

from __future__ import annotations

import stat
from pathlib import Path

FileState = tuple[int, int, int]
"""Number of the file on its disk, when it was changed [ns], its size [bytes]: another one means another content."""


def inside(root: Path, path: Path) -> bool:
    """Whether `path` lies in `root` once every link is followed; a circle of links lies nowhere."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def state_of(path: Path) -> FileState | None:
    """The file's state; None where there is no plain file."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return (status.st_ino, status.st_mtime_ns, status.st_size) if stat.S_ISREG(status.st_mode) else None


def state_inside(root: Path, path: Path) -> FileState | None:
    """The file's state; None where there is no plain file, or a link leads out of `root`."""
    return state_of(path) if inside(root, path) else None
