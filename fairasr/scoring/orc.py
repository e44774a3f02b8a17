"""ORC-WER: each reference turn goes to the output channel where all together cost fewest errors; exact, with the assignment."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fairasr.core.errors import ScoringError
from fairasr.core.turns import Turn

LARGEST_TABLE = 1 << 24
"""Cells of the largest tables kept (150 MiB): turns x places, the product of the channels' words, each plus one."""

MOST_WORK = 1 << 31
"""Words of the reference x channels x places, each plus one: some ten seconds."""

MOST_WORDS = 1 << 20
"""Words of both sides: the sums of their costs stay within 63 bits."""

ERROR, SUBSTITUTION = 1 << 42, 1 << 22
"""Cost of an error, and what a substitution costs more: fewest errors first, then most hits, as `align`; distance in time last."""

FARTHEST = 5000
"""Distance in time [hundredths of a second] beyond which farther is no worse."""


@dataclass(frozen=True, kw_only=True)
class TurnScore:
    """What became of one reference turn.

    Attributes:
        reference: words said.
        hypothesis: words of the channel that are set against them, in order.
        channel: of the hypothesis; None where the recogniser wrote nothing at all.
        positions: which turn of the hypothesis each word of `hypothesis` is in.
        matches: of each word of `reference` the place in `hypothesis` of the word it is set against, rising; None where it was
            deleted. Nearest in time of all alignments with as many errors and hits, which the two texts alone could not tell.
    """

    reference: tuple[str, ...]
    hypothesis: tuple[str, ...]
    channel: int | None
    positions: tuple[int, ...]
    matches: tuple[int | None, ...]

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each kind of step occurs: hit, substitution, deletion, insertion; none that does not."""
        n_matched, n_hits = sum(place is not None for place in self.matches), len(self._hits)
        steps = {
            "hit": n_hits,
            "substitution": n_matched - n_hits,
            "deletion": len(self.reference) - n_matched,
            "insertion": len(self.hypothesis) - n_matched,
        }
        return Counter({kind: n_steps for kind, n_steps in steps.items() if n_steps})

    @property
    def n_errors(self) -> int:
        """Substitutions, deletions and insertions."""
        return self.counts.total() - self.counts["hit"]

    @cached_property
    def hit_positions(self) -> tuple[int, ...]:
        """Turn of the hypothesis of each word that was recognised, in order."""
        return tuple(self.positions[place] for place in self._hits)

    @cached_property
    def _hits(self) -> tuple[int, ...]:
        """Places in `hypothesis` of the words that were recognised."""
        pairs = zip(self.reference, self.matches, strict=True)
        return tuple(place for word, place in pairs if place is not None and self.hypothesis[place] == word)


@dataclass(frozen=True, kw_only=True)
class OrcScore:
    """Errors of one recording.

    Attributes:
        turns: of the reference, in the order given.
        unassigned: position in the hypothesis -> words of that turn that are set against no reference turn, because their channel
            was given none, or none before a turn of another channel that is nearer in time: insertions that belong to no turn.
    """

    turns: tuple[TurnScore, ...]
    unassigned: dict[int, tuple[str, ...]]

    @property
    def n_ref_words(self) -> int:
        """Words of the reference."""
        return sum(len(turn.reference) for turn in self.turns)

    @property
    def n_errors(self) -> int:
        """Errors of all turns, and words of the channels that were given none."""
        return sum(turn.n_errors for turn in self.turns) + sum(len(words) for words in self.unassigned.values())

    @property
    def wer(self) -> float:
        """Errors over words of the reference; NaN where there are none."""
        return self.n_errors / self.n_ref_words if self.n_ref_words else math.nan


@dataclass(frozen=True, kw_only=True)
class _Channel:
    """Words of one output, in the order in which its turns start.

    Attributes:
        number: of the channel.
        words: as integers, int64 (n_words,).
        texts: the same as texts.
        positions: turn of the hypothesis that each word is in.
    """

    number: int
    words: np.ndarray
    texts: tuple[str, ...]
    positions: tuple[int, ...]


def orc_score(*, reference: Sequence[Turn], hypothesis: Sequence[Turn]) -> OrcScore:
    """Score one recording: optimal reference combination word error rate (Sklyar et al. 2022).

    Every reference turn is assigned whole to one channel; turns of a channel keep the order of their starts; the assignment and the
    alignment have fewest errors over all of them. Among those with fewest errors the one with most hits counts, then the one whose
    words are nearest in time to the turns they are set against; an inserted word belongs to the nearest turn of its channel that
    the order allows. By dynamic programming over turns and places in all channels.

    Args:
        reference: turns with normalised texts, words between white space. Turns of unknown time stay where they are given.
        hypothesis: likewise; turns that name no channel are in channel 0. Empty channels make no difference.

    Raises:
        ScoringError: the recording has too many words for LARGEST_TABLE, MOST_WORK or MOST_WORDS.
    """
    order = sorted(range(len(reference)), key=lambda place: reference[place].start_s or 0.0)
    numbers: dict[str, int] = {}
    channels = _channels(hypothesis, numbers)
    said = [np.array([numbers.setdefault(word, len(numbers)) for word in reference[place].text.split()]) for place in order]
    shape = tuple(len(channel.words) + 1 for channel in channels)
    _require_room(shape, said)
    # Distances of all words together, those of matched ones doubled, stay below what one substitution costs.
    farthest = min(FARTHEST, SUBSTITUTION // (2 * sum(shape) + 1) - 1)
    distances = [[_distances(reference[place], channel, hypothesis, farthest=farthest) for channel in channels] for place in order]
    tables, choices = [_nothing_assigned(shape, distances)], []
    for words, far in zip(said, distances, strict=True):
        costs = [
            np.moveaxis(_last(_rows(np.moveaxis(tables[-1], axis, -1), words, channel.words, far[axis])), -1, axis)
            for axis, channel in enumerate(channels)
        ]
        stacked = np.stack(costs) if costs else (tables[-1] + ERROR * len(words))[None]
        choices.append(stacked.argmin(axis=0).astype(np.int16))
        tables.append(stacked.min(axis=0))
    place_of = [len(channel.words) for channel in channels]
    found: list[TurnScore | None] = [None] * len(reference)
    for turn in reversed(range(len(order))):
        texts = tuple(reference[order[turn]].text.split())
        if not channels:
            found[order[turn]] = TurnScore(reference=texts, hypothesis=(), channel=None, positions=(), matches=(None,) * len(texts))
            continue
        axis = int(choices[turn][tuple(place_of)])
        channel, end = channels[axis], place_of[axis]
        before = tables[turn][tuple(slice(None) if other == axis else place for other, place in enumerate(place_of))]
        start, matches = _path(before, said[turn], channel.words, distances[turn][axis], end=end)
        found[order[turn]] = TurnScore(
            reference=texts,
            hypothesis=channel.texts[start:end],
            channel=channel.number,
            positions=channel.positions[start:end],
            matches=tuple(None if place is None else place - start for place in matches),
        )
        place_of[axis] = start
    unassigned: dict[int, tuple[str, ...]] = {}
    for channel, end in zip(channels, place_of, strict=True):
        for text, position in zip(channel.texts[:end], channel.positions[:end], strict=True):
            unassigned[position] = (*unassigned.get(position, ()), text)
    return OrcScore(turns=tuple(turn for turn in found if turn is not None), unassigned=unassigned)


def distance_in_time(one: Turn, other: Turn) -> float:
    """How far starts and ends are apart, added [s]; 0 where times are not known."""
    if one.start_s is None or other.start_s is None:
        return 0.0
    return sum(abs(a - b) for a, b in zip(one.times, other.times, strict=True))


def _channels(hypothesis: Sequence[Turn], numbers: dict[str, int]) -> list[_Channel]:
    """Channels with words; each distinct word gets a number in `numbers`."""
    order = sorted(range(len(hypothesis)), key=lambda place: hypothesis[place].start_s or 0.0)
    channels = []
    for number in sorted({turn.channel or 0 for turn in hypothesis}):
        spoken = [
            (word, place)
            for place in order
            if (hypothesis[place].channel or 0) == number
            for word in hypothesis[place].text.split()
        ]
        if spoken:
            texts, positions = zip(*spoken, strict=True)
            words = np.array([numbers.setdefault(word, len(numbers)) for word in texts])
            channels.append(_Channel(number=number, words=words, texts=texts, positions=positions))
    return channels


def _distances(turn: Turn, channel: _Channel, hypothesis: Sequence[Turn], *, farthest: int) -> np.ndarray:
    """Distance in time of each word of `channel` to `turn`, hundredths of a second up to `farthest`: int64 (n_words,)."""
    by_turn = {place: round(min(100 * distance_in_time(turn, hypothesis[place]), farthest)) for place in set(channel.positions)}
    return np.array([by_turn[place] for place in channel.positions], dtype=np.int64)


def _require_room(shape: tuple[int, ...], said: Sequence[np.ndarray]) -> None:
    n_places, n_words = math.prod(shape), sum(len(words) for words in said)
    n_cells, n_steps = len(said) * n_places, (n_words + 1) * (len(shape) + 1) * n_places
    if n_cells > LARGEST_TABLE or n_steps > MOST_WORK or n_words + sum(shape) > MOST_WORDS:
        raise ScoringError(
            f"a recording of {len(said):,} turns and {n_words:,} words, with {', '.join(f'{n - 1:,}' for n in shape)} words in its "
            f"channels, is too long to be scored exactly: {n_cells:,} cells of at most {LARGEST_TABLE:,}, {n_steps:,} steps of at "
            f"most {MOST_WORK:,}. Cut it where nobody speaks."
        )


def _nothing_assigned(shape: tuple[int, ...], distances: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Cost of every place in all channels before the first turn: each word an insertion, as far as the nearest turn is."""
    costs = np.zeros(shape, dtype=np.int64)
    for axis, length in enumerate(shape):
        along = [1] * len(shape)
        along[axis] = length
        far = np.min([of_turn[axis] for of_turn in distances], axis=0) if distances else np.zeros(length - 1, dtype=np.int64)
        costs += _ramp(far).reshape(along)
    return costs


def _ramp(far: np.ndarray) -> np.ndarray:
    """Cost of inserting the first 0, 1, ... words: int64 (n_words + 1,)."""
    return np.concatenate([[0], np.cumsum(ERROR + far)])


def _rows(before: np.ndarray, said: np.ndarray, heard: np.ndarray, far: np.ndarray) -> Iterator[np.ndarray]:
    """Least cost with 0, 1, ... words of a turn said, at each place of a channel: arrays (..., n_heard + 1).

    Args:
        before: least cost before the turn, the channel's places last.
        said: words of the turn.
        heard: words of the channel.
        far: distance in time of each of them to the turn.
    """
    ramp = _ramp(far)
    row = np.minimum.accumulate(before - ramp, axis=-1) + ramp
    yield row
    for word in said:
        cost = row + ERROR
        np.minimum(cost[..., 1:], row[..., :-1] + _matched(word, heard, far), out=cost[..., 1:])
        row = np.minimum.accumulate(cost - ramp, axis=-1) + ramp
        yield row


def _matched(word: int, heard: np.ndarray, far: np.ndarray) -> np.ndarray:
    """Cost of setting each word of a channel against `word`; time matters twice as much as for an insertion."""
    cost: np.ndarray = np.where(heard == word, 0, ERROR + SUBSTITUTION) + 2 * far
    return cost


def _last(rows: Iterator[np.ndarray]) -> np.ndarray:
    return deque(rows, maxlen=1)[0]


def _path(before: np.ndarray, said: np.ndarray, heard: np.ndarray, far: np.ndarray, *, end: int) -> tuple[int, list[int | None]]:
    """The cheapest path of the turn that ends at `end`.

    Returns:
        Place of the channel at which the turn starts, the earliest of several; place of the word that each word of the turn is set
        against, None where it is deleted.
    """
    rows, place = list(_rows(before, said, heard, far)), end
    matches: list[int | None] = [None] * len(said)
    for n_said in range(len(said), 0, -1):
        matched = _matched(said[n_said - 1], heard, far)
        while True:
            cost = rows[n_said][place]
            if place and cost == rows[n_said - 1][place - 1] + matched[place - 1]:
                place -= 1
                matches[n_said - 1] = place
                break
            if cost == rows[n_said - 1][place] + ERROR:
                break
            place -= 1  # an insertion
    ramp = _ramp(far)
    return int(np.flatnonzero(before[: place + 1] + ramp[place] - ramp[: place + 1] == rows[0][place])[0]), matches
