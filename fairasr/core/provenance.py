"""Provenance: what a result was made with. On every result."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairasr.version import __version__


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Version, command, seed and the SHA-256 of every input. No clock, no host: same inputs, same bytes."""

    command: str
    seed: int
    version: str = __version__
    inputs: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file, or of the names and contents of all files below a folder: 64 hex digits."""
    path = Path(path)
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        if path.is_dir():
            digest.update(str(file.relative_to(path)).encode())
        with file.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()
