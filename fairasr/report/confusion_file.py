"""The confusions kept beside an audit, read back."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from fairasr.report.utterance_file import CONFUSIONS_FORMAT, CONFUSIONS_NAME, METADATA_KEY, UTTERANCES_VERSION


def read_confusions(folder: str | Path, *, report_identity: str, system: str, method: str, cohort: str) -> pd.DataFrame | None:
    """The most telling confusions of one cohort ("" is everyone); None where they were not kept, or with another report.

    Args:
        folder: of the audit.
        report_identity: SHA-256 of its report.json.
        system: whose errors.
        method: of the cohort.
        cohort: label.
    """
    import pyarrow.parquet as pq

    path = Path(folder) / CONFUSIONS_NAME
    try:
        about = json.loads((pq.read_schema(path).metadata or {}).get(METADATA_KEY, b"{}"))
        if (about.get("format"), about.get("version"), about.get("report")) != (
            CONFUSIONS_FORMAT,
            UTTERANCES_VERSION,
            report_identity,
        ):
            return None
        filters = [("system", "=", system), ("method", "=", method), ("cohort", "=", cohort)]
        table: pd.DataFrame = pq.read_table(path, filters=filters).to_pandas()
    except (OSError, ValueError):
        return None
    return table.drop(columns=["system", "method", "cohort"])
