"""A made-up audit with two utterances and their recordings kept beside it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from example import example

from fairasr.core import AuditResult, Manifest
from fairasr.report.export import json_bytes
from fairasr.report.utterance_file import (
    CONFUSIONS_NAME,
    COUNT_COLUMNS,
    UTTERANCES_NAME,
    KeptSystem,
    KeptUtterances,
    ListedCohorts,
    confusions_parquet,
    identity_of,
    utterance_writer,
)
from fairasr.scoring.confusions import CONFUSION_COLUMNS

SYSTEM, METHOD = "conformer-large", "geo-tree"


def audit_of(rate_name: str = "WER") -> AuditResult:
    """An audit of one system and one method."""
    one = example().system(SYSTEM)
    report = replace(one.reports[METHOD], rate_name=rate_name)
    system = replace(one, reports={METHOD: report}, rate_name=rate_name)
    return example(systems=(system,), comparisons=(), sensitivity=None)


def write_audit(folder: Path, *, rate_name: str = "WER") -> bytes:
    """Write its report; the report's bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    report = json_bytes(audit_of(rate_name).to_json())
    (folder / "report.json").write_bytes(report)
    return report


def write_kept(folder: Path, report: bytes, *, said: str = "red sea", recordings: tuple[Path, Path] | None = None) -> None:
    """Put two utterances, one wrong word each, and one confusion beside a report, as an audit does: by renaming a new file."""
    table = pd.DataFrame({"utterance_id": ["u0", "u1"], "speaker_id": ["s0", "s1"], "reference": [said, said]})
    if recordings is not None:
        table["audio_path"] = [str(recording) for recording in recordings]
    row = ["", "substitution", "red", "read", 7, 5, 3.0, 3.0]
    confusions = pd.DataFrame([row], columns=list(CONFUSION_COLUMNS)).astype(CONFUSION_COLUMNS)
    confusions.insert(0, "method", METHOD)
    confusions.insert(0, "system", SYSTEM)
    kept = KeptUtterances(
        manifest=Manifest(table=table),
        systems=(
            KeptSystem(
                system=SYSTEM,
                texts={"u0": "read sea", "u1": "read sea"},
                counts={name: np.full(2, {"n_ref": 2, "substitutions": 1}.get(name, 0)) for name in COUNT_COLUMNS},
                cohorts={METHOD: ListedCohorts(labels=("r00",), codes=np.array([0, 0]))},
            ),
        ),
        is_confirmation=np.ones(2, dtype=bool),
        normaliser="none",
        unit="word",
        confusions=confusions,
    )
    with (folder / "new").open("wb") as stream:
        utterance_writer(kept, report_identity=identity_of(report))(stream)
    os.replace(folder / "new", folder / UTTERANCES_NAME)
    (folder / "new").write_bytes(confusions_parquet(kept, report_identity=identity_of(report)))
    os.replace(folder / "new", folder / CONFUSIONS_NAME)
