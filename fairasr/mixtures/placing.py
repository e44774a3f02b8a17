"""Mixtures on paper: who says what when, drawn by a seeded generator, before any sound is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fairasr.core.errors import IngestError
from fairasr.core.turns import Turn
from fairasr.mixtures.settings import MixtureSettings

LEAST_STEP_S = 0.1
"""Turns start at least so long after each other: which came first is then never a matter of rounding."""

GRID_DECIMALS = 2
"""Times are whole hundredths of a second, as the notation of turns writes them."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """What mixtures of one part are made of.

    Attributes:
        rows: speaker -> rows of the corpus with their recordings, int arrays.
        references: what is said in each row of the corpus.
        durations_s: of each row of the corpus.
    """

    rows: Mapping[str, np.ndarray]
    references: Sequence[str]
    durations_s: np.ndarray


@dataclass(frozen=True, kw_only=True)
class PlacedTurn:
    """One turn of a mixture and the recordings it is made of.

    Attributes:
        turn: speaker, words and times in the mixture.
        rows: of the corpus, in the order spoken.
        starts_s: start of each recording in the mixture [s].
        level_db: over the common level [dB]; 0 where recordings stay as they are.
    """

    turn: Turn
    rows: tuple[int, ...]
    starts_s: tuple[float, ...]
    level_db: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """One recording to be made.

    Attributes:
        mixture_id: names it.
        part: "train" or "test".
        turns: by start.
        duration_s: with the silence at both ends.
    """

    mixture_id: str
    part: str
    turns: tuple[PlacedTurn, ...]
    duration_s: float


def require_enough(material: Material, settings: MixtureSettings, *, part: str) -> None:
    """Refuse material that the mixtures asked for cannot be made of.

    Raises:
        IngestError: too few speakers, or recordings of one.
    """
    needed = settings.turns[1] if settings.speakers == "different" else 1
    if len(material.rows) < needed:
        raise IngestError(
            f"the part {part!r} has {len(material.rows)} speakers, and {needed} turns of different speakers need {needed}. Ask for "
            "fewer turns, or let speakers be any."
        )
    least = settings.recordings_per_turn[0]
    short = sorted(speaker for speaker, rows in material.rows.items() if len(rows) < least)
    if short:
        raise IngestError(
            f"{len(short)} of {len(material.rows)} speakers have fewer than {least} recordings in the part {part!r} (first: "
            f"{short[0]!r}). Ask for fewer recordings per turn, or hold out another share."
        )


def drawn_mixture(
    material: Material, settings: MixtureSettings, *, mixture_id: str, part: str, generator: np.random.Generator
) -> Mixture:
    """Draw one mixture; `require_enough` has said that there is enough to draw from."""
    n_turns = int(generator.integers(settings.turns[0], settings.turns[1], endpoint=True))
    names = sorted(material.rows)
    speakers = generator.choice(names, size=n_turns, replace=settings.speakers == "any").tolist()
    chosen = _recordings(material, settings, speakers=speakers, generator=generator)
    gaps_s = [_gaps_s(settings, n_recordings=len(rows), generator=generator) for rows in chosen]
    lengths_s = [float(material.durations_s[list(rows)].sum()) + sum(gaps) for rows, gaps in zip(chosen, gaps_s, strict=True)]
    starts_s = _starts_s(settings, speakers=speakers, lengths_s=lengths_s, generator=generator)
    placed = []
    for speaker, rows, gaps, start_s, length_s in zip(speakers, chosen, gaps_s, starts_s, lengths_s, strict=True):
        before_s = np.concatenate([[0.0], np.cumsum(material.durations_s[list(rows[:-1])] + np.array(gaps))])
        half = (settings.level_db or 0.0) / 2
        placed.append(
            PlacedTurn(
                turn=Turn(
                    text=" ".join(" ".join(material.references[row].split()) for row in rows),
                    start_s=start_s,
                    end_s=round(start_s + length_s, GRID_DECIMALS),
                    speaker_id=speaker,
                ),
                rows=rows,
                starts_s=tuple(float(start_s + offset_s) for offset_s in before_s),
                level_db=float(generator.uniform(-half, half)),
            )
        )
    duration_s = max(start_s + length_s for start_s, length_s in zip(starts_s, lengths_s, strict=True)) + settings.tail_s
    return Mixture(mixture_id=mixture_id, part=part, turns=tuple(placed), duration_s=duration_s)


def _recordings(
    material: Material, settings: MixtureSettings, *, speakers: Sequence[str], generator: np.random.Generator
) -> list[tuple[int, ...]]:
    """Rows of each turn; a recording is in a mixture once, unless its speaker has no other left."""
    used: set[int] = set()
    chosen = []
    for speaker in speakers:
        rows = [int(row) for row in material.rows[speaker] if row not in used]
        if len(rows) < settings.recordings_per_turn[0]:
            rows = [int(row) for row in material.rows[speaker]]
        n_wanted = int(generator.integers(settings.recordings_per_turn[0], settings.recordings_per_turn[1], endpoint=True))
        drawn = tuple(generator.choice(rows, size=min(n_wanted, len(rows)), replace=False).tolist())
        used.update(drawn)
        chosen.append(drawn)
    return chosen


def _gaps_s(settings: MixtureSettings, *, n_recordings: int, generator: np.random.Generator) -> list[float]:
    return [float(generator.uniform(*settings.gap_s)) for _ in range(n_recordings - 1)]


def _starts_s(
    settings: MixtureSettings, *, speakers: Sequence[str], lengths_s: Sequence[float], generator: np.random.Generator
) -> list[float]:
    """Start of each turn, rising: at most two are spoken at once, nobody over themselves, and the overlap is what was drawn.

    With speech of S seconds in all and a share o aimed at, o S / (1 + o) seconds are spoken by two; they are spread evenly over the
    places where one turn meets the next, and what one place cannot take is left to those after it.
    """
    share = 0.0 if generator.random() < settings.apart else float(generator.uniform(*settings.overlap))
    left_s = share * sum(lengths_s) / (1 + share)
    starts_s = [round(float(generator.uniform(*settings.lead_s)), GRID_DECIMALS)]
    ends_s = [round(starts_s[0] + lengths_s[0], GRID_DECIMALS)]
    own_ends_s = {speakers[0]: ends_s[0]}
    for place in range(1, len(lengths_s)):
        wanted_s = min(left_s / (len(lengths_s) - place), lengths_s[place])
        *_, second_s, latest_s = sorted([0.0, *ends_s])
        earliest_s = max(second_s, starts_s[-1] + LEAST_STEP_S, own_ends_s.get(speakers[place], 0.0))
        start_s = max(latest_s - wanted_s, earliest_s) if share else latest_s + float(generator.uniform(*settings.pause_s))
        # The grid is rounded to upwards, so that no turn starts before a channel is free.
        starts_s.append(float(np.ceil(np.round(start_s * 100, 6)) / 100))
        ends_s.append(round(starts_s[-1] + lengths_s[place], GRID_DECIMALS))
        own_ends_s[speakers[place]] = ends_s[-1]
        left_s -= max(0.0, min(latest_s, ends_s[-1]) - starts_s[-1])
    return starts_s
