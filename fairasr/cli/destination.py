"""Where results go, checked before the work that makes them: minutes of computing should not end in a refused file."""

from __future__ import annotations

import os
from pathlib import Path

from fairasr.core.errors import OutputError

REMEDY = "Choose another place with -o, or allow writing there."


def require_folder(folder: Path) -> None:
    """Refuse a folder that results cannot be written into, as far as can be told beforehand.

    Raises:
        OutputError: it is a file, or lies below one, or may not be written to.
    """
    nearest = next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))
    if not nearest.is_dir():
        raise OutputError(f"cannot write results to '{folder}': '{nearest}' is a file. {REMEDY}")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write results to '{folder}': writing to '{nearest}' is not allowed. {REMEDY}")


def require_file(path: Path, *, endings: tuple[str, ...] = ()) -> None:
    """Refuse a file that results cannot be written to, as far as can be told beforehand.

    Raises:
        OutputError: it is a folder, has none of the endings asked for, or its folder may not be written to.
    """
    if endings and path.suffix not in endings:
        raise OutputError(
            f"cannot write results to '{path}': its name must end in {' or '.join(endings)}. "
            f"Choose another name, such as '{path.with_suffix(endings[0]) if path.name else endings[0]}'."
        )
    if path.is_dir():
        raise OutputError(f"cannot write results to '{path}': it is a folder. {REMEDY}")
    require_folder(path.absolute().parent)
