"""Worlds drawn as counts: no text, so hundreds of them can be drawn to check a statistic by its rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fairasr.core import Manifest
from fairasr.core.errors import StatisticsError
from fairasr.testing.census import homes_of_majority, made_up_census
from fairasr.testing.drawn_counts import draw_counts
from fairasr.testing.places import SOUTH, draw_homes, draw_points, homes
from fairasr.testing.speakers import (
    HIGHEST_RATE,
    N_VOICES,
    draw_amounts,
    draw_embeddings,
    draw_speaker_effects,
    draw_voice_centres,
    generator_of,
    speaker_names,
)
from fairasr.testing.world import Planted, World

BASE_RATE = 0.15
GROUPS = np.array(["amber", "blue", "green", "red"], dtype=object)
SECONDS_PER_WORD = 0.4


@dataclass(frozen=True, kw_only=True)
class Speech:
    """How speakers of a world differ.

    Attributes:
        speaker_sd: standard deviation of the speaker effect, whose mean is 1.
        utterances_per_speaker: fewest and most.
        words_mean: words of an utterance, on average.
    """

    speaker_sd: float = 0.5
    utterances_per_speaker: tuple[int, int] = (5, 40)
    words_mean: float = 9


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """Who is inside the gap: they live in the rows `inside_homes` of `homes()`, `voice` is theirs alone; None: does not matter."""

    kind: str
    method: str
    description: str
    ratio: float
    n_inside: int
    inside_homes: np.ndarray | None = None
    voice: int | None = None


def null_world(
    n_speakers: int,
    *,
    seed: int,
    speaker_sd: float = 0.5,
    utterances_per_speaker: tuple[int, int] = (5, 40),
    words_mean: float = 9,
) -> World:
    """A world without gaps: speakers differ, places, zip codes, voices and the column `group` have nothing to do with it.

    Args:
        n_speakers: how many.
        seed: everything follows from it.
        speaker_sd: standard deviation of the speaker effect, whose mean is 1.
        utterances_per_speaker: fewest and most.
        words_mean: words of an utterance, on average.

    Raises:
        StatisticsError: no speakers were asked for.
    """
    speech = Speech(speaker_sd=speaker_sd, utterances_per_speaker=utterances_per_speaker, words_mean=words_mean)
    return _draw(n_speakers, seed=seed, speech=speech, plan=None)


def planted_region_world(
    n_speakers: int, *, seed: int, ratio: float = 1.5, n_inside: int = 120, speech: Speech | None = None
) -> World:
    """Like `null_world`, but exactly `n_inside` speakers live in the box SOUTH and their rate is `ratio` times as high.

    Raises:
        StatisticsError: nobody or everybody would be inside.
    """
    table = homes()
    inside = SOUTH.covers(latitude_deg=table["latitude_deg"].to_numpy(), longitude_deg=table["longitude_deg"].to_numpy())
    plan = _Plan(
        kind="region",
        method="geo-tree",
        description=f"speakers in {SOUTH.description}",
        ratio=ratio,
        n_inside=n_inside,
        inside_homes=inside,
    )
    return _draw(n_speakers, seed=seed, speech=speech, plan=plan)


def planted_zip_world(
    n_speakers: int, *, seed: int, ratio: float = 1.5, n_inside: int = 120, speech: Speech | None = None
) -> World:
    """Like `null_world`, but the rate is `ratio` times as high in zip codes where most speak another language at home.

    Exactly `n_inside` speakers live in such codes.

    Raises:
        StatisticsError: nobody or everybody would be inside.
    """
    plan = _Plan(
        kind="zip",
        method="zip-demographics",
        description="speakers in zip codes where most residents speak another language at home",
        ratio=ratio,
        n_inside=n_inside,
        inside_homes=homes_of_majority(),
    )
    return _draw(n_speakers, seed=seed, speech=speech, plan=plan)


def planted_cluster_world(
    n_speakers: int, *, seed: int, ratio: float = 1.5, n_inside: int = 120, speech: Speech | None = None
) -> World:
    """Like `null_world`, but exactly `n_inside` speakers have the first of the voices and their rate is `ratio` times as high.

    Raises:
        StatisticsError: nobody or everybody would be inside.
    """
    plan = _Plan(
        kind="cluster",
        method="speaker-kmeans",
        description="speakers whose voices sound alike (voice 0)",
        ratio=ratio,
        n_inside=n_inside,
        voice=0,
    )
    return _draw(n_speakers, seed=seed, speech=speech, plan=plan)


def _draw(n_speakers: int, *, seed: int, speech: Speech | None, plan: _Plan | None) -> World:
    if n_speakers < 1:
        raise StatisticsError(f"a world needs speakers; {n_speakers} were asked for. Ask for at least 1.")
    if plan is not None and not 0 < plan.n_inside < n_speakers:
        raise StatisticsError(
            f"{plan.n_inside} of {n_speakers} speakers cannot be inside a gap: nobody or everybody would be. "
            f"Ask for an n_inside between 1 and {n_speakers - 1}."
        )
    speech = speech or Speech()
    generator = generator_of(seed)
    speakers = speaker_names(n_speakers)
    inside = np.zeros(n_speakers, dtype=bool)
    if plan is not None:
        inside[generator.permutation(n_speakers)[: plan.n_inside]] = True
    home_rows = _draw_homes(generator, inside=inside, plan=plan)
    voices = _draw_voices(generator, inside=inside, plan=plan)
    effects = draw_speaker_effects(generator, n_speakers=n_speakers, coefficient_of_variation=speech.speaker_sd)
    rates = np.minimum(BASE_RATE * effects * (np.where(inside, plan.ratio, 1.0) if plan else 1.0), HIGHEST_RATE)
    n_utterances, n_words = draw_amounts(
        generator, n_speakers=n_speakers, utterances=speech.utterances_per_speaker, words_mean=speech.words_mean
    )
    counts = draw_counts(generator, speakers=speakers, rates=rates, n_utterances=n_utterances, n_words=n_words)
    latitude, longitude = draw_points(generator, home_rows)
    table = pd.DataFrame(
        {
            "utterance_id": speakers,
            "speaker_id": speakers,
            "reference": "",
            "duration_s": n_words * SECONDS_PER_WORD,
            "latitude_deg": latitude,
            "longitude_deg": longitude,
            "zip_code": homes()["zip_code"].to_numpy()[home_rows],
            "group": GROUPS[generator.integers(len(GROUPS), size=n_speakers)],
        }
    )
    embeddings = draw_embeddings(generator, voices, centres=draw_voice_centres(generator))
    index = pd.Index(speakers, name="speaker_id")
    return World(
        manifest=Manifest(table=table, embeddings=embeddings, source=f"{plan.kind if plan else 'null'} world {seed}"),
        true_rate=pd.Series(rates, index=index),
        speaker_words=pd.Series(n_words, index=index),
        planted=() if plan is None else (_planted(plan, speakers=index[inside]),),
        census=made_up_census(),
        seed=seed,
        counts=counts,
    )


def _draw_homes(generator: np.random.Generator, *, inside: np.ndarray, plan: _Plan | None) -> np.ndarray:
    if plan is None or plan.inside_homes is None:
        return draw_homes(generator, n_speakers=len(inside))
    rows = np.empty(len(inside), dtype=np.int64)
    rows[inside] = draw_homes(generator, n_speakers=int(inside.sum()), allowed=plan.inside_homes)
    rows[~inside] = draw_homes(generator, n_speakers=int((~inside).sum()), allowed=~plan.inside_homes)
    return rows


def _draw_voices(generator: np.random.Generator, *, inside: np.ndarray, plan: _Plan | None) -> np.ndarray:
    if plan is None or plan.voice is None:
        return generator.integers(N_VOICES, size=len(inside))
    others = np.delete(np.arange(N_VOICES), plan.voice)
    return np.where(inside, plan.voice, others[generator.integers(len(others), size=len(inside))])


def _planted(plan: _Plan, *, speakers: pd.Index) -> Planted:
    return Planted(kind=plan.kind, method=plan.method, description=plan.description, speakers=frozenset(speakers), ratio=plan.ratio)
