"""`fairasr discover`: find cohorts and save their rules; or assign saved rules to a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairasr.cli.options import DISCOVERY, Reading, Scoring, Search, Seed


def discover(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for cohorts.parquet and rules/.")] = Path(
        "cohorts"
    ),
    seed: Seed = 0,
    search: Search,
    rule: Annotated[
        list[Path] | None,
        typer.Option(
            "--rule",
            metavar="FILE",
            help="Assign this saved rule instead of finding cohorts; repeat for more.",
            rich_help_panel=DISCOVERY,
        ),
    ] = None,
    scoring: Scoring,
    reading: Reading,
) -> None:
    """Find cohorts on all speakers, for use on OTHER speakers: their rules, and who is in which.

    No rate is printed: on the speakers the cohorts were found on it would look worse than it is. `fairasr audit` estimates
    honestly.
    """
    from fairasr.auditing import discover_rules
    from fairasr.cli.destination import require_folder
    from fairasr.cli.progress import progress
    from fairasr.cli.settings import settings_by_method
    from fairasr.cli.tables import cohorts_of_speakers, write_table
    from fairasr.core.atomic import write_file
    from fairasr.discovery import read_rule, rule_record
    from fairasr.report.export import json_bytes, rule_names

    require_folder(output)
    method_settings = settings_by_method(search.settings or ())
    saved = [read_rule(path) for path in rule or ()]
    corpus = reading.corpus()
    rules = {one.method: one for one in saved}
    if not rules:
        with progress() as tell:
            rules = discover_rules(
                corpus,
                seed=seed,
                systems=scoring.only or (),
                methods=search.method or (),
                census=search.census,
                method_settings=method_settings,
                normaliser=scoring.normaliser,
                unit=scoring.unit,
                missing=scoring.missing,
                progress=tell,
            )
    partitions = {name: found.assign(corpus.manifest) for name, found in rules.items()}
    write_table(cohorts_of_speakers(partitions), output / "cohorts.parquet")
    for name, file in rule_names(rules).items():
        write_file(output / "rules" / file, json_bytes(rule_record(rules[name], found_on=corpus.utterances_sha256)))
    for name, partition in partitions.items():
        typer.echo(f"{name}: {len(partition.cohorts):,} cohorts of {len(partition.labels):,} speakers")
        for note in partition.notes:
            typer.echo(f"  - {note}")
    typer.echo(f"Rules and cohorts: {output}")
