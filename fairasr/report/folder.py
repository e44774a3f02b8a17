"""An audit as a folder of files, and back: report.html, report.json, cohorts.parquet, cohorts.csv, regions.geojson, rules/.

Where its utterances are kept, utterances.arrow and confusions.parquet stand beside them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fairasr.core import AuditResult, audit_from
from fairasr.core.atomic import Content, replace_files
from fairasr.core.errors import OutputError
from fairasr.report.export import cohorts_csv, cohorts_parquet, json_bytes, rule_names
from fairasr.report.reading import JSON_NAME, read_as
from fairasr.report.utterance_file import (
    CONFUSIONS_NAME,
    UTTERANCES_NAME,
    KeptUtterances,
    confusions_parquet,
    identity_of,
    utterance_writer,
)

NAMES = ("report.html", JSON_NAME, "cohorts.parquet", "cohorts.csv", "regions.geojson", UTTERANCES_NAME, CONFUSIONS_NAME)
RULES = "rules"
RULE_FORMAT = "fairasr-rule"


def write_audit(
    result: AuditResult,
    folder: str | Path,
    *,
    rules: Mapping[str, dict[str, Any]],
    utterances: KeptUtterances | None = None,
    overwrite: bool = True,
) -> list[Path]:
    """Write all files of an audit, all of them or none; sorted paths written.

    Files of an earlier audit in `folder` are replaced (its rules and utterances removed); files of other origin stay.

    Args:
        result: the audit.
        folder: made where it does not exist.
        rules: method -> `to_json()` of its rule; empty writes no rules/.
        utterances: written too, transcripts and all; None writes none.
        overwrite: False refuses a folder that already holds an audit.

    Raises:
        OutputError: the folder cannot be written, or holds an audit that may not be overwritten. What was there still is.
    """
    from fairasr.report.maps import regions_geojson
    from fairasr.report.page import render_html

    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"cannot write an audit to {str(folder)!r}: it is a file. Give a folder.")
    if not overwrite and folder.exists() and (present := sorted(_owned(folder))):
        raise OutputError(
            f"{str(folder)!r} already holds {len(present)} files of an audit (first: {str(present[0])!r}). "
            "Choose another folder or allow overwriting."
        )
    focus = result.system(result.focus)
    report = json_bytes(result.to_json())
    contents: dict[Path, Content] = {
        Path("report.html"): render_html(result).encode(),
        Path(JSON_NAME): report,
        Path("cohorts.parquet"): cohorts_parquet(result),
        Path("cohorts.csv"): cohorts_csv(result),
        Path("regions.geojson"): json_bytes(regions_geojson(list(focus.reports.values()))),
        **{Path(RULES) / name: json_bytes(rules[method]) for method, name in rule_names(rules).items()},
    }
    if utterances is not None:
        identity = identity_of(report)
        contents[Path(UTTERANCES_NAME)] = utterance_writer(utterances, report_identity=identity)
        contents[Path(CONFUSIONS_NAME)] = confusions_parquet(utterances, report_identity=identity)
    return replace_files(folder, contents, owned=_owned)


def read_audit(folder_or_json: str | Path) -> AuditResult:
    """The audit that `write_audit` wrote: its folder or its report.json.

    Raises:
        IngestError: there is no such file, it is no JSON, no audit, of another version, or damaged.
    """
    return read_as(folder_or_json, audit_from, what="the audit", remedy="Run the audit again.")


def _owned(folder: Path) -> Iterator[Path]:
    """Files of an earlier audit, relative to `folder`: those of our names, and rules in rules/."""
    yield from (Path(name) for name in NAMES if (folder / name).is_file())
    yield from rules_in(folder)


def rules_in(folder: Path) -> Iterator[Path]:
    """Saved rules in rules/ of `folder`, relative to it; other files there are left out."""
    return (path.relative_to(folder) for path in (folder / RULES).glob("*.json") if _is_rule(path))


def _is_rule(path: Path) -> bool:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(data, dict) and data.get("format") == RULE_FORMAT
