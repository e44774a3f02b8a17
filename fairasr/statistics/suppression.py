"""Which cohorts may not be shown: those of few speakers, and those that would give a small one away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

SMALL = "small"
COMPLEMENTARY = "complementary"


def suppressed(
    n_speakers: np.ndarray, *, min_speakers: int, lines: Sequence[np.ndarray] = (), keep: np.ndarray | None = None
) -> np.ndarray:
    """Reason why each cohort is hidden: object array (G,) of "", SMALL or COMPLEMENTARY.

    The overall rate is published, so one hidden cohort could be had by subtracting the others. Therefore the smallest
    shown cohorts are hidden too until at least two cohorts and `min_speakers` speakers are hidden together. Empty
    cohorts hide nobody. Where two columns are crossed, each value of either has a total of its own, and every such line of
    cohorts is kept in the same way.

    Args:
        n_speakers: int array (G,); the cohorts are disjoint and together they are everyone.
        min_speakers: fewest speakers that may be shown.
        lines: int arrays of cohorts whose sum is published elsewhere; all cohorts together always are one.
        keep: bool array (G,), cohorts that are hidden last: the worst ones, which a report is about.
    """
    reasons = np.full(len(n_speakers), "", dtype=object)
    reasons[n_speakers < min_speakers] = SMALL
    # A cohort alone in its line is that line's total, which is published: hiding it protects nobody.
    filled = [line[n_speakers[line] > 0] for line in lines]
    is_public = np.zeros(len(n_speakers), dtype=bool)
    is_public[[line[0] for line in filled if len(line) == 1 and n_speakers[line[0]] >= min_speakers]] = True
    lines = [line[~is_public[line]] for line in (np.arange(len(n_speakers)), *filled)]
    order = np.lexsort((n_speakers, np.zeros(len(n_speakers), dtype=bool) if keep is None else keep))
    while any(_hide_one_more(line, reasons, n_speakers, min_speakers, order) for line in lines):
        pass
    return reasons


def lines_of(names: Sequence[str], components: Mapping[str, tuple[str, ...]]) -> list[np.ndarray]:
    """Cohorts that share a value of one crossed column: positions in `names`, one int array per value."""
    lines: dict[tuple[int, str], list[int]] = {}
    for position, name in enumerate(names):
        for column, value in enumerate(components.get(name, ())):
            lines.setdefault((column, value), []).append(position)
    return [np.array(line) for line in lines.values()]


def _hide_one_more(line: np.ndarray, reasons: np.ndarray, n_speakers: np.ndarray, min_speakers: int, order: np.ndarray) -> bool:
    """Hide the next cohort of `order` shown in a line that gives a hidden one away; whether one had to be, and could be."""
    hidden = line[(reasons[line] != "") & (n_speakers[line] > 0)]
    shown = [cohort for cohort in order if cohort in line and reasons[cohort] == ""]
    if not len(hidden) or not len(shown) or (len(hidden) >= 2 and n_speakers[hidden].sum() >= min_speakers):
        return False
    reasons[shown[0]] = COMPLEMENTARY
    return True
