"""Settings of an architecture from plain data, and the rules that those of several architectures share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from fairasr.core.errors import ModelError
from fairasr.core.similar import did_you_mean

S = TypeVar("S")


def settings_from(kind: type[S], given: Mapping[str, Any], *, what: str) -> S:
    """Settings of `kind`, a dataclass whose fields all have defaults, from plain data; what is not given has its default.

    A list becomes a tuple, since job files and records know no tuples.

    Args:
        kind: the dataclass; it checks the values itself.
        given: name of a field -> value.
        what: they are settings of, as an error shall say it: "a Conformer".

    Raises:
        ModelError: there is no such setting, or `kind` refuses a value.
    """
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ModelError(
            f"{len(unknown)} of {len(given)} settings are none of {what} (first: {unknown[0]!r}"
            f"{did_you_mean(unknown[0], known)}); there are {', '.join(known)}."
        )
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


def size_problems(settings: object, *names: str, least: int = 1) -> list[str]:
    """A line for each of these fields that is no whole number of at least `least`."""
    sizes = {name: getattr(settings, name) for name in names}
    rule = "above 0" if least == 1 else f"of at least {least}"
    return [
        f"{name} is {size!r}, not a whole number {rule}"
        for name, size in sizes.items()
        if not isinstance(size, int) or isinstance(size, bool) or size < least
    ]


def number_problems(settings: object, *names: str, below: float = float("inf")) -> list[str]:
    """A line for each of these fields that is no number of at least 0 and below `below`."""
    numbers = {name: getattr(settings, name) for name in names}
    rule = "of at least 0" if below == float("inf") else f"in 0..{below:g}"
    return [
        f"{name} is {number!r}, not a number {rule}"
        for name, number in numbers.items()
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number < below
    ]


def require_settings(problems: list[str], *, what: str) -> None:
    """Refuse settings with problems, all of them at once.

    Raises:
        ModelError: there are some.
    """
    if problems:
        raise ModelError(f"{len(problems)} settings of {what} are wrong: {'; '.join(problems)}. Correct them.")
