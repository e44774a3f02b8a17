"""An audit of speaker verification as a folder of files, and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from fairasr.core import VerificationResult
from fairasr.core.atomic import replace_files
from fairasr.core.errors import IngestError, OutputError
from fairasr.core.verification import GROUP_COLUMNS, GROUP_TEXT
from fairasr.report.export import csv_bytes, json_bytes
from fairasr.report.reading import JSON_NAME, read_result

NAMES = ("report.html", JSON_NAME, "groups.csv")


def write_verification(result: VerificationResult, folder: str | Path) -> list[Path]:
    """Write report.html, report.json and groups.csv, all of them or none; sorted paths written.

    Raises:
        OutputError: the folder cannot be written; what was there still is.
    """
    from fairasr.report.verification_page import render_verification

    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"cannot write results to {str(folder)!r}: it is a file. Give a folder.")
    contents = {
        Path("report.html"): render_verification(result).encode(),
        Path(JSON_NAME): json_bytes(result.to_json()),
        Path("groups.csv"): csv_bytes(groups_of_all(result)),
    }

    def former(place: Path) -> Iterator[Path]:
        yield from (Path(name) for name in NAMES if (place / name).is_file())

    return replace_files(folder, contents, owned=former)


def read_verification(folder_or_json: str | Path) -> VerificationResult:
    """The result that `write_verification` wrote: its folder or its report.json.

    Raises:
        IngestError: there is no such file, it is no JSON, no audit of speaker verification, of another version, or damaged.
    """
    result = read_result(folder_or_json)
    if not isinstance(result, VerificationResult):
        raise IngestError(
            f"{str(folder_or_json)!r} is another result, not an audit of speaker verification. Give the folder of one."
        )
    return result


def groups_of_all(result: VerificationResult) -> pd.DataFrame:
    """Every group of every verifier and way of grouping: system, method, then GROUP_COLUMNS; suppressed numbers missing."""
    parts = []
    for system in result.systems:
        for method, report in system.reports.items():
            rows = report.groups.reindex(columns=list(GROUP_COLUMNS))
            # Whatever a suppressed row held, no number of it leaves.
            rows.loc[rows["suppressed"] != "", [name for name in rows.columns if name not in GROUP_TEXT]] = float("nan")
            parts.append(rows.assign(system=system.system, method=method))
    columns = ["system", "method", *GROUP_COLUMNS]
    # Where nothing grouped the speakers there is nothing to join, and the file still has its header.
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
