"""Which groups, and which trials between groups, may be shown, so that no few speakers' rates can be had by subtraction.

Published are the rates of all trials, and of each shown group's target trials and non-target trials: sums of their own. So each
kind is looked at by itself, over the speakers in trials of that kind, and groups of one way of grouping are held against those of
others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pandas as pd

from fairasr.core import UNKNOWN, Partition
from fairasr.statistics import suppressed
from fairasr.statistics.suppression import COMPLEMENTARY, SMALL, lines_of


@dataclass(frozen=True, kw_only=True, eq=False)
class ListedTrials:
    """Who is in which trial.

    Attributes:
        first: int array (n_trials,), position of the one speaker.
        second: int array (n_trials,), position of the other.
        is_target: bool array (n_trials,).
    """

    first: np.ndarray
    second: np.ndarray
    is_target: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Withheld:
    """What of one way of grouping may be shown.

    Attributes:
        names: groups in use, UNKNOWN last.
        codes: int array (n_speakers,), position of each speaker's group in `names`.
        reasons: object array (n_groups,), "" or why the group is hidden, as `suppressed` gives it.
        has_crossed: whether false acceptances between groups may be shown.
        n_present: int array (n_groups,), speakers of each group who are in any trial.
    """

    names: list[str]
    codes: np.ndarray
    reasons: np.ndarray
    has_crossed: bool
    n_present: np.ndarray


def withheld_of(
    partitions: Mapping[str, Partition], trials: ListedTrials, *, speaker_ids: pd.Index, min_speakers: int
) -> dict[str, Withheld]:
    """Method -> what of it may be shown, all of them published together.

    Args:
        partitions: method -> group of each speaker.
        trials: in any order.
        speaker_ids: speakers with a trial, sorted.
        min_speakers: fewest speakers that anything shown, or had by subtraction, rests on.
    """
    views = {method: _View(partition, trials, speaker_ids, min_speakers) for method, partition in partitions.items()}
    # Every round hides something more, so that it ends.
    while any(view.hide_one_more() for view in views.values()) or any(
        one.hide_nested(other) for one, other in permutations(views.values(), 2)
    ):
        pass
    return {method: view.withheld() for method, view in views.items()}


class _View:
    """One way of grouping while it is decided."""

    def __init__(self, partition: Partition, trials: ListedTrials, speaker_ids: pd.Index, min_speakers: int) -> None:
        labels = partition.labels.reindex(speaker_ids).fillna(UNKNOWN)
        self.names = sorted(set(labels), key=lambda label: (label == UNKNOWN, label))
        self.codes = pd.Index(self.names).get_indexer(pd.Index(labels))
        self.min_speakers = min_speakers
        self.has_crossed = True
        self.trials = trials
        first, second, is_target = trials.first, trials.second, trials.is_target
        within = ~is_target & (self.codes[first] == self.codes[second])
        everyone = np.ones(len(speaker_ids), dtype=bool)
        self.in_target = _members(len(speaker_ids), first[is_target])
        self.kinds = [
            np.bincount(self.codes[who], minlength=len(self.names))
            for who in (everyone, self.in_target, _members(len(speaker_ids), first[within], second[within]))
        ]
        self.reasons = self._of_each_kind(lines_of(self.names, partition.components))
        self._cells()

    @property
    def n_present(self) -> np.ndarray:
        return self.kinds[0]

    def withheld(self) -> Withheld:
        return Withheld(
            names=self.names, codes=self.codes, reasons=self.reasons, has_crossed=self.has_crossed, n_present=self.n_present
        )

    def _of_each_kind(self, lines: list[np.ndarray]) -> np.ndarray:
        """The reasons of all kinds together; a kind that a group has no trial of hides nobody of it, and its rate is NaN."""
        keep = np.array([name == UNKNOWN for name in self.names])
        reasons = np.full(len(self.names), "", dtype=object)
        for n_speakers in self.kinds:
            of_kind = suppressed(n_speakers, min_speakers=self.min_speakers, lines=lines, keep=keep)
            of_kind[n_speakers == 0] = ""
            reasons[(reasons == "") | (of_kind == SMALL)] = of_kind[(reasons == "") | (of_kind == SMALL)]
        return reasons

    def _cells(self) -> None:
        """Non-target trials by the two groups they are of: cell of each, and the fewer of the speakers on its sides."""
        nontarget = ~self.trials.is_target
        self.first, self.second = self.trials.first[nontarget], self.trials.second[nontarget]
        one, other = self.codes[self.first], self.codes[self.second]
        self.cells, self.cell = np.unique(np.minimum(one, other) * len(self.names) + np.maximum(one, other), return_inverse=True)
        self.low, self.high = np.divmod(self.cells, len(self.names))
        sides = np.concatenate([self.cell, self.cell]), np.concatenate([self.first, self.second])
        in_cell = np.unique(np.stack(sides), axis=1)
        group = self.codes[in_cell[1]]
        self.fewest = np.minimum(
            *(np.bincount(in_cell[0][group == side[in_cell[0]]], minlength=len(self.cells)) for side in (self.low, self.high))
        )

    def hide_one_more(self) -> bool:
        """Where trials of two people that are not shown would give too few speakers away: hide the crossed table, then a group.

        All of them together can be had: the total is published. That is harmless if they could be shown as they are, or are of two
        pairs of groups or more, and of speakers enough.
        """
        # An unknown group's row may be shown; trials between it and others never are.
        known = np.array([name != UNKNOWN for name in self.names])
        visible = self.reasons == ""
        is_shown = visible[self.low] & visible[self.high]
        is_within = self.low == self.high
        is_shown &= is_within | (known[self.low] & known[self.high] & (self.fewest >= self.min_speakers) & self.has_crossed)
        hidden = np.flatnonzero(~is_shown)
        if not len(hidden) or (len(hidden) == 1 and self.fewest[hidden[0]] >= self.min_speakers):
            return False
        rows = ~is_shown[self.cell]
        n_behind = len(np.union1d(self.first[rows], self.second[rows]))
        if len(hidden) >= 2 and n_behind >= self.min_speakers:
            return False
        if self.has_crossed and (is_shown & ~is_within).any():
            self.has_crossed = False
            return True
        return self._hide_smallest()

    def hide_nested(self, other: _View) -> bool:
        """Hide a group of this way from which, less the shown groups of `other` wholly inside it, too few speakers are left."""
        tables = [self._counts_with(other, who) for who in (np.ones(len(self.codes), dtype=bool), self.in_target)]
        inside = (tables[0] > 0).sum(axis=0) == 1
        for code in self._shown():
            for counts in tables:
                taken = inside & (other.reasons == "") & (counts[code] > 0)
                left = counts[code].sum() - counts[code][taken].sum()
                if taken.any() and 0 < left < self.min_speakers:
                    self.reasons[code] = COMPLEMENTARY
                    # Alone it could be had again: the rates of all less those of the groups still shown.
                    if (self.reasons != "").sum() < 2:
                        self._hide_smallest()
                    return True
        return False

    def _counts_with(self, other: _View, who: np.ndarray) -> np.ndarray:
        """Speakers by group of this way and of the other: int array (n_groups, n_other_groups)."""
        table = np.zeros((len(self.names), len(other.names)), dtype=int)
        np.add.at(table, (self.codes[who], other.codes[who]), 1)
        return table

    def _shown(self) -> Iterator[int]:
        """Groups not hidden, smallest first, UNKNOWN last."""
        for code in np.lexsort((self.n_present, np.array([name == UNKNOWN for name in self.names]))).tolist():
            if self.reasons[code] == "":
                yield code

    def _hide_smallest(self) -> bool:
        code = next(self._shown(), None)
        if code is not None:
            self.reasons[code] = COMPLEMENTARY
        return code is not None


def _members(n_speakers: int, *positions: np.ndarray) -> np.ndarray:
    """Which speakers are among these: bool array (n_speakers,)."""
    found = np.zeros(n_speakers, dtype=bool)
    for some in positions:
        found[some] = True
    return found
