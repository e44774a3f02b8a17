"""Counts of the system in use and of the new ones to a Comparison: changes by cohort, forgetting, verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fairasr.core import UNKNOWN, ChangeReport, Comparison, Counts, Partition, Provenance, Spread, SystemChange
from fairasr.core.comparison import EVERYONE
from fairasr.core.disparity import OTHER, TARGET
from fairasr.core.errors import StatisticsError
from fairasr.core.privacy import speakers_in_words
from fairasr.statistics import compare, judge, paired, spread_of

Seeds = Sequence[Counts]
"""Counts of one system, one per seed it was trained with."""

NO_SPEAKERS = (
    "This corpus names no speakers: every utterance counts as a speaker of its own. Intervals are too narrow and verdicts too "
    "sure wherever one person spoke more than once."
)
NO_FORGETTING = (
    "There is no forgetting set, so what the change costs on other speech was not measured: a system that is better here "
    "may be worse elsewhere."
)
NO_COHORTS = "No cohorts were given, so a loss of some group inside a gain of all would not be seen."


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """What every comparison of one call shares."""

    partition: Partition | None
    target: tuple[str, ...]
    seed: int
    margin: float
    min_speakers: int
    allow_double_dipping: bool

    def change(self, first: Seeds, second: Seeds, *, names: tuple[str, str], by_cohort: bool = True) -> ChangeReport:
        """The change from one system to another, seeds stacked."""
        one, other = paired(first, second, names=names)
        return compare(
            one,
            other,
            self.partition if by_cohort else None,
            seed=self.seed,
            target=self.target if by_cohort else (),
            margin=self.margin,
            min_speakers=self.min_speakers,
            allow_double_dipping=self.allow_double_dipping,
        )

    def of_areas(self, areas: Partition | None, first: Seeds, second: Seeds, *, names: tuple[str, str]) -> ChangeReport | None:
        """The change by area of a map, where its areas are not the cohorts."""
        if areas is None:
            return None
        one, other = paired(first, second, names=names)
        return compare(
            one,
            other,
            areas,
            seed=self.seed,
            min_speakers=self.min_speakers,
            n_permutations=0,
            allow_double_dipping=self.allow_double_dipping,
        )


def compared(
    counts: Counts,
    after: Mapping[str, Seeds],
    partition: Partition | None = None,
    *,
    seed: int,
    provenance: Provenance,
    before: str = "",
    against: str = "",
    target: Sequence[str] = (),
    forgetting: Mapping[str, tuple[Counts, Mapping[str, Seeds]]] | None = None,
    areas: Partition | None = None,
    map_layer: Mapping[str, Any] | None = None,
    margin: float = 0.01,
    min_speakers: int = 10,
    has_speaker_ids: bool = True,
    allow_double_dipping: bool = False,
    title: str = "Before and after",
    notes: Sequence[str] = (),
) -> Comparison:
    """Judge new systems against the one before, from counts.

    Args:
        counts: of the system before.
        after: name of each new system -> its counts, one per seed; intervals are over speakers, with the errors of all seeds.
        partition: cohorts of the speakers; None: everyone together.
        seed: of the permutations.
        provenance: of the result.
        before: name of the system before; "" takes that of its counts.
        against: name of the new system that the others are compared with too, such as plain fine-tuning; "" takes the first.
        target: labels of the cohorts that were to gain; empty: everyone. Not to be chosen by the rates of these very speakers:
            the worst cohorts would look better after, whatever was done (regression to the mean).
        forgetting: name of a set -> counts of the system before on it, and those of the new ones by name.
        areas: areas of the speakers, for a map whose areas are not the cohorts.
        map_layer: what a map of the cohorts shows, as `CohortRule.map_layer` gives it.
        margin: relative loss that is tolerated of everyone but the target.
        min_speakers: cohorts with fewer speakers show no number.
        has_speaker_ids: False where each utterance stands for a speaker.
        allow_double_dipping: judge on the speakers the cohorts were found on all the same; the result says so.
        title: of the report.
        notes: sentences for the report.

    Raises:
        StatisticsError: systems were not scored on the same speakers and words; no target cohort holds a speaker.
        DoubleDippingError: the speakers were used to find the cohorts.
    """
    if not after:
        raise StatisticsError("there is no new system to compare. Name at least one.")
    before = before or counts.system
    found, absent = _present(target, partition, counts)
    settings = _Settings(
        partition=partition,
        target=found,
        seed=seed,
        margin=margin,
        min_speakers=min_speakers,
        allow_double_dipping=allow_double_dipping,
    )
    sets = forgetting or {}
    against = against or next(iter(after))
    if against not in after:
        raise StatisticsError(f"there is no new system {against!r} to compare the others with; there are {', '.join(after)}.")
    forgotten = {
        name: {
            known: settings.change([of_before], of_after[name], names=(before, name), by_cohort=False)
            for known, (of_before, of_after) in sets.items()
        }
        for name in after
    }
    systems: list[SystemChange] = []
    for name, seeds in after.items():
        change = settings.change([counts], seeds, names=(before, name))
        systems.append(
            SystemChange(
                after=name,
                change=change,
                verdict=judge(change, forgetting=forgotten[name]),
                before_spread=_spread(change, "rate_before"),
                after_spread=_spread(change, "rate_after"),
                forgetting=forgotten[name],
                undone={} if name == against else _undone(forgotten[against], forgotten[name]),
                areas=settings.of_areas(areas, [counts], seeds, names=(before, name)),
            )
        )
    others = [name for name in after if name != against]
    return Comparison(
        title=title,
        before=before,
        systems=tuple(systems),
        against=against if others else "",
        between=tuple(settings.change(after[against], after[name], names=(against, name)) for name in others),
        rate_name=counts.rate_name,
        normaliser=counts.normaliser,
        unit="speaker" if has_speaker_ids else "utterance",
        cohort_method="" if partition is None else partition.method,
        descriptions={} if partition is None else dict(partition.descriptions),
        target=found or (EVERYONE,),
        min_speakers=min_speakers,
        data={**_size(counts), "forgetting": {name: _size(of_before) for name, (of_before, _) in sets.items()}},
        map=map_layer,
        warnings=_warnings(partition, counts, has_speaker_ids=has_speaker_ids, has_sets=bool(sets), dipped=allow_double_dipping),
        notes=(*notes, *([] if partition is None else partition.notes), *absent),
        provenance=provenance,
    )


def _present(target: Sequence[str], partition: Partition | None, counts: Counts) -> tuple[tuple[str, ...], list[str]]:
    """Target cohorts that hold a speaker here, and a sentence on those that hold none."""
    labels = set() if partition is None else set(partition.labels.reindex(counts.table["speaker_id"]).fillna(UNKNOWN))
    found = tuple(label for label in dict.fromkeys(target) if label in labels)
    absent = [label for label in target if label not in labels]
    if target and not found:
        raise StatisticsError(
            f"none of the {len(target)} target cohorts holds a speaker here (first: {target[0]!r}); "
            f"there are {', '.join(sorted(labels)) or 'no cohorts'}."
        )
    note = f"{len(absent)} of {len(target)} target cohorts hold none of these speakers (first: {absent[0]!r})." if absent else ""
    return found, [note] if note else []


def _spread(change: ChangeReport, column: str) -> Spread:
    rows = change.changes[change.changes["role"].isin([TARGET, OTHER])]
    rate = rows[column] if column in rows else pd.Series(dtype=float)
    return spread_of(pd.DataFrame({"cohort": rows["cohort"], "suppressed": rows["suppressed"], "rate": rate}))


def _undone(theirs: Mapping[str, ChangeReport], ours: Mapping[str, ChangeReport]) -> dict[str, float]:
    """Share of their forgetting that we undo, for the sets on which they are worse than the system before."""
    undone = {}
    for name in ours:
        own, lost = (float(forgotten[name].changes["change"].iloc[0]) for forgotten in (ours, theirs))
        if lost > 0:
            undone[name] = (lost - own) / lost
    return undone


def _size(counts: Counts) -> dict[str, int | None]:
    table = counts.table
    return {
        "n_speakers": int(table["speaker_id"].nunique()),
        "n_utterances": int(table["n_utterances"].sum()) if "n_utterances" in table else None,
        "n_ref_words": int(counts.denominators.sum()),
    }


def _warnings(
    partition: Partition | None, counts: Counts, *, has_speaker_ids: bool, has_sets: bool, dipped: bool
) -> tuple[str, ...]:
    speakers = counts.table["speaker_id"].unique()
    warnings = [] if has_speaker_ids else [NO_SPEAKERS]
    if dipped and partition is not None and partition.used_scores:
        warnings.append("Cohorts are judged on speakers they were found on: the worst ones seem to gain whatever was done.")
    if partition is None:
        warnings.append(NO_COHORTS)
    elif unplaced := int((partition.labels.reindex(speakers).fillna(UNKNOWN) == UNKNOWN).sum()):
        warnings.append(f"{speakers_in_words(unplaced)} of {len(speakers):,} speakers could not be placed in a cohort.")
    return tuple(warnings if has_sets else [*warnings, NO_FORGETTING])
