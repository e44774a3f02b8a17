"""Rule of audio_path: a file below the corpus's own folder, and nothing else."""

from __future__ import annotations

import os.path
import re
from pathlib import Path

import numpy as np
import pandas as pd

from fairasr.ingest.breach import Breach

BY_LINK = "lead out of the corpus's folder by a symbolic link, which counts as where it points to"
SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+://")
REMEDY = (
    "fairasr opens audio below the corpus's folder alone: move the audio there, or pass bad_rows='set-aside' to go on without "
    "these paths (an audit of transcripts needs no audio)."
)


def audio_path_breaches(table: pd.DataFrame, folder: Path) -> list[Breach]:
    """Rows whose audio path is a command, a URL, or leads out of `folder` (by "..", as an absolute path, or by a link)."""
    if "audio_path" not in table:
        return []
    given = table["audio_path"]
    root = os.path.realpath(folder)
    real_folders: dict[str, str] = {}
    foreign = np.fromiter((path is not None and _is_no_file(path) for path in given), dtype=bool, count=len(table))
    outside = np.zeros(len(table), dtype=bool)
    for row in np.flatnonzero(given.notna().to_numpy() & ~foreign):
        outside[row] = _leaves(given.iloc[row], folder, root, real_folders)
    linked = np.zeros(len(table), dtype=bool)
    for row in np.flatnonzero(outside):
        linked[row] = _is_below(os.path.abspath(os.path.join(folder, given.iloc[row])), os.path.abspath(folder))
    return [
        Breach(column="audio_path", wording="are commands or URLs, not files", rows=foreign, remedy=REMEDY, blanks=("audio_path",)),
        Breach(
            column="audio_path",
            wording="lead out of the corpus's folder",
            rows=outside & ~linked,
            remedy=REMEDY,
            blanks=("audio_path",),
        ),
        Breach(column="audio_path", wording=BY_LINK, rows=linked, remedy=REMEDY, blanks=("audio_path",)),
    ]


def located(paths: pd.Series, folder: Path) -> pd.Series:
    """Paths as they can be opened from where we are: `folder` joined on; None stays None."""
    return pd.Series([None if path is None else os.path.normpath(os.path.join(folder, path)) for path in paths], dtype=object)


def _is_no_file(path: str) -> bool:
    return "|" in path or "\0" in path or bool(SCHEME.match(path))


def _leaves(path: str, folder: Path, root: str, real_folders: dict[str, str]) -> bool:
    full = os.path.join(folder, path)
    parent, name = os.path.split(full)
    if parent not in real_folders:
        real_folders[parent] = os.path.realpath(parent)
    real = os.path.join(real_folders[parent], name)
    if name in ("", ".", "..") or os.path.islink(real):
        real = os.path.realpath(full)
    return not _is_below(real, root)


def _is_below(path: str, folder: str) -> bool:
    return os.path.commonpath([folder, path]) == folder
