"""`fairasr report`: write the page of a finished audit again, for another system in focus if asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    source: Annotated[Path, typer.Argument(help="Folder of an audit, or its report.json.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML file to write.")] = Path("report.html"),
    focus: Annotated[str | None, typer.Option("--focus", help="System shown in full.")] = None,
) -> None:
    """Draw the report page from the results alone; nothing is computed again."""
    from dataclasses import replace

    from fairasr.core.errors import IngestError
    from fairasr.report import read_audit, write_html

    result = read_audit(source)
    names = [system.system for system in result.systems]
    if focus is not None and focus not in names:
        raise IngestError(f"'{source}' holds no system {focus!r}; it holds {', '.join(names)}.")
    typer.echo(f"Report: {write_html(result if focus is None else replace(result, focus=focus), output)}")
