"""What a reader must know before the numbers of a verification audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fairasr.core import VerifierResult
from fairasr.verifying.partitions import Grouping

CHANCE = 0.5
SAME = 1e-9
"""Scores that differ by less than this share are one score but for rounding: cosines of equal vectors differ so."""


def warnings_of(systems: Sequence[VerifierResult], scores: Mapping[str, np.ndarray], found: Mapping[str, Grouping]) -> list[str]:
    """Sentences, most serious first."""
    warnings = []
    for system in systems:
        values = scores[system.system]
        if np.ptp(values) <= SAME * max(1.0, float(np.abs(values).max())):
            warnings.append(
                f"{system.system} gives all {len(values):,} trials one score, {values[0]:g}: it tells nobody apart, and its equal "
                "error rate is 50 %."
            )
        elif system.eer.value > CHANCE:
            warnings.append(
                f"{system.system} has an equal error rate of {100 * system.eer.value:.1f} %, worse than chance: its scores seem "
                "to be distances or to be reversed. Higher must mean more alike; negate them."
            )
    dipped = [method for method, grouping in found.items() if grouping.found_here]
    if dipped:
        warnings.append(
            f"{len(dipped)} of {len(found)} ways of grouping were found on these files (first: {dipped[0]}): their groups may look "
            "worse than they are."
        )
    if not found:
        warnings.append("No groups were given and no column makes any, so nothing is said of differences between speakers.")
    return warnings
