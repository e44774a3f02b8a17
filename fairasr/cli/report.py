"""`fairasr report`: write the page of a finished audit again, for another system in focus if asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    *,
    source: Annotated[Path, typer.Argument(show_default=False, help="Folder of an audit, or its report.json.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="HTML file to write.")] = Path("report.html"),
    focus: Annotated[
        str | None, typer.Option("--focus", metavar="SYSTEM", help="Shown in full; default: as the audit had it.")
    ] = None,
) -> None:
    """Draw the report page of a finished audit again; nothing is computed anew."""
    from dataclasses import replace

    from fairasr.cli.destination import require_file
    from fairasr.core.errors import IngestError
    from fairasr.report import read_audit, write_html

    require_file(output)
    result = read_audit(source)
    names = [system.system for system in result.systems]
    if focus is not None and focus not in names:
        raise IngestError(f"'{source}' holds no system {focus!r}; it holds {', '.join(names)}. Name one of these.")
    typer.echo(f"Report: {write_html(result if focus is None else replace(result, focus=focus), output)}")
