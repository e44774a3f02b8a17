"""What a reader must know before the first number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from fairasr.core import Manifest, SystemResult

NOTABLE_SHARE = 0.01
"""Missing, empty or looping outputs above this share of utterances are named in the headline."""


def headline_warnings(
    manifest: Manifest,
    focus: SystemResult,
    data: Mapping[str, Any],
    sensitivity: pd.DataFrame | None,
) -> tuple[str, ...]:
    """Sentences for the headline, most serious first."""
    warnings = []
    if not manifest.has_speaker_ids:
        warnings.append(
            "This corpus names no speakers: every utterance counts as a speaker of its own. Intervals are too narrow and p-values "
            "too small wherever one person spoke more than once; treat every gap as unconfirmed."
        )
    if data["set_aside"]:
        n = sum(data["set_aside"].values())
        warnings.append(
            f"{n:,} of {n + data['n_utterances']:,} rows could not be used and were set aside; they are counted "
            "below, by reason and by group."
        )
    if sensitivity is not None and sensitivity["flips"].any():
        n, compared = int(sensitivity["flips"].sum()), int((sensitivity["normaliser"] != sensitivity["normaliser"].iloc[0]).sum())
        warnings.append(
            f"{n:,} of {compared:,} gaps gain, lose or turn their significance under another text normaliser; see "
            "the table of normalisers."
        )
    odd = {
        "no hypothesis (scored as deletions)": focus.totals.get("n_missing", 0),
        "empty hypotheses": focus.totals.get("n_empty", 0),
        "loops or invented speech": focus.totals.get("n_loops", 0),
    }
    named = [f"{n:,} with {what}" for what, n in odd.items() if n > NOTABLE_SHARE * data["n_utterances"]]
    if named and focus.measure is None:
        warnings.append(f"{focus.system}: of {data['n_utterances']:,} utterances {', '.join(named)}.")
    return tuple(warnings)
