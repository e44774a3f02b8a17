"""Settings of a method: their types are read off the dataclass, their ranges are told all together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from fairasr.core.errors import JobError


def require(method: str, rules: Mapping[str, bool]) -> None:
    """Refuse settings that break rules.

    Args:
        method: name of the method, for the message.
        rules: what is wrong, in words such as "strength is -1.0, not a number of at least 0" -> whether the rule is kept.

    Raises:
        JobError: rules are broken; all of them are in the message.
    """
    wrong = [breach for breach, kept in rules.items() if not kept]
    if wrong:
        raise JobError(f"{method} cannot run with these settings: {'; '.join(wrong)}.")


def typed(value: object, kind: Any) -> Any:
    """`value`, as plain data has it, as the type that a field is annotated with: lists become tuples, whole numbers floats.

    Raises:
        TypeError: it is of another type.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin in (Union, UnionType):
        for one in inner:
            try:
                return typed(value, one)
            except TypeError:
                continue
    elif origin is Literal:
        if value in inner:
            return value
    elif origin is tuple:
        if isinstance(value, (list, tuple)):
            return tuple(typed(item, inner[0]) for item in value)
    elif origin is not None:  # Mapping[str, ...]
        if isinstance(value, Mapping):
            return {str(key): typed(item, inner[1]) for key, item in value.items()}
    elif kind is Path and isinstance(value, str):
        return Path(value)
    elif kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    elif isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise TypeError(f"{value!r} is not {in_words(kind)}")


def in_words(kind: Any) -> str:
    """What a value of an annotated type is, for messages."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return " or ".join(in_words(one) for one in inner if one is not type(None))
    if origin is Literal:
        return "one of " + ", ".join(repr(one) for one in inner)
    if origin is tuple:
        return f"a list, each {in_words(inner[0])}"
    if origin is not None:
        return "a table"
    return {int: "a whole number", float: "a number", str: "text", Path: "a path", bool: "true or false"}.get(kind, str(kind))
