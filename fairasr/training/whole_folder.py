"""A folder that is there whole or not at all: filled beside its place, made to last, renamed."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fairasr.core.errors import OutputError

UNFINISHED = ".unfinished-"
"""Names of folders and files on their way start with it; what a killed process left of them may be removed."""


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A new folder to be filled; when the block ends it becomes `folder`, which must not exist. On any error it is removed.

    Raises:
        OutputError: it cannot be written.
    """
    staged = _aside(folder)
    with _reported(folder):
        try:
            staged.mkdir(parents=True)
            yield staged
            for file in staged.iterdir():
                _last(file)
            _last(staged)
            os.rename(staged, folder)
            _last(folder.parent)
        finally:
            shutil.rmtree(staged, ignore_errors=True)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """The same for one file; an older one at its place stays until the new one replaces it.

    It is written in a folder of its own: whatever else its writer leaves when it is killed (safetensors has a `.tmp*` file
    of its own while it writes) goes with that folder.
    """
    staged = _aside(path)
    file = staged / path.name
    with _reported(path):
        try:
            staged.mkdir(parents=True)
            yield file
            _last(file)
            os.replace(file, path)
            _last(path.parent)
        finally:
            shutil.rmtree(staged, ignore_errors=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what a killed process left half written in `folder`."""
    for left in folder.glob(f"{UNFINISHED}*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _aside(path: Path) -> Path:
    return path.with_name(f"{UNFINISHED}{path.name}-{secrets.token_hex(4)}")


def _last(path: Path) -> None:
    """Make what was written last through a power cut; systems that cannot open folders do so by themselves."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    # safetensors writes by itself and reports a full disk as an error of its own.
    except (OSError, SafetensorError) as error:
        raise OutputError(
            f"cannot write {str(path)!r}: {getattr(error, 'strerror', None) or error}. What was there before is unchanged, "
            f"earlier checkpoints included. Free space or allow writing there, and start again to go on from the last checkpoint."
        ) from error
