"""Which rows make each batch: a list worked out before training, so that a run's place in it is one number, the step."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from fairasr.core.errors import TrainingError

DRAWN_AT_ONCE = 1024
"""Rows drawn with replacement are asked of the generator in blocks; the block's size is part of what a seed means."""


def batch_schedule(
    *,
    weights: np.ndarray,
    batch_size: int,
    n_steps: int,
    seed: int,
    groups: np.ndarray | None = None,
    durations_s: np.ndarray | None = None,
    least: int = 1,
) -> list[np.ndarray]:
    """Rows of each step's batch, int (n_batch,) each. The same arguments give the same list, and fewer steps give its beginning.

    Rows of equal weights are drawn without replacement, one shuffled pass after the other, so that each is seen equally often;
    unequal weights are chances of a draw with replacement. With groups, each batch is of one group: the groups come in shuffled
    rounds, and a batch is filled until its total duration is as near as possible to that of `batch_size` average rows.

    Args:
        weights: float (n_rows,) >= 0, chance of each row to be drawn.
        batch_size: rows of a batch; of a batch with average durations if there are groups.
        n_steps: batches.
        seed: of the draws.
        groups: str (n_rows,), group of each row; groups whose weights are all 0 are left out.
        durations_s: float (n_rows,) > 0 [s]; needed with groups.
        least: rows that a batch with groups has at least, however long they are.

    Raises:
        TrainingError: weights that are no chances, or durations that are missing.
    """
    weights = np.asarray(weights, dtype=float)
    _check_weights(weights)
    eligible = np.flatnonzero(weights > 0)
    if groups is None:
        rows = _draws(eligible, weights, seed=(seed,))
        return [np.fromiter(rows, dtype=np.int64, count=batch_size) for _ in range(n_steps)]
    if durations_s is None:
        raise TrainingError("batches of about the same duration need the duration of every utterance. Pass durations_s.")
    labels = np.asarray(groups)[eligible].astype(str)
    distinct = sorted(set(labels))
    pools = [
        _Pool(_draws(eligible[labels == label], weights, seed=(seed, place)), durations_s) for place, label in enumerate(distinct)
    ]
    wanted_s = batch_size * float(durations_s[eligible].mean())
    order = _passes(np.arange(len(pools)), seed=(seed, len(pools)))
    return [pools[next(order)].filled(wanted_s, least=least) for _ in range(n_steps)]


def schedule_digest(schedule: Sequence[np.ndarray]) -> str:
    """SHA-256 of a list of batches: 64 hex digits."""
    digest = hashlib.sha256()
    for rows in schedule:
        digest.update(np.asarray([len(rows), *rows], dtype="<i8").tobytes())
    return digest.hexdigest()


def share_of(rows: np.ndarray, *, part: int, n_parts: int) -> np.ndarray:
    """One of `n_parts` runs of neighbouring rows whose lengths differ by one at most."""
    return np.array_split(rows, n_parts)[part]


class _Pool:
    """The rows of one group in the order they are drawn; one that a batch has no room for opens the next."""

    def __init__(self, rows: Iterator[int], durations_s: np.ndarray) -> None:
        self._rows, self._durations_s = rows, durations_s
        self._waiting: int | None = None

    def filled(self, wanted_s: float, *, least: int) -> np.ndarray:
        batch: list[int] = []
        total_s = 0.0
        while len(batch) < least or total_s < wanted_s:
            row = next(self._rows) if self._waiting is None else self._waiting
            self._waiting = None
            after_s = total_s + float(self._durations_s[row])
            if len(batch) >= least and after_s - wanted_s > wanted_s - total_s:
                self._waiting = row
                break
            batch.append(row)
            total_s = after_s
        return np.array(batch, dtype=np.int64)


def _draws(rows: np.ndarray, weights: np.ndarray, *, seed: tuple[int, ...]) -> Iterator[int]:
    """Rows without end."""
    own = weights[rows]
    # Weights that a method computed as all alike may differ in the last bit.
    if np.allclose(own, own[0], rtol=1e-12, atol=0):
        yield from _passes(rows, seed=seed)
    generator = np.random.default_rng(seed)
    chances = own / own.sum()
    while True:
        yield from generator.choice(rows, size=DRAWN_AT_ONCE, p=chances).tolist()


def _passes(rows: np.ndarray, *, seed: tuple[int, ...]) -> Iterator[int]:
    """All rows in a new order again and again, without end."""
    generator = np.random.default_rng(seed)
    while True:
        yield from generator.permutation(rows).tolist()


def _check_weights(weights: np.ndarray) -> None:
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise TrainingError(
            f"{wrong.sum():,} of {len(weights):,} sampling weights are no number of at least 0 "
            f"(first: row {first}, {weights[first]}). Give each utterance a chance to be drawn, 0 for never."
        )
    if not (weights > 0).any():
        raise TrainingError(
            f"all {len(weights):,} sampling weights are 0, so no utterance can be drawn. Is any utterance of a target cohort?"
        )
