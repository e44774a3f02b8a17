"""What a wav file's header promises: libsndfile reads a file that was cut short without a word."""

from __future__ import annotations

import struct
from pathlib import Path

UNKNOWN_LENGTH = 0xFFFF_0000
"""Programs that write to a pipe cannot know the length, and leave a number from here to 0xFFFFFFFF, or 0."""


def missing_bytes(path: Path) -> int:
    """Bytes of sound that a RIFF file's header promises and the file does not hold; 0 for whole files and for other formats."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        riff, _, wave = struct.unpack("<4sI4s", stream.read(12).ljust(12, b"\0"))
        if (riff, wave) != (b"RIFF", b"WAVE"):
            return 0
        while len(header := stream.read(8)) == 8:
            name, n_bytes = struct.unpack("<4sI", header)
            if name == b"data":
                return 0 if n_bytes >= UNKNOWN_LENGTH else max(0, stream.tell() + n_bytes - size)
            stream.seek(n_bytes + n_bytes % 2, 1)  # chunks begin at even places
    return 0
