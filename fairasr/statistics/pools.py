"""Which cohorts are judged together: several targets as one, and those too small to be shown as one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fairasr.core import UNKNOWN, Partition
from fairasr.statistics.suppression import lines_of, suppressed

FEWEST_TOGETHER = 2
"""Suppressed cohorts in a sum that is shown: the sum of one would be its number."""


@dataclass(frozen=True, kw_only=True)
class Pools:
    """Labels of the cohorts that are pooled.

    Attributes:
        target: cohorts whose pooled rate is that of the target.
        small: suppressed cohorts that are not in `target`.
        small_is_shown: whether the pooled rate of `small` gives none of them away.
    """

    target: tuple[str, ...]
    small: tuple[str, ...]
    small_is_shown: bool


def shown_target(partition: Partition, *, target: Sequence[str], min_speakers: int) -> tuple[str, ...]:
    """Target cohorts whose pooled rate can be published beside those of the cohorts that `compare` shows.

    A target cohort that is suppressed alone is left out: beside the others' rate, the rate of all targets would be its own.
    """
    names = partition.cohorts
    sizes = np.array([(partition.labels == name).sum() for name in names])
    reasons = suppressed(
        sizes,
        min_speakers=min_speakers,
        lines=lines_of(names, partition.components),
        keep=np.array([name == UNKNOWN or name in target for name in names]),
    )
    return pools_of(
        dict(zip(names, sizes.tolist(), strict=True)),
        hidden={name for name, reason in zip(names, reasons, strict=True) if reason},
        target=target,
        min_speakers=min_speakers,
        is_crossed=bool(partition.components),
    ).target


def pools_of(
    n_speakers: Mapping[str, int], *, hidden: Collection[str], target: Sequence[str], min_speakers: int, is_crossed: bool
) -> Pools:
    """Pools of which every sum can be published beside the cohorts shown and the rate of all speakers.

    Suppressed target cohorts count in the target where both they and the suppressed rest are enough together; else they are
    judged with the small ones. Never where two columns are crossed: lines of totals make equations enough already.

    Args:
        n_speakers: label -> speakers.
        hidden: labels that are suppressed.
        target: labels of the cohorts that were to gain.
        min_speakers: fewest speakers whose number may be shown.
        is_crossed: whether the cohorts are two columns crossed.
    """

    def is_enough(labels: Sequence[str]) -> bool:
        filled = [label for label in labels if n_speakers[label] > 0]
        return len(filled) >= FEWEST_TOGETHER and sum(n_speakers[label] for label in filled) >= min_speakers

    filled = [label for label, n in n_speakers.items() if n > 0 and label in hidden]
    hidden_target = [label for label in filled if label in target]
    hidden_rest = [label for label in filled if label not in target]
    joins = not is_crossed and is_enough(hidden_target) and (not hidden_rest or is_enough(hidden_rest))
    pooled = [label for label in n_speakers if label in target and (label not in hidden or (joins and label in hidden_target))]
    small = hidden_rest if joins else filled
    return Pools(target=tuple(pooled), small=tuple(small), small_is_shown=is_enough(small))
