"""--set METHOD.SETTING=VALUE, checked against the method's dataclass, so that a misspelt setting is a matter of usage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import typer

from fairasr.cli.options import pairs

OPTION = "--set"


def settings_by_method(texts: Sequence[str]) -> dict[str, dict[str, object]]:
    """Settings of every method: values as JSON where they are (50, 0.1, [1, 2]), else as text.

    Raises:
        typer.BadParameter: there is no such method or setting, or the value is of the wrong kind.
    """
    from fairasr.discovery import METHODS

    found: dict[str, dict[str, object]] = {}
    for name, text in pairs(texts, OPTION).items():
        method, _, setting = name.partition(".")
        if method not in METHODS or not setting:
            raise typer.BadParameter(f"{name!r} is not METHOD.SETTING; methods are {', '.join(METHODS)}", param_hint=OPTION)
        settings = METHODS[method].load()
        known = [field.name for field in fields(settings)]
        if setting not in known:
            raise typer.BadParameter(f"{method} has no setting {setting!r}; it has {', '.join(known)}", param_hint=OPTION)
        value = _read(text)
        kind = get_type_hints(settings)[setting]
        if not _fits(value, kind):
            raise typer.BadParameter(f"{name} is {text!r}, and must be {_in_words(kind)}", param_hint=OPTION)
        found.setdefault(method, {})[setting] = value
    return found


def _read(text: str) -> object:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return tuple(value) if isinstance(value, list) else value


def _fits(value: object, kind: Any) -> bool:
    """Whether `value` is of the type that a field is annotated with; what cannot be told passes."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is Literal:
        return value in inner
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(item, inner[0]) for item in value)
    if kind in (int, float):
        return isinstance(value, (int, kind)) and not isinstance(value, bool)
    return isinstance(value, kind) if isinstance(kind, type) else True


def _in_words(kind: Any) -> str:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return " or ".join(_in_words(one) for one in inner)
    if origin is Literal:
        return " or ".join(str(value) for value in inner)
    if origin is tuple:
        return f"a list such as [{_in_words(inner[0])}, ...]"
    return {int: "a whole number", float: "a number", str: "text", bool: "true or false", type(None): "null"}.get(kind, str(kind))
