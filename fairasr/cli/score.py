"""`fairasr score`: counts per utterance and system, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairasr.cli.options import Reading, Scoring


def score(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Table of counts: .parquet or .csv.")] = Path(
        "counts.parquet"
    ),
    scoring: Scoring,
    reading: Reading,
) -> None:
    """Count hits, substitutions, deletions and insertions of every utterance; print each system's rate."""
    from functools import partial

    from fairasr.auditing import selected
    from fairasr.cli.destination import require_file
    from fairasr.cli.progress import progress
    from fairasr.cli.tables import TABLES, counts_table, write_table
    from fairasr.core.errors import ScoringError
    from fairasr.report.numbers import percent
    from fairasr.scoring import score as score_system

    require_file(output, endings=TABLES)
    corpus = selected(reading.corpus(), systems=scoring.only or (), missing=scoring.missing)
    if not corpus.systems:
        raise ScoringError(f"'{reading.source}' holds no hypotheses: give them in a column, or in a second file with --hypotheses.")
    with progress() as tell:
        counts = [
            score_system(
                corpus.manifest,
                system,
                normaliser=scoring.normaliser or corpus.defaults.get("normaliser", "basic"),
                unit=scoring.unit or corpus.defaults.get("unit", "word"),
                missing="deletions" if scoring.missing == "deletions" else "error",
                progress=partial(tell, f"{system.system}: scoring"),
            )
            for system in corpus.systems
        ]
    write_table(counts_table(counts), output)
    for of_system in counts:
        typer.echo(f"{of_system.system}: {of_system.rate_name} {percent(of_system.rate)} ({of_system.normaliser})")
    typer.echo(f"Counts: {output}")
