"""Any table of rates by cohort as the report that a map is drawn of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from fairasr.core import UNDEFINED, DisparityReport, Estimate, Gaps, Spread


def report_of_rates(
    cohorts: pd.DataFrame,
    *,
    method: str,
    system: str,
    rate_name: str,
    overall: Estimate,
    layer: Mapping[str, Any],
    areas: pd.DataFrame | None = None,
) -> DisparityReport:
    """A report that holds what a map reads: these cohorts, the first of them the worst, and the areas.

    Args:
        cohorts: cohort, suppressed, role, n_speakers, rate, rate_lo, rate_hi; highest rate first.
        method, system, rate_name: whose rates they are.
        overall: the rate at the middle of the colours.
        layer: what to draw, as `DisparityReport.map`.
        areas: for a map of areas that are not the cohorts.
    """
    is_known = len(cohorts) > 0 and math.isfinite(cohorts["rate"].iloc[0])
    return DisparityReport(
        method=method,
        system=system,
        rate_name=rate_name,
        cohorts=cohorts,
        honest=_no_gaps((str(cohorts["cohort"].iloc[0]),) if is_known else ()),
        apparent=_no_gaps(()),
        spread=Spread(n_cohorts=0, mean=math.nan, max=math.nan, variance=math.nan, percentile_90=math.nan),
        cohorts_basis="confirmation",
        cohorts_overall=overall,
        map=layer,
        areas=areas,
    )


def _no_gaps(bottom: tuple[str, ...]) -> Gaps:
    """Gaps that say nothing but who is worst: a map reads no more of them."""
    return Gaps(
        basis="confirmation",
        bottom=bottom,
        top=(),
        bottom_rate=UNDEFINED,
        top_rate=UNDEFINED,
        overall_rate=UNDEFINED,
        relative_to_top=UNDEFINED,
        relative_to_bottom=UNDEFINED,
        relative_to_overall=UNDEFINED,
        difference_to_overall=UNDEFINED,
        difference_to_rest=UNDEFINED,
        bottom_n_speakers=math.nan,
        top_n_speakers=math.nan,
        n_speakers=0,
        bottom_share_speakers=math.nan,
        bottom_share_words=math.nan,
    )
