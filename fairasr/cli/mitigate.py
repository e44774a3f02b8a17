"""`fairasr mitigate`: a fine-tuning job, from its TOML file to the league table and the same cohorts measured again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairasr.cli.options import command_line
from fairasr.cli.threads import Threads


def mitigate(
    *,
    job: Annotated[Path, typer.Argument(show_default=False, metavar="JOB", help="TOML file: see docs/mitigation.md.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the runs and the report.")] = Path(
        "out/mitigation"
    ),
    check: Annotated[bool, typer.Option("--check", help="Only check the job file, and that all it names is there.")] = False,
    threads: Threads = None,
) -> None:
    """Fine-tune a recogniser for its worst cohorts, by every method of the job at the same budget.

    The same cohorts are then measured on speakers that were in neither training nor discovery.
    An interrupted job goes on where it stopped. Written: report.html, report.json, tables, rules/, and the recommended model/.
    """
    from fairasr.cli.destination import require_folder
    from fairasr.cli.league import print_league
    from fairasr.cli.progress import progress
    from fairasr.core.plural import counted
    from fairasr.mitigating import mitigate as run_job
    from fairasr.mitigating import read_job
    from fairasr.training.threads import chosen_threads

    require_folder(output)
    checked = read_job(job)
    if check:
        n_runs = sum(len(block.candidates) for block in checked.methods) * len(checked.seeds)
        methods, seeds = counted(len(checked.methods), "method"), counted(len(checked.seeds), "seed")
        typer.echo(f"'{job}' can be run: {methods}, {counted(n_runs, 'candidate')} with {seeds}.")
        return
    with chosen_threads(threads), progress() as tell:
        found = run_job(checked, folder=output, command=command_line(), progress=tell)
        written = found.write(output)
    if written:
        print_league(found.result)
        typer.echo(f"\nReport: {output / 'report.html'}")
