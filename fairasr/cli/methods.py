"""`fairasr methods`: the discovery methods there are and their settings, from their dataclasses."""

from __future__ import annotations

import dataclasses
import inspect

import typer


def methods() -> None:
    """List the discovery methods with their settings and defaults."""
    from fairasr.discovery import METHODS

    for name, method in METHODS.items():
        settings = method.load()
        lines = inspect.cleandoc(settings.__doc__ or "").splitlines()
        typer.echo(f"{name}\n    {lines[0] if lines else ''}")
        for field in dataclasses.fields(settings):
            given = "required" if field.default is dataclasses.MISSING else f"default {field.default!r}"
            typer.echo(f"    {name}.{field.name} ({given}): {_meaning(lines, field.name)}")
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
