"""False acceptances between two groups: impostors of one against speakers of the other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairasr.core.verification import CROSSED_COLUMNS
from fairasr.verification.dyads import pair_shrink
from fairasr.verification.intervals import Replicates, rate_estimate
from fairasr.verification.rates import SortedTrials
from fairasr.verification.resampling import TrialSpeakers


def crossed_table(
    trials: SortedTrials,
    speakers: TrialSpeakers,
    codes: np.ndarray,
    labels: list[str],
    *,
    counts: np.ndarray,
    threshold: float,
    min_speakers: int,
) -> pd.DataFrame:
    """FAR of every two groups, columns `CROSSED_COLUMNS`, highest first; pairs with too few speakers on a side are left out.

    Args:
        trials: sorted.
        speakers: of the trials, in sorted order.
        codes: int array (n_speakers,), position of each speaker's group in `labels`, -1 where it may not be shown.
        labels: of the groups, sorted.
        counts: int array (n_replicates, n_speakers).
        threshold: the one of everyone.
        min_speakers: fewest on either side of what is shown.
    """
    one, other = codes[speakers.first], codes[speakers.second]
    between = np.flatnonzero((one >= 0) & (other >= 0) & (one != other))
    pair = np.minimum(one, other)[between] * len(labels) + np.maximum(one, other)[between]
    found, pair = np.unique(pair, return_inverse=True)
    accepted = trials.errors_at(threshold)[0][between]
    among = speakers.of(between)
    replicates = np.full((len(counts), len(found)), np.nan)
    for row, drawn in enumerate(counts):
        weights = among.weights(drawn)
        totals = np.bincount(pair, weights, len(found))
        with np.errstate(invalid="ignore"):
            replicates[row] = np.bincount(pair[accepted], weights[accepted], len(found)) / totals
    ends = np.cumsum(np.bincount(pair, minlength=len(found)))
    by_pair = np.split(between[np.argsort(pair, kind="stable")], ends)[:-1]
    rows = []
    for column, (code, members) in enumerate(zip(found.tolist(), by_pair, strict=True)):
        first, second = divmod(code, len(labels))
        sides = np.concatenate([speakers.first[members], speakers.second[members]])
        present = np.unique(sides)
        n_first, n_second = (int((codes[present] == group).sum()) for group in (first, second))
        if min(n_first, n_second) < min_speakers:
            continue
        part, who = trials.at(members), speakers.of(members)
        shrink = pair_shrink(part, who, threshold=threshold, far_weight=1.0, frr_weight=0.0)
        far = rate_estimate(
            float(part.errors_at(threshold)[0].mean()),
            Replicates(values=replicates[:, column], shrink=shrink, n_speakers=min(n_first, n_second)),
            n_trials=len(members),
        )
        rows.append((labels[first], labels[second], float(len(members)), far.value, far.lo, far.hi))
    table = pd.DataFrame(rows, columns=list(CROSSED_COLUMNS))
    order = np.lexsort((table["second"], table["first"], -table["far"].to_numpy(dtype=float)))
    return table.iloc[order].reset_index(drop=True)
