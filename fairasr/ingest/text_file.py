"""A text file as one string: encoding strict, no NUL, no byte order mark."""

from __future__ import annotations

import codecs
from pathlib import Path

from fairasr.core.errors import IngestError

UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path, *, encoding: str = "utf-8") -> str:
    """Contents of `path`, decoded strictly; a leading byte order mark is dropped, line ends are kept as they are.

    Raises:
        IngestError: the file is not there, cannot be opened, is empty, is not in `encoding`, or has NUL bytes.
    """
    content = read_bytes(path)
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8") and content.startswith(UTF_16_MARKS):
        raise IngestError(
            f"'{path.name}' starts with a UTF-16 byte order mark, so it is not UTF-8. Pass encoding='utf-16', or save it as UTF-8."
        )
    try:
        text = content.decode(encoding)
    except LookupError as error:
        raise IngestError(
            f"'{path.name}' cannot be read: there is no encoding {encoding!r}. Pass one that Python names."
        ) from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        shown = content[error.start : error.start + 1].hex().upper()
        raise IngestError(
            f"'{path.name}' is not {encoding}: byte {error.start:,} of {len(content):,} (0x{shown}, line {line:,}) cannot be "
            "decoded. Save it as UTF-8, or name its encoding, for example encoding='cp1252'."
        ) from error
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        first = text.index("\0")
        raise IngestError(
            f"'{path.name}' has {text.count(chr(0)):,} NUL characters (first in line {text.count(chr(10), 0, first) + 1:,}), "
            "which no "
            f"transcript has. The file is damaged, or is not {encoding}: write it again, or name its encoding with encoding=."
        )
    if not text.strip():
        raise IngestError(f"'{path.name}' is empty: there is nothing to read. Give a file with one row per utterance.")
    return text


def read_bytes(path: Path) -> bytes:
    """Contents of `path`.

    Raises:
        IngestError: the file is not there or cannot be opened.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise IngestError(f"'{path}' does not exist. Check the path.") from error
    except OSError as error:
        raise IngestError(f"'{path}' cannot be opened: {error.strerror or error}. Check the path and its permissions.") from error
