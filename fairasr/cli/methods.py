"""`fairasr methods`: the methods there are and their settings, from their dataclasses."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Annotated, Any

import typer


def methods(
    *,
    mitigation: Annotated[
        bool, typer.Option("--mitigation", help="Those of `fairasr mitigate` instead; needs the extra `train`.")
    ] = False,
) -> None:
    """List the discovery methods, or the mitigations, with their settings and defaults."""
    if mitigation:
        from fairasr.mitigation import METHODS as MITIGATIONS

        for name in MITIGATIONS:
            _print_method(name, MITIGATIONS[name].load())
        return
    from fairasr.discovery import METHODS

    for name, method in METHODS.items():
        _print_method(name, method.load())


def _print_method(name: str, settings: type[Any]) -> None:
    lines = inspect.cleandoc(settings.__doc__ or "").splitlines()
    typer.echo(f"{name}\n    {lines[0] if lines else ''}")
    for field in dataclasses.fields(settings):
        given = "required" if field.default is dataclasses.MISSING else f"default {field.default!r}"
        typer.echo(f"    {name}.{field.name} ({given}): {_meaning(lines, field.name)}")
    if swept := getattr(settings, "strength_field", ""):
        typer.echo(f"    swept: {swept} over {', '.join(f'{value:g}' for value in settings.strengths)}")
    typer.echo("")


def _meaning(lines: list[str], setting: str) -> str:
    """What the class's docstring says under Attributes of one setting."""
    found: list[str] = []
    for line in lines:
        if line.startswith(f"    {setting}:"):
            found = [line.partition(":")[2].strip()]
        elif found and line.startswith("        "):
            found.append(line.strip())
        elif found:
            break
    return " ".join(found)
