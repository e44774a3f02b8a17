"""One verifier on the groups of one way of grouping: rates, crossed false acceptances, gap and spread."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairasr.core import UNDEFINED, UNKNOWN, Counts, Estimate, GroupReport, Partition
from fairasr.core.verification import GROUP_COLUMNS, GROUP_TEXT
from fairasr.statistics import pooled_rates, rate_interval, suppressed
from fairasr.statistics.suppression import lines_of
from fairasr.verification import (
    Measured,
    SortedTrials,
    TrialSpeakers,
    crossed_table,
    difference_estimate,
    measured,
    spread_estimate,
)
from fairasr.verifying.partitions import Grouping

PICKED = (
    "The gap is between the groups that came out highest and lowest here. Having picked them makes it look larger than it is, and "
    "its interval does not allow for that."
)


def group_report(
    grouping: Grouping,
    trials: SortedTrials,
    speakers: TrialSpeakers,
    everyone: Measured,
    *,
    speaker_ids: pd.Index,
    counts: np.ndarray,
    p_target: float,
    min_speakers: int,
    words: Counts | None,
) -> GroupReport:
    """The report of one verifier on one way of grouping.

    Args:
        grouping: group of each speaker.
        trials: of everyone, sorted.
        speakers: of the trials, positions in `speaker_ids`, in sorted order.
        everyone: the rates of all trials.
        speaker_ids: speakers with a trial, sorted.
        counts: int array (n_replicates, n_speakers), the draws that all groups share.
        p_target: prior of a target trial, of minDCF.
        min_speakers: groups with fewer speakers show no number; so does one with fewer of them in its target trials, if any are.
        words: errors of a recogniser, one row per speaker.
    """
    partition = grouping.partition
    names, codes = _coded(partition, speaker_ids)
    inside = np.where(codes[speakers.first] == codes[speakers.second], codes[speakers.first], -1)
    rows_of = [np.flatnonzero(inside == code) for code in range(len(names))]
    n_speakers, n_behind = _sizes(trials, speakers, rows_of)
    reasons = suppressed(
        n_behind,
        min_speakers=min_speakers,
        lines=lines_of(names, partition.components),
        keep=np.array([name == UNKNOWN for name in names]),
    )
    shown = {
        code: measured(trials.at(rows), speakers.of(rows), counts=counts, p_target=p_target, threshold=everyone.threshold)
        for code, rows in enumerate(rows_of)
        if not reasons[code]
    }
    wer = _word_error_rates(words, codes, speaker_ids, n_groups=len(names), min_speakers=min_speakers)
    table = pd.DataFrame(
        [
            _row(name, partition, reasons[code], int(n_speakers[code]), shown.get(code), everyone, wer[code])
            for code, name in enumerate(names)
        ],
        columns=list(GROUP_COLUMNS),
    ).astype({column: float for column in GROUP_COLUMNS if column not in GROUP_TEXT})
    order = np.lexsort((table["cohort"], -table["eer"].fillna(-1), table["suppressed"] != "", table["cohort"] == UNKNOWN))
    named = {code: rates for code, rates in shown.items() if names[code] != UNKNOWN}
    comparable = {code: rates for code, rates in named.items() if np.isfinite(rates.eer.value)}
    visible = np.array([code if code in named else -1 for code in range(len(names))], dtype=int)
    return GroupReport(
        method=partition.method,
        groups=table.iloc[order].reset_index(drop=True),
        crossed=crossed_table(
            trials,
            speakers,
            visible[codes],
            names,
            counts=counts,
            threshold=everyone.threshold,
            min_speakers=min_speakers,
        ),
        gap=_gap(comparable),
        spread=spread_estimate(
            [rates.eer.value for rates in comparable.values()], [rates.eer_replicates for rates in comparable.values()]
        ),
        det={"": everyone.curve.det(), **{names[code]: rates.curve.det() for code, rates in comparable.items()}},
        notes=(*partition.notes, *_notes(names, reasons, n_speakers, named, comparable, min_speakers=min_speakers)),
        map=grouping.layer,
    )


def _coded(partition: Partition, speaker_ids: pd.Index) -> tuple[list[str], np.ndarray]:
    """Groups in use, UNKNOWN last, and the position of each speaker's: int array (n_speakers,)."""
    labels = partition.labels.reindex(speaker_ids).fillna(UNKNOWN)
    names = sorted(set(labels), key=lambda label: (label == UNKNOWN, label))
    return names, pd.Index(names).get_indexer(pd.Index(labels))


def _sizes(trials: SortedTrials, speakers: TrialSpeakers, rows_of: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Speakers with a trial within each group, and those that its least supported rate rests on: int arrays (n_groups,)."""
    n_speakers, n_behind = [], []
    for rows in rows_of:
        within = speakers.of(rows)
        n_all = len(np.unique(np.concatenate([within.first, within.second])))
        n_in_target = len(np.unique(within.first[trials.is_target[rows]]))
        n_speakers.append(n_all)
        n_behind.append(n_in_target or n_all)
    return np.array(n_speakers, dtype=int), np.array(n_behind, dtype=int)


def _row(
    name: str,
    partition: Partition,
    reason: str,
    n_speakers: int,
    rates: Measured | None,
    everyone: Measured,
    wer: Estimate,
) -> dict[str, object]:
    words = "speakers whose group is not known" if name == UNKNOWN else name
    row: dict[str, object] = {
        "cohort": name,
        "description": partition.descriptions.get(name, words),
        "suppressed": reason,
    }
    if rates is None:
        return row
    difference = difference_estimate(rates.eer.value - everyone.eer.value, rates.eer_replicates, everyone.eer_replicates)
    row |= {"n_speakers": n_speakers, "n_target": rates.n_target, "n_nontarget": rates.n_nontarget}
    for column, estimate in (
        ("eer", rates.eer),
        ("min_dcf", rates.min_dcf),
        ("far", rates.far),
        ("frr", rates.frr),
        ("difference_to_overall", difference),
        ("wer", wer),
    ):
        row |= {column: estimate.value, f"{column}_lo": estimate.lo, f"{column}_hi": estimate.hi}
    return row


def _word_error_rates(
    words: Counts | None, codes: np.ndarray, speaker_ids: pd.Index, *, n_groups: int, min_speakers: int
) -> list[Estimate]:
    """Pooled word error rate of each group's speakers with its interval; undefined where too few of them have words."""
    if words is None:
        return [UNDEFINED] * n_groups
    position = speaker_ids.get_indexer(pd.Index(words.table["speaker_id"]))
    spoke = (position >= 0) & (words.denominators > 0)
    rates = pooled_rates(words.numerators[spoke], words.denominators[spoke], codes[position[spoke]], n_groups)
    return [
        rate_interval(float(rates.rate[code]), float(rates.variance[code]), int(rates.n_speakers[code]))
        if rates.n_speakers[code] >= min_speakers
        else UNDEFINED
        for code in range(n_groups)
    ]


def _gap(comparable: dict[int, Measured]) -> Estimate:
    """Highest eer minus lowest, with the interval of these two groups."""
    if len(comparable) < 2:
        return UNDEFINED
    ranked = sorted(comparable.values(), key=lambda rates: rates.eer.value)
    lowest, highest = ranked[0], ranked[-1]
    return difference_estimate(highest.eer.value - lowest.eer.value, highest.eer_replicates, lowest.eer_replicates)


def _notes(
    names: list[str],
    reasons: np.ndarray,
    n_speakers: np.ndarray,
    named: dict[int, Measured],
    comparable: dict[int, Measured],
    *,
    min_speakers: int,
) -> list[str]:
    notes = []
    n_groups = sum(name != UNKNOWN for name in names)
    few_targets = [names[code] for code in range(len(names)) if reasons[code] == "small" and n_speakers[code] >= min_speakers]
    if few_targets:
        notes.append(
            f"{len(few_targets)} of {n_groups} groups have {min_speakers} speakers or more, but fewer in target trials (first: "
            f"{few_targets[0]}), and are suppressed: record more of them twice."
        )
    one_kind = [(names[code], rates) for code, rates in named.items() if code not in comparable]
    if one_kind:
        first, rates = one_kind[0]
        lacking = "target" if not rates.n_target else "non-target"
        notes.append(
            f"{len(one_kind)} of {n_groups} groups have trials of one kind alone, so their equal error rate cannot be estimated "
            f"(first: {first} has no {lacking} trial within the group). Add trials within the group."
        )
    if len(comparable) < 2:
        notes.append(
            f"A gap cannot be estimated: {len(comparable)} of {n_groups} groups show an equal error rate, and it needs two."
        )
    else:
        notes.append(PICKED)
    return notes
