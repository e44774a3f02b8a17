"""Rows that cannot be used, counted by the cohort they would have been in."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairasr.core import UNKNOWN, Manifest, Partition
from fairasr.core.errors import DiscoveryError
from fairasr.core.manifest import COLUMNS
from fairasr.core.schema import broken_rows
from fairasr.discovery import CohortRule

NUMBERS = {"latitude_deg", "longitude_deg", "duration_s"}


def unusable_rows(manifest: Manifest) -> Manifest | None:
    """The rows set aside as a manifest of their own, one speaker per row, values that break a rule left out; None for none.

    Row i is speaker i of the result, so that a rule can place every row by its own columns.
    """
    rows = manifest.set_aside.drop(columns=["reason"]).reset_index(drop=True)
    if rows.empty:
        return None
    numbered = pd.Series([f"{i:09d}" for i in range(len(rows))])
    table = rows.assign(utterance_id=numbered, speaker_id=numbered, reference="")
    for column in COLUMNS:
        if column.name in table:
            for wrong in broken_rows(table, [column]).values():
                table.loc[wrong, column.name] = None
    for number in NUMBERS & set(table.columns):
        table[number] = pd.to_numeric(table[number], errors="coerce")
    return Manifest(table=table, source=f"rows set aside of {manifest.source}")


def set_aside_by_cohort(rule: CohortRule, partition: Partition, manifest: Manifest, unusable: Manifest | None) -> dict[str, int]:
    """Rows set aside in each cohort: by their speaker where the partition has them, else by the row's own columns."""
    if unusable is None:
        return {}
    try:
        labels = rule.assign(unusable).labels.to_numpy()
    except DiscoveryError:  # without the column the rule goes by, nobody can place these rows
        labels = np.full(len(unusable), UNKNOWN, dtype=object)
    if "speaker_id" in manifest.set_aside:
        by_speaker = partition.labels.reindex(manifest.set_aside["speaker_id"]).to_numpy()
        labels = np.where(pd.isna(by_speaker), labels, by_speaker)
    counts = pd.Series(labels).fillna(UNKNOWN).value_counts()
    return {str(label): int(n) for label, n in counts.items()}
