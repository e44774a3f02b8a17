"""Files that are either as they were or as they should be: written aside, fsynced, moved into place, moved back on failure."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fairasr.core.errors import OutputError

OwnedFiles = Callable[[Path], Iterable[Path]]
"""The files of a folder that a writer may replace or remove, as paths relative to it."""

Content = bytes | Callable[[BinaryIO], None]
"""What goes into a file: its bytes, or, where they are too many to hold, what writes them to the open file."""


def write_file(path: Path, content: bytes) -> Path:
    """Write `content` to `path`, all of it or nothing; folders above it are made.

    Raises:
        OutputError: it cannot be written; what was there before still is.
    """
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with _reported(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_synced(aside, content)
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)
        _sync_folder(path.parent)
    return path


def replace_files(folder: Path, contents: Mapping[Path, Content], *, owned: OwnedFiles) -> list[Path]:
    """Make `contents` (relative path -> what is in it) the owned files of `folder`; other files stay. Sorted paths written.

    A new folder appears in one rename. A folder that holds only owned files is exchanged whole in two renames. A folder that
    also holds other files, or that cannot be renamed (a mount point, a parent that cannot be written to), has its owned files
    exchanged one by one. Whatever interrupts this (a full disk, Ctrl-C) is raised after all moves were undone. Only a killed
    process or a power cut between two renames can leave the exchange half done; the former files are then in a folder
    `.*.previous-*` beside or in it.

    Raises:
        OutputError: it cannot be written; what was there before still is.
    """
    folder = Path(os.path.realpath(folder))
    with _reported(folder):
        former = sorted(owned(folder)) if folder.exists() else []
        whole = not folder.exists() or (_can_be_renamed(folder) and former == _files_below(folder))
        place = folder.parent if whole else folder
        place.mkdir(parents=True, exist_ok=True)
        mark = secrets.token_hex(4)
        staged, previous = (place / f".{folder.name}.{name}-{mark}" for name in ("new", "previous"))
        try:
            for relative, content in contents.items():
                target = staged / relative
                target.parent.mkdir(parents=True, exist_ok=True)
                _write_synced(target, content)
            _sync_tree(staged)
            moves = [(folder, previous), (staged, folder)] if folder.exists() else [(staged, folder)]
            if not whole:
                moves = [(folder / path, previous / path) for path in former] + [
                    (staged / path, folder / path) for path in contents
                ]
            elif folder.exists():
                shutil.copymode(folder, staged)
            _move_all(moves, within=place)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        shutil.rmtree(previous, ignore_errors=True)
    return sorted(folder / relative for relative in contents)


def _move_all(moves: list[tuple[Path, Path]], *, within: Path) -> None:
    """All renames, made to last, or none: on anything raised, Ctrl-C included, those done are undone in reverse."""
    try:
        for source, target in moves:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(source, target)
        _sync_folder(within)
    except BaseException:
        # A rename may have been done and the interrupt come right after it, so what happened is read off the disk.
        for source, target in reversed(moves):
            if not source.exists() and target.exists():
                os.rename(target, source)
        raise


def _files_below(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def _can_be_renamed(folder: Path) -> bool:
    return not folder.is_mount() and os.access(folder.parent, os.W_OK | os.X_OK)


def _write_synced(path: Path, content: Content) -> None:
    with path.open("xb") as stream:
        if isinstance(content, bytes):
            stream.write(content)
        else:
            content(stream)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_tree(folder: Path) -> None:
    for path in [folder, *(p for p in folder.rglob("*") if p.is_dir())]:
        _sync_folder(path)


def _sync_folder(folder: Path) -> None:
    """Make renames in `folder` last through a power cut; systems that cannot open folders do so by themselves."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot write {str(path)!r}: {error.strerror or error}. What was there before is unchanged. "
            f"Free space, allow writing there, or choose another place."
        ) from error
