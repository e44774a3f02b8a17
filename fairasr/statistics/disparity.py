"""Counts, Partition -> the table of cohorts: rates, differences, tests, shrinkage, small cohorts suppressed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fairasr.core import UNKNOWN, Counts, Partition, Spread
from fairasr.core.disparity import COHORT_COLUMNS
from fairasr.core.errors import DoubleDippingError
from fairasr.statistics.gaps import BOTTOM, TOP, difference
from fairasr.statistics.multiplicity import benjamini_hochberg, holm
from fairasr.statistics.permutation import cohort_p
from fairasr.statistics.rates import pooled_rates, rate_interval
from fairasr.statistics.shrinkage import shrunken_rates
from fairasr.statistics.suppression import lines_of, suppressed

TEXT_COLUMNS = ("cohort", "description", "role", "suppressed")
PERMUTATIONS_PER_COHORT = 100
"""Permutations grow with the cohorts, so that Holm's correction can still reach 0.05 with the smallest possible p."""


def require_fresh_speakers(counts: Counts, partition: Partition) -> None:
    """Refuse estimates on speakers whose errors the cohorts were found by.

    Raises:
        DoubleDippingError: some of them were.
    """
    if not partition.used_scores:
        return
    speakers = counts.table["speaker_id"].unique()
    seen = [speaker for speaker in speakers if speaker in partition.fitted_speakers]
    if seen:
        raise DoubleDippingError(
            f"{len(seen):,} of {len(speakers):,} test speakers were used to discover the '{partition.method}' "
            f"cohorts (first: {seen[0]!r}), "
            "so p-values on them would be too small. Assign the rule to a manifest of other speakers, or pass "
            "allow_double_dipping=True."
        )


def cohort_table(
    counts: Counts,
    partition: Partition,
    *,
    min_speakers: int,
    seed: int,
    bands: Mapping[str, int] | None = None,
    apparent: Mapping[str, float] | None = None,
    set_aside: Mapping[str, int] | None = None,
    n_permutations: int = 999,
    allow_double_dipping: bool = False,
    keeps_worst: bool = True,
) -> pd.DataFrame:
    """One row per cohort, columns `COHORT_COLUMNS`, worst first, suppressed and unknown last.

    Args:
        counts: of the speakers to estimate on, any cells.
        partition: their cohorts; speakers it does not name are UNKNOWN.
        min_speakers: cohorts with fewer are suppressed: their row keeps its label and loses every number.
        seed: of the permutations.
        bands: label -> BOTTOM, TOP, ... as ranked on discovery speakers.
        apparent: label -> rate on the discovery speakers.
        set_aside: label -> rows that could not be used.
        n_permutations: at least; 100 per cohort where that is more. 0: no tests.
        allow_double_dipping: estimate on the speakers the cohorts were found on all the same.
        keeps_worst: whether, of several cohorts that could be hidden to protect a small one, those at the bottom are the last.

    Raises:
        DoubleDippingError: speakers in `counts` were used to find the cohorts.
    """
    if not allow_double_dipping:
        require_fresh_speakers(counts, partition)
    per_speaker = counts.by_speaker()
    labels = partition.labels.reindex(per_speaker.table["speaker_id"]).fillna(UNKNOWN)
    names = sorted(set(partition.labels) | set(labels) | set(partition.descriptions))
    codes = pd.Index(names).get_indexer(pd.Index(labels))
    table = _estimates(per_speaker, codes, names)
    table["suppressed"] = suppressed(
        table["n_speakers"].to_numpy(dtype=int),
        min_speakers=min_speakers,
        lines=lines_of(names, partition.components),
        keep=np.array([name == UNKNOWN or (keeps_worst and (bands or {}).get(name) == BOTTOM) for name in names]),
    )
    placed = (table["suppressed"] == "").to_numpy() & (table["cohort"] != UNKNOWN).to_numpy()
    rates = pooled_rates(per_speaker.numerators, per_speaker.denominators, codes, len(names))
    table.loc[placed, "rate_shrunken"] = shrunken_rates(rates.rate[placed], rates.variance[placed])
    table["description"] = [partition.descriptions.get(name, _unknown_words(name)) for name in names]
    table["role"] = [{BOTTOM: "bottom", TOP: "top"}.get((bands or {}).get(name, -1), "") for name in names]
    table["apparent_rate"] = [(apparent or {}).get(name, np.nan) for name in names]
    table["n_set_aside"] = [float((set_aside or {}).get(name, 0)) for name in names]
    testable = (table["suppressed"] == "").to_numpy() & (table["cohort"] != UNKNOWN).to_numpy()
    p_values = np.full(len(names), np.nan)
    if n_permutations and testable.sum() > 0 and len(names) > 1:
        p_values = cohort_p(
            per_speaker.numerators,
            per_speaker.denominators,
            codes,
            len(names),
            n_permutations=max(n_permutations, PERMUTATIONS_PER_COHORT * int(testable.sum()) - 1),
            seed=seed,
        )
    table["p_value"] = np.where(testable, p_values, np.nan)
    table["p_holm"], table["p_bh"] = holm(table["p_value"].to_numpy()), benjamini_hochberg(table["p_value"].to_numpy())
    numbers = [column for column in COHORT_COLUMNS if column not in TEXT_COLUMNS]
    table.loc[(table["suppressed"] != "").to_numpy(), numbers] = np.nan
    order = np.lexsort((table["cohort"], -table["rate"].fillna(-1), table["suppressed"] != "", table["cohort"] == UNKNOWN))
    return table.iloc[order][list(COHORT_COLUMNS)].reset_index(drop=True)


def _estimates(counts: Counts, codes: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Rates, intervals, differences and error types of every cohort, before anything is hidden."""
    n_cohorts = len(names)
    rates = pooled_rates(counts.numerators, counts.denominators, codes, n_cohorts)
    words = counts.denominators.sum()
    pooled = counts.rate
    rows: list[dict[str, Any]] = []
    for g, name in enumerate(names):
        interval = rate_interval(float(rates.rate[g]), float(rates.variance[g]), int(rates.n_speakers[g]))
        against_rest = pooled_rates(counts.numerators, counts.denominators, np.where(codes == g, 0, 1), 2)
        share = rates.denominators[g] / words if words else np.nan
        gap = difference(against_rest, 0, 1).interval() if against_rest.n_speakers[1] > 1 else None
        rows.append(
            {
                "cohort": name,
                "n_speakers": float(rates.n_speakers[g]),
                "n_ref_words": float(rates.denominators[g]),
                "rate": interval.value,
                "rate_lo": interval.lo,
                "rate_hi": interval.hi,
                "difference_to_overall": interval.value - pooled,
                "difference_to_overall_lo": (1 - share) * gap.lo if gap else np.nan,
                "difference_to_overall_hi": (1 - share) * gap.hi if gap else np.nan,
            }
        )
    table = pd.DataFrame(rows)
    sums = counts.table[counts.count_columns].groupby(codes).sum().reindex(range(n_cohorts), fill_value=0)
    table["n_utterances"] = sums.get("n_utterances", pd.Series(np.nan, index=range(n_cohorts))).astype(float)
    for kind in ("substitution", "deletion", "insertion"):
        errors = sums.get(f"{kind}s", pd.Series(np.nan, index=range(n_cohorts)))
        table[f"{kind}_rate"] = (errors / table["n_ref_words"]).where(table["n_ref_words"] > 0)
    for column in ("n_missing", "n_empty", "n_loops"):
        table[column] = sums.get(column, pd.Series(np.nan, index=range(n_cohorts))).astype(float)
    return table.assign(rate_shrunken=np.nan)


def spread_of(table: pd.DataFrame) -> Spread:
    """Mean, maximum, population variance (ddof 0) and 90th percentile of the rates shown, UNKNOWN left out."""
    shown = table.loc[(table["suppressed"] == "") & (table["cohort"] != UNKNOWN), "rate"].dropna().to_numpy(dtype=float)
    if not len(shown):
        return Spread(n_cohorts=0, mean=np.nan, max=np.nan, variance=np.nan, percentile_90=np.nan)
    return Spread(
        n_cohorts=len(shown),
        mean=float(shown.mean()),
        max=float(shown.max()),
        variance=float(shown.var()),
        percentile_90=float(np.percentile(shown, 90)),
    )


def _unknown_words(name: str) -> str:
    return "speakers the rule cannot place" if name == UNKNOWN else name
