"""Reports made by hand for the tests of maps: what is planted is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from fairasr.core import UNDEFINED, DisparityReport, Estimate, Gaps, Spread


def row(
    cohort: str, rate: float, *, half: float = 0.02, n_speakers: int = 50, role: str = "", suppressed: str = ""
) -> dict[str, Any]:
    """One row of a cohort table; a suppressed row has NaN in every number."""
    hidden = bool(suppressed)
    return {
        "cohort": cohort,
        "description": f"speakers in {cohort}",
        "role": role,
        "suppressed": suppressed,
        "n_speakers": float("nan") if hidden else n_speakers,
        "rate": float("nan") if hidden else rate,
        "rate_lo": float("nan") if hidden else rate - half,
        "rate_hi": float("nan") if hidden else rate + half,
        "rate_shrunken": float("nan") if hidden else rate,
    }


def report_of(
    rows: Sequence[Mapping[str, Any]],
    layer: Mapping[str, Any] | None,
    *,
    overall: float = 0.2,
    bottom: tuple[str, ...] = (),
    areas: Sequence[Mapping[str, Any]] | None = None,
) -> DisparityReport:
    """A report of these rows whose overall rate is `overall`."""
    gaps = Gaps(
        basis="confirmation",
        bottom=bottom,
        top=(),
        bottom_rate=UNDEFINED,
        top_rate=UNDEFINED,
        overall_rate=Estimate(value=overall, lo=overall, hi=overall),
        relative_to_top=UNDEFINED,
        relative_to_bottom=UNDEFINED,
        relative_to_overall=UNDEFINED,
        difference_to_overall=UNDEFINED,
        difference_to_rest=UNDEFINED,
        bottom_n_speakers=0,
        top_n_speakers=0,
        n_speakers=0,
        bottom_share_speakers=0.0,
        bottom_share_words=0.0,
    )
    return DisparityReport(
        method="geo-tree",
        system="planted",
        rate_name="WER",
        cohorts=pd.DataFrame(list(rows)),
        honest=gaps,
        apparent=gaps,
        spread=Spread(n_cohorts=0, mean=0.0, max=0.0, variance=0.0, percentile_90=0.0),
        cohorts_basis="confirmation",
        cohorts_overall=Estimate(value=overall, lo=overall, hi=overall),
        map=layer,
        areas=None if areas is None else pd.DataFrame(list(areas)),
    )
