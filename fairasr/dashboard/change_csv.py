"""The tables of a comparison and of a fine-tuning job as CSV."""

from __future__ import annotations

from fairasr.core import Comparison, MitigationResult, SystemChange
from fairasr.core.mitigation import LEAGUE_COLUMNS
from fairasr.report.change_files import changes_table
from fairasr.report.export import csv_bytes


def changes_csv(comparison: Comparison, system: SystemChange) -> bytes:
    """Every change of one new system, on the corpus and on the forgetting sets, as in changes.csv."""
    table = changes_table(comparison)
    return csv_bytes(table[table["after"] == system.after])


def league_csv(result: MitigationResult) -> bytes:
    """The league table with all its columns, as in league.csv."""
    return csv_bytes(result.league[list(LEAGUE_COLUMNS)])
