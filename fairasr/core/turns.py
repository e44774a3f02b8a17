"""Turns: who speaks from when to when, written where a text goes, so that tables, jobs and hypothesis files stay as they are.

A reference with two turns that overlap is "<0.00-1.20> one two <0.80-1.95> three": a marker with start and end in seconds, then the
words. A hypothesis may name the output channel of each: "<0.03-1.23 0> one two <0.90-1.98 1> three". A text without markers is one
turn whose times are not known; an empty text is no turn.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fairasr.core.errors import SchemaError

OVERLAP_BANDS = ("0 %", "0-20 %", "20-40 %", ">40 %")
"""Names of the bands of overlap: none, and shares up to 0.2, up to 0.4 and above."""

UNKNOWN_BAND = "unknown"
"""Where times are not known."""

MARKER = re.compile(r"<(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)(?: (\d+))?>")
BEGUN = re.compile(r"<\s*[-+]?(?:\d+\.?\d*|\.\d+|nan|inf)\s*(?:-|>)|<[-+.\d][^<>]*>", re.IGNORECASE)
"""What begins as a marker does; where no marker is, it is a broken one. A "<unk>" or a "<3" is a word."""

FORM = "'<start-end> words', or '<start-end channel> words', times in seconds, such as '<0.80-1.95 1> three'"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What one speaker says without a break.

    Attributes:
        text: the words; "" where none was recognised.
        start_s: when it starts, from the start of the recording; None where it is not known.
        end_s: when it ends; None where it is not known.
        speaker_id: who speaks; "" where it is not known.
        channel: output of the recogniser that it was written to, from 0; None where none is named.

    Raises:
        SchemaError: one time without the other, times that are not finite, negative, or end before they start; a negative channel.
    """

    text: str
    start_s: float | None = None
    end_s: float | None = None
    speaker_id: str = ""
    channel: int | None = None

    def __post_init__(self) -> None:
        if (self.start_s is None) != (self.end_s is None):
            raise SchemaError(f"the turn {self.text!r} has a start or an end, not both. Give both times, or none.")
        if self.start_s is not None and self.end_s is not None and not 0 <= self.start_s <= self.end_s < math.inf:
            raise SchemaError(
                f"the turn {self.text!r} lasts from {self.start_s} s to {self.end_s} s. Give finite times, 0 or later, the end not "
                "before the start."
            )
        if self.channel is not None and self.channel < 0:
            raise SchemaError(f"the turn {self.text!r} is in channel {self.channel}. Channels are numbered from 0.")

    @property
    def times(self) -> tuple[float, float]:
        """Start and end [s].

        Raises:
            SchemaError: they are not known.
        """
        if self.start_s is None or self.end_s is None:
            raise SchemaError(f"it is not known when the turn {self.text!r} is spoken. Write {FORM}.")
        return self.start_s, self.end_s


def read_turns(text: str) -> tuple[Turn, ...]:
    """The turns of a text, sorted by start; see the head of this file. Turns that start at once stay in the order written.

    Example:
        >>> [(turn.times, turn.text) for turn in read_turns("<0.00-1.20> one two <0.80-1.95> three")]
        [((0.0, 1.2), 'one two'), ((0.8, 1.95), 'three')]

    Raises:
        SchemaError: a marker is broken, or words stand before the first one.
    """
    markers = list(MARKER.finditer(text))
    places = {marker.start() for marker in markers}
    broken = next((begun for begun in BEGUN.finditer(text) if begun.start() not in places), None)
    if broken is not None:
        shown = text[broken.start() : broken.start() + 30]
        raise SchemaError(f"{shown!r} in {_shortened(text)} begins as the marker of a turn and is none. Write {FORM}.")
    if not markers:
        return (Turn(text=" ".join(text.split())),) if text.strip() else ()
    if text[: markers[0].start()].strip():
        raise SchemaError(f"{_shortened(text)} has words before the first marker of a turn, so nobody knows when. Write {FORM}.")
    ends = [marker.start() for marker in markers[1:]] + [len(text)]
    turns = [
        Turn(
            text=" ".join(text[marker.end() : end].split()),
            start_s=float(marker[1]),
            end_s=float(marker[2]),
            channel=None if marker[3] is None else int(marker[3]),
        )
        for marker, end in zip(markers, ends, strict=True)
    ]
    return tuple(sorted(turns, key=lambda turn: turn.times[0]))


def write_turns(turns: Iterable[Turn]) -> str:
    """The text that `read_turns` reads, with times to the hundredth of a second, sorted by start; speakers are not written.

    Raises:
        SchemaError: times of one turn among several are not known.
    """
    turns = tuple(turns)
    if len(turns) == 1 and turns[0].start_s is None:
        return turns[0].text
    parts = []
    for turn in sorted(turns, key=lambda turn: turn.times[0]):
        start_s, end_s = turn.times
        channel = "" if turn.channel is None else f" {turn.channel}"
        parts.append(f"<{start_s:.2f}-{end_s:.2f}{channel}> {turn.text}".rstrip())
    return " ".join(parts)


def assigned_channels(turns: Sequence[Turn], *, n_channels: int = 2) -> list[int]:
    """Channel that each turn should come out of: the first one that is empty or whose last turn has ended, by start.

    Speech without overlap is then all in channel 0 (target arrangement of multi-turn recognisers, Sklyar et al. 2022).

    Args:
        turns: of one recording, in any order; a single turn may have unknown times.
        n_channels: of the recogniser.

    Returns:
        One channel per turn, in the order given.

    Raises:
        SchemaError: more turns at once than there are channels, or unknown times.
    """
    if len(turns) == 1:
        return [0]
    channels = [0] * len(turns)
    free_from_s = [0.0] * n_channels
    homeless = []
    for position in sorted(range(len(turns)), key=lambda position: turns[position].times[0]):
        start_s, end_s = turns[position].times
        free = next((channel for channel, from_s in enumerate(free_from_s) if from_s <= start_s), None)
        if free is None:
            homeless.append(turns[position])
            continue
        channels[position], free_from_s[free] = free, end_s
    if homeless:
        raise SchemaError(
            f"{len(homeless)} of {len(turns)} turns start while {n_channels} others are spoken (first: {homeless[0].text!r} at "
            f"{homeless[0].times[0]:.2f} s), and there are {n_channels} channels. Leave such recordings out."
        )
    return channels


def most_at_once(turns: Iterable[Turn]) -> int:
    """Most turns that are spoken at the same time; one that starts when another ends is not at the same time.

    Raises:
        SchemaError: unknown times of one turn among several.
    """
    turns = tuple(turns)
    if len(turns) < 2:
        return len(turns)
    return max((n_spoken for _, n_spoken in _stretches(turns)), default=1)


def overlap_of(turns: Iterable[Turn]) -> float:
    """Share of the time with speech in which two or more speak: 0..1; NaN where there is no speech or times are not known."""
    turns = tuple(turns)
    if any(turn.start_s is None for turn in turns):
        return math.nan
    stretches = _stretches(turns)
    spoken_s = math.fsum(length_s for length_s, n_spoken in stretches if n_spoken >= 1)
    return math.fsum(length_s for length_s, n_spoken in stretches if n_spoken >= 2) / spoken_s if spoken_s else math.nan


def turn_overlaps(turns: Sequence[Turn]) -> list[float]:
    """Share of each turn during which another is spoken: 0..1; NaN for a turn without length or where times are not known."""
    if any(turn.start_s is None for turn in turns):
        return [math.nan] * len(turns)
    shares = []
    for position, turn in enumerate(turns):
        start_s, end_s = turn.times
        others = [other.times for place, other in enumerate(turns) if place != position]
        within = [Turn(text="", start_s=max(a, start_s), end_s=min(b, end_s)) for a, b in others if a < end_s and b > start_s]
        covered_s = math.fsum(length_s for length_s, n_spoken in _stretches(within) if n_spoken)
        shares.append(min(1.0, covered_s / (end_s - start_s)) if end_s > start_s else math.nan)
    return shares


def overlap_band(share: float) -> str:
    """Name of the band of `OVERLAP_BANDS` that a share of overlap is in; UNKNOWN_BAND for NaN."""
    if math.isnan(share):
        return UNKNOWN_BAND
    # A fifth that is reckoned from times may come out as 0.2 and a little.
    share = round(share, 9)
    return OVERLAP_BANDS[0 if share <= 0 else 1 if share <= 0.2 else 2 if share <= 0.4 else 3]


def _stretches(turns: Iterable[Turn]) -> list[tuple[float, int]]:
    """Length [s] of each stretch between two events, and how many turns are spoken in it."""
    changes: dict[float, int] = {}
    for turn in turns:
        start_s, end_s = turn.times
        changes[start_s] = changes.get(start_s, 0) + 1
        changes[end_s] = changes.get(end_s, 0) - 1
    moments, n_spoken, stretches = sorted(changes), 0, []
    for moment_s, next_s in itertools.pairwise(moments):
        n_spoken += changes[moment_s]
        stretches.append((next_s - moment_s, n_spoken))
    return stretches


def _shortened(text: str) -> str:
    return repr(text) if len(text) <= 60 else repr(text[:57]) + "..."
