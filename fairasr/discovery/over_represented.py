"""What is common in a group of speakers beyond its share of all speakers, in words that name no small group."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairasr.core import Manifest
from fairasr.core.privacy import FEWEST_SPEAKERS

LEAST_LIFT = 1.2
LEAST_SCORE = 2.0
"""Standard deviations above what drawing the group at random would give (hypergeometric)."""
MOST_NAMED = 3
MOST_LEVELS = 50
"""Numbers with more different values than this are measurements, and no groups."""


def over_represented(manifest: Manifest, groups: np.ndarray, n_groups: int) -> list[list[str]]:
    """For each group the attribute values most over-represented in it: "gender female (1.8 times its share, 40 or more speakers)".

    A value is named only where `FEWEST_SPEAKERS` of the group share it, and counts are given in steps of that.

    Args:
        manifest: its `attributes` are looked at; speakers without a value do not count for that attribute.
        groups: group of each speaker, -1 for none: int array (n_speakers,).
        n_groups: groups there are.

    Returns:
        At most three phrases per group, strongest first; an empty list where nothing stands out.
    """
    found: list[dict[bytes, tuple[float, str]]] = [{} for _ in range(n_groups)]
    for attribute in manifest.attributes:
        if _is_measurement(manifest.table[attribute]):
            continue
        values, _ = manifest.values_by_speaker(attribute)
        usable = values.notna().to_numpy() & (groups >= 0)
        texts = np.array([_text(value) for value in values[usable]], dtype=str)
        levels, codes, totals = np.unique(texts, return_inverse=True, return_counts=True)
        common = np.flatnonzero(totals >= FEWEST_SPEAKERS)
        if len(levels) < 2 or not len(common):
            continue
        counts = np.zeros((n_groups, len(levels)))
        np.add.at(counts, (groups[usable], codes), 1)
        sizes, n = counts.sum(axis=1, keepdims=True), len(texts)
        expected = sizes * totals / n
        variance = expected * (1 - totals / n) * (n - sizes) / max(n - 1, 1)
        score = np.divide(counts - expected, np.sqrt(variance), out=np.zeros_like(counts), where=variance > 0)
        lift = np.divide(counts, expected, out=np.zeros_like(counts), where=expected > 0)
        named = (counts >= FEWEST_SPEAKERS) & (lift >= LEAST_LIFT) & (score >= LEAST_SCORE)
        for group, level in zip(*np.nonzero(named[:, common]), strict=True):
            at = common[level]
            floor = int(counts[group, at] // FEWEST_SPEAKERS * FEWEST_SPEAKERS)
            words = (
                f"{attribute.replace('_', ' ')} {levels[at]} ({lift[group, at]:.1f} times its share, {floor:,} or more speakers)"
            )
            # Two columns may say the same of the same people (country, country code): the first is enough.
            who = np.flatnonzero(usable)[(codes == at)].tobytes()
            found[group].setdefault(who, (-float(score[group, at]), words))
    return [[words for _, words in sorted(group.values())[:MOST_NAMED]] for group in found]


def _is_measurement(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column) and column.nunique() > MOST_LEVELS


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
