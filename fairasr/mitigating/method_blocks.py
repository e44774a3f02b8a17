"""The [[method]] blocks of a job file: every method with the settings it is tried with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fairasr.core.errors import JobError
from fairasr.mitigation import METHODS, Mitigation, method_of


@dataclass(frozen=True, kw_only=True)
class MethodBlock:
    """One [[method]]: the settings it is tried with, weak to strong."""

    name: str
    candidates: tuple[Mitigation, ...]


def method_blocks(blocks: object, problems: list[str]) -> tuple[MethodBlock, ...]:
    """The [[method]] blocks; a list where the method has one number is a sweep over it."""
    if not isinstance(blocks, list) or not blocks:
        problems.append(f"there is no [[method]]; name at least one of {', '.join(METHODS)}")
        return ()
    read = []
    for number, block in enumerate(blocks, start=1):
        if not isinstance(block, Mapping) or not isinstance(block.get("name"), str):
            problems.append(f"[[method]] number {number} lacks its 'name', one of {', '.join(METHODS)}")
            continue
        settings = {key: value for key, value in block.items() if key != "name"}
        try:
            read.append(MethodBlock(name=block["name"], candidates=_candidates(block["name"], settings)))
        except JobError as error:
            problems.append(f"[[method]] {block['name']}: {error}")
    names = [block.name for block in read]
    problems += [
        f"[[method]] {name} is there twice; give it a list of values to sweep" for name in sorted({*names}) if names.count(name) > 1
    ]
    return tuple(read)


def _candidates(name: str, settings: dict[str, Any]) -> tuple[Mitigation, ...]:
    swept = METHODS[name].load().strength_field if name in METHODS else ""
    values = settings.get(swept) if swept else None
    if values is None and swept:
        values = list(METHODS[name].load().strengths)
    if isinstance(values, list):
        if not values:
            raise JobError(f"'{swept}' is an empty list; give the values to sweep")
        return tuple(method_of(name, {**settings, swept: value}) for value in sorted(values))
    return (method_of(name, settings),)
