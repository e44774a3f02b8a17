"""The pooled rate of the targets gives no suppressed one of them away."""

from __future__ import annotations

import pandas as pd

from fairasr.core import Partition
from fairasr.statistics import shown_target


def partition_of(**sizes: int) -> Partition:
    labels = [label for label, size in sizes.items() for _ in range(size)]
    index = pd.Index([f"s{i:03d}" for i in range(len(labels))], name="speaker_id")
    return Partition(
        method="m", labels=pd.Series(labels, index=index), descriptions={label: label for label in sizes}, used_scores=False
    )


def test_a_single_suppressed_target_is_left_out() -> None:
    """All targets together less the one shown would be the seven that are not."""
    partition = partition_of(a=7, b=23, c=40, d=32)
    assert shown_target(partition, target=["a", "b"], min_speakers=10) == ("b",)


def test_targets_that_are_all_shown_are_all_pooled() -> None:
    partition = partition_of(a=17, b=23, c=40, d=32)
    assert set(shown_target(partition, target=["a", "b"], min_speakers=10)) == {"a", "b"}


def test_a_single_small_target_shows_nothing() -> None:
    assert shown_target(partition_of(a=7, c=40, d=32), target=["a"], min_speakers=10) == ()
