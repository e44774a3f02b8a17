"""One verifier on the groups of one way of grouping: rates, crossed false acceptances, gap and spread."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairasr.core import UNDEFINED, UNKNOWN, Counts, Estimate, GroupReport, Partition
from fairasr.core.verification import GROUP_COLUMNS, GROUP_TEXT
from fairasr.statistics import pooled_rates, rate_interval
from fairasr.statistics.suppression import SMALL
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
from fairasr.verifying.withholding import Withheld

PICKED = (
    "The gap is between the groups that came out highest and lowest here. Having picked them makes it look larger than it is, and "
    "its interval does not allow for that."
)


def group_report(
    grouping: Grouping,
    withheld: Withheld,
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
        withheld: what of it may be shown.
        trials: of everyone, sorted.
        speakers: of the trials, positions in `speaker_ids`, in sorted order.
        everyone: the rates of all trials.
        speaker_ids: speakers with a trial, sorted.
        counts: int array (n_replicates, n_speakers), the draws that all groups share.
        p_target: prior of a target trial, of minDCF.
        min_speakers: fewest on a side of crossed trials, and behind a word error rate; groups follow `withheld`.
        words: errors of a recogniser, one row per speaker.
    """
    partition = grouping.partition
    names, codes, reasons = withheld.names, withheld.codes, withheld.reasons
    inside = np.where(codes[speakers.first] == codes[speakers.second], codes[speakers.first], -1)
    rows_of = [np.flatnonzero(inside == code) for code in range(len(names))]
    n_speakers = [len(np.union1d(speakers.first[rows], speakers.second[rows])) for rows in rows_of]
    shown = {
        code: measured(trials.at(rows), speakers.of(rows), counts=counts, p_target=p_target, threshold=everyone.threshold)
        for code, rows in enumerate(rows_of)
        if not reasons[code]
    }
    wer = _word_error_rates(words, codes, speaker_ids, n_groups=len(names), min_speakers=min_speakers)
    table = pd.DataFrame(
        [
            _row(name, partition, reasons[code], n_speakers[code], shown.get(code), everyone, wer[code])
            for code, name in enumerate(names)
        ],
        columns=list(GROUP_COLUMNS),
    ).astype({column: float for column in GROUP_COLUMNS if column not in GROUP_TEXT})
    order = np.lexsort((table["cohort"], -table["eer"].fillna(-1), table["suppressed"] != "", table["cohort"] == UNKNOWN))
    named = {code: rates for code, rates in shown.items() if names[code] != UNKNOWN}
    comparable = {code: rates for code, rates in named.items() if np.isfinite(rates.eer.value)}
    visible = np.array([code if code in named and withheld.has_crossed else -1 for code in range(len(names))], dtype=int)
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
        notes=(*partition.notes, *_notes(withheld, named, comparable, min_speakers=min_speakers)),
        map=grouping.layer,
    )


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
    difference = difference_estimate(rates.eer, everyone.eer, replicates=(rates.eer_replicates, everyone.eer_replicates))
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
    return difference_estimate(highest.eer, lowest.eer, replicates=(highest.eer_replicates, lowest.eer_replicates))


def _notes(withheld: Withheld, named: dict[int, Measured], comparable: dict[int, Measured], *, min_speakers: int) -> list[str]:
    notes = []
    names, reasons = withheld.names, withheld.reasons
    n_groups = sum(name != UNKNOWN for name in names)
    few = [name for name, why, n in zip(names, reasons, withheld.n_present, strict=True) if why == SMALL and n >= min_speakers]
    if few:
        notes.append(
            f"{len(few)} of {n_groups} groups have {min_speakers} speakers or more, but fewer in trials of one kind within the "
            f"group (first: {few[0]}), and are suppressed: record more of them twice, or add trials of two of them."
        )
    if not withheld.has_crossed:
        notes.append(
            "Rates between groups are withheld: with the totals they would give away those of a few speakers. Add trials between "
            "the groups that have few."
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
