"""What recordings are called in an answer, by the end of their names: the same on every machine, and nothing that is no sound."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

AUDIO_TYPES: Mapping[str, str] = {
    ".aac": "audio/aac",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".webm": "audio/webm",
}
"""End of a file's name -> media type."""


def audio_type(recording: Path) -> str | None:
    """The media type of a recording; None where its name is not that of one."""
    return AUDIO_TYPES.get(recording.suffix.lower())
