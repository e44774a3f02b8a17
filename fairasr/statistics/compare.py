"""Two systems on the same utterances, paired by speaker."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from fairasr.core import ChangeReport, Counts, Partition
from fairasr.core.errors import StatisticsError
from fairasr.statistics.disparity import require_fresh_speakers
from fairasr.statistics.permutation import BLOCK
from fairasr.statistics.rates import CONFIDENCE
from fairasr.statistics.suppression import lines_of, suppressed

ALL = "all"


def compare(
    before: Counts,
    after: Counts,
    partition: Partition | None = None,
    *,
    seed: int,
    min_speakers: int = 10,
    n_permutations: int = 999,
    allow_double_dipping: bool = False,
) -> ChangeReport:
    """Change of the rate from one system to the other, overall and by cohort.

    Both systems were scored on the same references, so with D_s the speaker's additional errors the change is
    sum D_s / sum N_s, a ratio with the linearised variance over speakers. The p-value exchanges the two systems
    within speakers at random: null, for every speaker it does not matter which system wrote which text.

    Raises:
        StatisticsError: the systems were not scored on the same speakers and words.
        DoubleDippingError: the speakers were used to find the cohorts.
    """
    first, second = before.by_speaker(), after.by_speaker()
    same = len(first.table) == len(second.table) and (first.table["speaker_id"] == second.table["speaker_id"]).all()
    if not same or (first.denominators != second.denominators).any() or before.normaliser != after.normaliser:
        raise StatisticsError(
            f"{before.system!r} ({len(first.table):,} speakers, {first.denominators.sum():,} words, "
            f"{before.normaliser}) and {after.system!r} "
            f"({len(second.table):,} speakers, {second.denominators.sum():,} words, {after.normaliser}) were "
            "not scored on the same speakers and words, so they cannot be paired. Score both on one manifest with one normaliser."
        )
    if partition is not None and not allow_double_dipping:
        require_fresh_speakers(before, partition)
    speakers = first.table["speaker_id"]
    cohorts = [(ALL, np.ones(len(speakers), dtype=bool))]
    reasons = [""]
    if partition is not None:
        labels = partition.labels.reindex(speakers).to_numpy()
        cohorts += [(label, labels == label) for label in partition.cohorts]
        sizes = np.array([inside.sum() for _, inside in cohorts[1:]])
        reasons += list(suppressed(sizes, min_speakers=min_speakers, lines=lines_of(partition.cohorts, partition.components)))
    rows = []
    for (label, inside), reason in zip(cohorts, reasons, strict=True):
        row: dict[str, Any] = {"cohort": label, "suppressed": reason}
        if not reason:
            words = first.denominators[inside]
            row |= _change(first.numerators[inside], second.numerators[inside], words, n_permutations=n_permutations, seed=seed)
        rows.append(row)
    return ChangeReport(before=before.system, after=after.system, rate_name=before.rate_name, changes=pd.DataFrame(rows))


def _change(before: np.ndarray, after: np.ndarray, words: np.ndarray, *, n_permutations: int, seed: int) -> dict[str, float]:
    n, total = len(words), float(words.sum())
    extra = (after - before).astype(float)
    change = extra.sum() / total if total else np.nan
    error = np.sqrt(n / (n - 1) * ((extra - change * words) ** 2).sum()) / total if n > 1 and total else np.nan
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)) * error if n > 1 else np.nan
    generator = np.random.default_rng(seed)
    exceeding, rows = 0, max(1, BLOCK // max(1, n))
    for start in range(0, n_permutations, rows):
        signs = generator.choice(np.array([-1.0, 1.0]), size=(min(rows, n_permutations - start), n))
        exceeding += int((np.abs(signs @ extra) >= abs(extra.sum()) - 1e-9).sum())
    return {
        "n_speakers": float(n),
        "rate_before": before.sum() / total if total else np.nan,
        "rate_after": after.sum() / total if total else np.nan,
        "change": change,
        "change_lo": change - reach,
        "change_hi": change + reach,
        "p_value": (exceeding + 1) / (n_permutations + 1),
    }
