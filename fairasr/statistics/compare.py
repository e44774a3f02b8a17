"""Two systems on the same utterances, paired by speaker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from fairasr.core import UNKNOWN, ChangeReport, Counts, Partition
from fairasr.core.disparity import ALL, OTHER, SMALL_TOGETHER, TARGET, TARGET_TOGETHER
from fairasr.core.errors import StatisticsError
from fairasr.statistics.disparity import require_fresh_speakers
from fairasr.statistics.permutation import BLOCK
from fairasr.statistics.pools import pools_of
from fairasr.statistics.rates import CONFIDENCE, overall_rate
from fairasr.statistics.relative_change import relative_change
from fairasr.statistics.suppression import SMALL, lines_of, suppressed

MARGIN = 0.01
"""Relative loss that is tolerated of cohorts other than the target, unless told otherwise."""


def compare(
    before: Counts,
    after: Counts,
    partition: Partition | None = None,
    *,
    seed: int,
    target: Sequence[str] = (),
    margin: float = MARGIN,
    min_speakers: int = 10,
    n_permutations: int = 999,
    allow_double_dipping: bool = False,
) -> ChangeReport:
    """Change of the rate from one system to the other, overall and by cohort.

    Both systems were scored on the same references, so with D_s the speaker's additional errors the change is
    sum D_s / sum N_s, a ratio with the linearised variance over speakers. The relative change is the ratio of the
    errors (see `relative_change`). The p-value exchanges the two systems within speakers at random: null, for every
    speaker it does not matter which system wrote which text.

    Suppressed cohorts show no number, but count: together they have a row of their own, and so have several target
    cohorts.

    Args:
        before: of the system in use.
        after: of the new one.
        partition: cohorts of the speakers; those it does not name are UNKNOWN.
        seed: of the permutations.
        target: labels of the cohorts that were to gain; they are suppressed last.
        margin: relative loss that is tolerated, for `p_harm`.
        min_speakers: cohorts with fewer speakers show no number.
        n_permutations: behind each p-value.
        allow_double_dipping: compare on the speakers the cohorts were found on all the same.

    Raises:
        StatisticsError: the systems were not scored on the same speakers and words, or a target cohort is not there.
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
    groups = _groups(first.table["speaker_id"], partition, target=target, min_speakers=min_speakers)
    rows = []
    for label, role, inside, reason in groups:
        row: dict[str, Any] = {"cohort": label, "role": role, "suppressed": reason}
        if not reason:
            row |= _change(
                first.numerators[inside],
                second.numerators[inside],
                first.denominators[inside],
                margin=margin,
                n_permutations=n_permutations,
                seed=seed,
            )
        rows.append(row)
    return ChangeReport(
        before=before.system, after=after.system, rate_name=before.rate_name, changes=pd.DataFrame(rows), margin=margin
    )


def _groups(
    speakers: pd.Series, partition: Partition | None, *, target: Sequence[str], min_speakers: int
) -> list[tuple[str, str, np.ndarray, str]]:
    """Label, role, speakers inside, and why they are suppressed, of every row."""
    groups = [(ALL, ALL, np.ones(len(speakers), dtype=bool), "")]
    labels = np.full(len(speakers), UNKNOWN, dtype=object)
    names: list[str] = []
    if partition is not None:
        labels = partition.labels.reindex(speakers).fillna(UNKNOWN).to_numpy(dtype=object)
        names = sorted(set(labels), key=lambda name: (name == UNKNOWN, name))
    absent = [label for label in target if label not in names]
    if absent:
        raise StatisticsError(
            f"{len(absent)} of {len(target)} target cohorts hold none of these speakers (first: {absent[0]!r}); "
            f"there are {', '.join(names) or 'no cohorts'}."
        )
    if partition is None:
        return groups
    inside = {name: labels == name for name in names}
    sizes = np.array([inside[name].sum() for name in names])
    reasons = dict(
        zip(
            names,
            suppressed(
                sizes,
                min_speakers=min_speakers,
                lines=lines_of(names, partition.components),
                keep=np.array([name == UNKNOWN or name in target for name in names]),
            ),
            strict=True,
        )
    )
    pools = pools_of(
        dict(zip(names, sizes, strict=True)),
        hidden={name for name in names if reasons[name]},
        target=target,
        min_speakers=min_speakers,
        is_crossed=bool(partition.components),
    )
    if len(pools.target) > 1:
        groups.append((TARGET_TOGETHER, TARGET_TOGETHER, np.isin(labels, pools.target), ""))
    groups += [(name, TARGET if name in target else OTHER, inside[name], reasons[name]) for name in names]
    if pools.small:
        groups.append((SMALL_TOGETHER, SMALL_TOGETHER, np.isin(labels, pools.small), "" if pools.small_is_shown else SMALL))
    return groups


def _change(
    before: np.ndarray, after: np.ndarray, words: np.ndarray, *, margin: float, n_permutations: int, seed: int
) -> dict[str, float]:
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
    rates = {"rate_before": overall_rate(before, words), "rate_after": overall_rate(after, words)}
    relative = asdict(relative_change(before, after, margin=margin))
    return {
        "n_speakers": float(n),
        **{f"{name}{end}": value for name, rate in rates.items() for end, value in _ends(rate.value, rate.lo, rate.hi)},
        "change": change,
        "change_lo": change - reach,
        "change_hi": change + reach,
        **{f"relative_change{end}": value for end, value in _ends(relative["value"], relative["lo"], relative["hi"])},
        "relative_change_least": relative["least"],
        "relative_change_most": relative["most"],
        "p_value": (exceeding + 1) / (n_permutations + 1),
        "p_harm": relative["p_harm"],
    }


def _ends(value: float, lo: float, hi: float) -> tuple[tuple[str, float], ...]:
    return ("", value), ("_lo", lo), ("_hi", hi)
