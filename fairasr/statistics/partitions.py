"""The honest gap of every binary partition a method tried, not only of the winner."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from fairasr.core import Counts, Gaps, Partition
from fairasr.statistics.gaps import BOTTOM, TOP, band_gaps, log_ratio
from fairasr.statistics.multiplicity import benjamini_hochberg, holm
from fairasr.statistics.rates import pooled_rates

BOTTOM_LABEL = "bottom"
REST_LABEL = "rest"
NOTHING = band_gaps(np.zeros(0), np.zeros(0), np.zeros(0, dtype=int), basis="", bottom=(), top=(), min_speakers=2)
"""The gap among nobody: every number NaN."""


def partition_table(
    confirmation: Counts, discovery: Counts, partitions: Mapping[str, Partition], *, min_speakers: int
) -> pd.DataFrame:
    """One row per partition, in the order given (best on the discovery speakers first).

    Columns: partition, description, suppressed, bottom_n_speakers, bottom_rate, rest_rate, relative_to_top with _lo and _hi
    (on the confirmation speakers; top is the rest), apparent_relative_to_top, p_value (two-sided Welch t of the log ratio;
    null: both sides have one rate), p_holm, p_bh over the partitions. A partition is suppressed where a side has too few
    speakers, or where it differs from one shown before by too few.
    """
    rows = []
    shown: list[np.ndarray] = []
    confirmation, discovery = confirmation.by_speaker(), discovery.by_speaker()
    for name, partition in partitions.items():
        bands = _bands(confirmation, partition)
        honest, contrast_p = _gap(confirmation, bands, min_speakers=min_speakers)
        apparent, _ = _gap(discovery, _bands(discovery, partition), min_speakers=min_speakers)
        small = np.isnan(honest.bottom_n_speakers) or any(_differ_by_few(bands, other, min_speakers) for other in shown)
        if small:
            honest = apparent = NOTHING
        else:
            shown.append(bands)
        rows.append(
            {
                "partition": name,
                "description": partition.descriptions.get(BOTTOM_LABEL, name),
                "suppressed": "small" if small else "",
                "bottom_n_speakers": np.nan if small else honest.bottom_n_speakers,
                "bottom_rate": honest.bottom_rate.value,
                "rest_rate": honest.top_rate.value,
                "relative_to_top": honest.relative_to_top.value,
                "relative_to_top_lo": honest.relative_to_top.lo,
                "relative_to_top_hi": honest.relative_to_top.hi,
                "apparent_relative_to_top": apparent.relative_to_top.value,
                "p_value": np.nan if small else contrast_p,
            }
        )
    table = pd.DataFrame(rows)
    table["p_holm"], table["p_bh"] = holm(table["p_value"].to_numpy()), benjamini_hochberg(table["p_value"].to_numpy())
    return table


def _bands(counts: Counts, partition: Partition) -> np.ndarray:
    labels = partition.labels.reindex(counts.table["speaker_id"])
    return labels.map({BOTTOM_LABEL: BOTTOM, REST_LABEL: TOP}).fillna(-1).to_numpy(dtype=int)


def _differ_by_few(first: np.ndarray, second: np.ndarray, min_speakers: int) -> bool:
    """Whether one division minus the other leaves fewer speakers than may be shown (but some), whichever side is the worse."""
    turned = np.select([first == BOTTOM, first == TOP], [TOP, BOTTOM], first)
    return any(0 < (sides != second).sum() < min_speakers for sides in (first, turned))


def _gap(counts: Counts, bands: np.ndarray, *, min_speakers: int) -> tuple[Gaps, float]:
    gaps = band_gaps(
        counts.numerators,
        counts.denominators,
        bands,
        basis="confirmation",
        bottom=(BOTTOM_LABEL,),
        top=(REST_LABEL,),
        min_speakers=min_speakers,
    )
    contrast = log_ratio(pooled_rates(counts.numerators, counts.denominators, bands, 3), BOTTOM, TOP)
    p_value = 2 * float(stats.t.sf(abs(contrast.value / contrast.error), contrast.freedom)) if contrast.error > 0 else float("nan")
    return gaps, p_value
