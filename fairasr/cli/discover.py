"""`fairasr discover`: find cohorts and save their rules; or assign saved rules to a corpus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from fairasr.cli.options import DISCOVERY, Reading, Scoring, Search, Seed

COHORTS = Path("cohorts.parquet")
RULES = Path("rules")


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
    from fairasr.cli.tables import cohorts_of_speakers, parquet_bytes
    from fairasr.core.atomic import replace_files
    from fairasr.core.plural import counted
    from fairasr.discovery import frozen_rule, rule_record
    from fairasr.report.export import json_bytes, rule_names

    require_folder(output)
    _refuse_results_of_others(output, rules=rule or ())
    method_settings = settings_by_method(search.settings or ())
    saved = [frozen_rule(path) for path in rule or ()]
    corpus = reading.corpus()
    rules = {one.rule.method: one.rule for one in saved}
    found_on = {one.rule.method: one.found_on for one in saved}
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
    names = rule_names(rules)
    records = {name: rule_record(found, found_on=found_on.get(name, corpus.utterances_sha256)) for name, found in rules.items()}
    replace_files(
        output,
        {
            COHORTS: parquet_bytes(cohorts_of_speakers(partitions)),
            **{RULES / names[name]: json_bytes(record) for name, record in records.items()},
        },
        owned=_owned,
    )
    for name, partition in partitions.items():
        typer.echo(f"{name}: {counted(len(partition.cohorts), 'cohort')} of {counted(len(partition.labels), 'speaker')}")
        for note in partition.notes:
            typer.echo(f"  - {note}")
    typer.echo(f"Rules and cohorts: {output}")


def _refuse_results_of_others(output: Path, *, rules: Sequence[Path]) -> None:
    """Cohorts and rules of a former run are replaced; neither an audit nor the rules to assign may go that way."""
    from fairasr.cli.destination import REMEDY
    from fairasr.core.errors import OutputError
    from fairasr.report.reading import JSON_NAME

    if (output / JSON_NAME).exists():
        raise OutputError(f"cannot write cohorts to '{output}': it holds a report, whose rules would be replaced. {REMEDY}")
    inside = [rule for rule in rules if rule.resolve().is_relative_to(output.resolve())]
    if inside:
        raise OutputError(
            f"cannot write cohorts to '{output}': {len(inside)} of {len(rules)} rules to assign lie in it "
            f"(first: '{inside[0]}'), and its rules would be replaced. {REMEDY}"
        )


def _owned(folder: Path) -> Iterator[Path]:
    """Files of an earlier discovery, relative to `folder`."""
    from fairasr.report.folder import rules_in

    if (folder / COHORTS).is_file():
        yield COHORTS
    yield from rules_in(folder)
