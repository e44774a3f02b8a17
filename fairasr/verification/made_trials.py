"""Trials made from a manifest: as many of every speaker, within each of their groups and across them. Cosine scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fairasr.core import Manifest
from fairasr.core.errors import StatisticsError

CHUNK = 100_000
"""Trials scored at a time, so that memory stays bounded."""


@dataclass(frozen=True, kw_only=True)
class MadeTrials:
    """Pairs of utterances, no pair twice.

    Attributes:
        first: int array (n_trials,), row of the manifest's table.
        second: int array (n_trials,), row of the manifest's table.
        is_target: bool array (n_trials,), True where both rows are of one speaker.
        n_without_second: speakers with a single utterance that can be used: they are in non-target trials alone.
        n_without_any: speakers with none.
    """

    first: np.ndarray
    second: np.ndarray
    is_target: np.ndarray
    n_without_second: int
    n_without_any: int


def made_trials(
    manifest: Manifest,
    *,
    n_per_speaker: int,
    seed: int,
    groups: Mapping[str, pd.Series] | None = None,
    usable: np.ndarray | None = None,
) -> MadeTrials:
    """Draw trials so that every speaker counts alike, and non-target trials stay within groups as well as crossing them.

    Each speaker gives `n_per_speaker` target pairs, or all they have; and as many non-target pairs with others of their own group
    and with speakers of other groups, for every way of grouping. Trials across alone would be too easy: two people of
    one sex or one accent sound more alike.

    Args:
        manifest: the utterances; their row order does not matter.
        n_per_speaker: pairs of a kind per speaker; others draw this speaker too, so their non-target pairs are about twice as many.
        seed: of the draw.
        groups: way of grouping -> group of each speaker, str Series as `Partition.labels`. None: partners are drawn among all.
        usable: bool array (n_utterances,), rows that have a vector; None: all.

    Raises:
        StatisticsError: fewer than two speakers have an utterance, or none has two.
    """
    if n_per_speaker < 1:
        raise StatisticsError(f"n_per_speaker is {n_per_speaker}; it must be at least 1.")
    rows_of = _rows_by_speaker(manifest, usable)
    n_rows = np.array([len(rows) for rows in rows_of])
    able, several = n_rows > 0, n_rows > 1
    if able.sum() < 2 or not several.any():
        raise StatisticsError(
            f"{several.sum():,} of {len(rows_of):,} speakers have two utterances that can be compared and {able.sum():,} have one; "
            "trials need at least one speaker of the first kind and two in all. Give more utterances."
        )
    codes = [pd.factorize(labels.reindex(manifest.speaker_ids).to_numpy(dtype=object))[0] for labels in (groups or {}).values()]
    rng = np.random.default_rng(seed)
    pairs: set[tuple[int, int]] = set()
    for speaker in np.flatnonzero(several):
        pairs.update(_own_pairs(rows_of[speaker], n_per_speaker, rng))
    n_target = len(pairs)
    for pools in _pools(codes, able):
        for who, pool in pools:
            partners = _partners(who, pool, n_per_speaker, rng)
            own = rows_of[who][rng.integers(len(rows_of[who]), size=len(partners))].tolist()
            theirs = rng.integers(n_rows[partners]).tolist()
            for one, partner, place in zip(own, partners.tolist(), theirs, strict=True):
                other = int(rows_of[partner][place])
                pairs.add((min(one, other), max(one, other)))
    drawn = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    speakers = manifest.speaker_positions[drawn]
    is_target = speakers[:, 0] == speakers[:, 1]
    assert is_target.sum() == n_target
    return MadeTrials(
        first=drawn[:, 0],
        second=drawn[:, 1],
        is_target=is_target,
        n_without_second=int((able & ~several).sum()),
        n_without_any=int((~able).sum()),
    )


def cosine_scores(vectors: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Cosine of the angle between the vectors of each trial: float array (n_trials,); NaN where a vector is zero or missing.

    Args:
        vectors: float array (n_utterances, dim).
        first: int array (n_trials,), row of one side.
        second: int array (n_trials,), row of the other.
    """
    vectors = vectors.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = np.empty(len(first))
    for start in range(0, len(first), CHUNK):
        part = slice(start, start + CHUNK)
        scores[part] = np.einsum("nd,nd->n", unit[first[part]], unit[second[part]])
    return scores


def _rows_by_speaker(manifest: Manifest, usable: np.ndarray | None) -> list[np.ndarray]:
    """Usable rows of each speaker, by utterance_id so that row order cannot matter."""
    by_name = np.argsort(manifest.table["utterance_id"].to_numpy(dtype=str), kind="stable")
    if usable is not None:
        by_name = by_name[usable[by_name]]
    speakers = manifest.speaker_positions[by_name]
    by_speaker = by_name[np.argsort(speakers, kind="stable")]
    return np.split(by_speaker, np.cumsum(np.bincount(speakers, minlength=len(manifest.speaker_ids)))[:-1])


def _own_pairs(rows: np.ndarray, n: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """`n` distinct pairs of `rows`, or all there are."""
    n_pairs = len(rows) * (len(rows) - 1) // 2
    later = np.cumsum(np.arange(len(rows)))  # pairs whose later row is at most this
    pairs = []
    for number in rng.choice(n_pairs, size=min(n, n_pairs), replace=False):
        high = int(np.searchsorted(later, number, side="right"))
        one, other = int(rows[number - later[high - 1]]), int(rows[high])
        pairs.append((min(one, other), max(one, other)))
    return pairs


def _pools(codes: list[np.ndarray], able: np.ndarray) -> list[list[tuple[int, np.ndarray]]]:
    """For each kind of non-target pair, every able speaker with those that may stand on the other side (themselves may be among
    them)."""
    everyone = np.flatnonzero(able)
    if not codes:
        return [[(int(speaker), everyone) for speaker in everyone]]
    kinds = []
    for of_speaker in codes:
        inside = {code: np.flatnonzero(able & (of_speaker == code)) for code in np.unique(of_speaker[able])}
        outside = {code: np.flatnonzero(able & (of_speaker != code)) for code in inside}
        kinds += [[(int(speaker), pool[of_speaker[speaker]]) for speaker in everyone] for pool in (inside, outside)]
    return kinds


def _partners(speaker: int, pool: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """`n` others of `pool`, each as often as the next: everybody once more before anybody twice more."""
    if not (pool != speaker).any():
        return pool[:0]
    drawn: list[np.ndarray] = []
    wanted = n
    while wanted > 0:
        some = pool[rng.choice(len(pool), size=min(wanted + 1, len(pool)), replace=False)]
        some = some[some != speaker][:wanted]
        drawn.append(some)
        wanted -= len(some)
    return np.concatenate(drawn)
