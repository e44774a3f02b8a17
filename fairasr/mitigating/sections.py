"""Tables of a TOML file as frozen dataclasses: every key that is unknown, missing or of the wrong kind is told together."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from fairasr.core.errors import JobError
from fairasr.mitigation.settings import in_words, typed

Section = TypeVar("Section")


def read_toml(path: Path) -> dict[str, Any]:
    """The file as plain data.

    Raises:
        JobError: it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise JobError(f"cannot read the job file '{path}': {error.strerror or error}. Give the path of a TOML file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise JobError(f"the job file '{path}' is not TOML: {error}.") from error


def section(kind: type[Section], data: object, *, name: str, problems: list[str]) -> Section | None:
    """The table `data` as a `kind`; None where something is wrong with it, which is then in `problems`.

    Args:
        kind: a dataclass with annotated fields; fields without default must be given.
        data: what the file has there; None is an empty table.
        name: of the table, for messages.
        problems: sentences are added to it.
    """
    if not isinstance(data, Mapping | None):
        problems.append(f"[{name}] must be a table")
        return None
    given = dict(data or {})
    hints = get_type_hints(kind)
    known: dict[str, Field[Any]] = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    wrong = [f"[{name}] has no key '{key}'; it has {', '.join(known)}" for key in given if key not in known]
    for key, field in known.items():
        if key not in given:
            if field.default is MISSING and field.default_factory is MISSING:
                wrong.append(f"[{name}] lacks '{key}'")
            continue
        try:
            given[key] = typed(given[key], hints[key])
        except TypeError:
            wrong.append(f"[{name}] {key} is {given[key]!r}; it must be {in_words(hints[key])}")
    if wrong:
        problems += wrong
        return None
    try:
        return kind(**given)
    except JobError as error:
        problems.append(str(error))
        return None
