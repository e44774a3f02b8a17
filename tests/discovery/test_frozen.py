"""A rule found elsewhere is used as it is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairasr.core import Manifest
from fairasr.discovery import FrozenRule
from fairasr.discovery.declared import DeclaredRule


def manifest_of(accents: list[str | None]) -> Manifest:
    names = [f"s{i}" for i in range(len(accents))]
    return Manifest(table=pd.DataFrame({"utterance_id": names, "speaker_id": names, "reference": "a", "accent": accents}))


def test_a_frozen_rule_is_handed_out_whatever_the_counts() -> None:
    rule = DeclaredRule(columns=("accent",))
    frozen = FrozenRule(rule=rule)
    search = frozen.search(manifest_of(["a", "b"]), seed=0)
    assert search.fit(np.array([1, 9]), np.array([10, 10])) is rule
    assert search.fit(np.array([9, 1]), np.array([10, 10])) is rule
    assert frozen.method == "declared:accent"


def test_a_frozen_rule_that_divides_nobody_here_is_an_obstacle() -> None:
    frozen = FrozenRule(rule=DeclaredRule(columns=("accent",)))
    assert frozen.obstacle(manifest_of(["a", "b", None])) is None
    assert (
        frozen.obstacle(manifest_of(["a", "a", None])) == "the rule puts the 3 discovery speakers into 1 cohort(s); a gap needs two"
    )
