"""The demo's world: 2,000 speakers at real places, two systems, sentences with planted mistakes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fairasr.core import Hypotheses, Manifest
from fairasr.testing.census import homes_of_majority, made_up_census
from fairasr.testing.corruption import mishear
from fairasr.testing.places import SOUTH, draw_homes, draw_points, homes
from fairasr.testing.speakers import (
    HIGHEST_RATE,
    N_VOICES,
    draw_embeddings,
    draw_speaker_effects,
    draw_voice_centres,
    generator_of,
    speaker_names,
)
from fairasr.testing.vocabulary import draw_sentences
from fairasr.testing.world import Planted, World

N_SPEAKERS = 2_000
UTTERANCES_PER_SPEAKER = (4, 16)
SPEAKER_VARIATION = 0.45
SYSTEM_VARIATION = 0.2
UTTERANCE_SPREAD = 0.03
"""Standard deviation of an utterance's embedding around its speaker's, per dimension."""

N_MISSING = 12
"""Utterances for which a system returned nothing at all."""

UNSTATED = 0.02
"""Share of speakers who do not give a place, a zip code or a group."""

REGION_RATIO, ZIP_RATIO, CLUSTER_RATIO, LANGUAGE_RATIO = 1.6, 1.5, 1.5, 1.4
PLANTED_VOICE = 3
PLANTED_VOICE_SHARE = 0.12
"""More than the tenth of speakers that an audit calls its bottom, so that the voice can fill it alone."""

PLANTED_LANGUAGE = "Spanish"

GENDERS = {"woman": 0.49, "man": 0.48, "nonbinary": 0.03}
AGE_BANDS = {"18-29": 0.25, "30-44": 0.3, "45-59": 0.25, "60+": 0.2}
FIRST_LANGUAGES = {"English": 0.68, PLANTED_LANGUAGE: 0.14, "Mandarin": 0.07, "Hindi": 0.06, "Vietnamese": 0.05}


@dataclass(frozen=True, kw_only=True)
class DemoSystem:
    """A made-up recogniser: its rate on an easy speaker, and the power to which it raises every planted ratio (0: no gaps)."""

    name: str
    base_rate: float
    gap_power: float


SYSTEMS = (
    DemoSystem(name="cloud-a", base_rate=0.11, gap_power=1.0),
    DemoSystem(name="open-b", base_rate=0.1, gap_power=0.5),
)
"""The truth of the world is that of the first; the second is better overall and has about half of each gap."""


@dataclass(frozen=True, kw_only=True)
class _Speakers:
    """Speakers before they speak: arrays over speakers."""

    names: list[str]
    home_rows: np.ndarray
    voices: np.ndarray
    gender: np.ndarray
    age_band: np.ndarray
    first_language: np.ndarray


def demo_corpus(
    seed: int, *, n_speakers: int = N_SPEAKERS, utterances_per_speaker: tuple[int, int] = UTTERANCES_PER_SPEAKER
) -> World:
    """The world that `fairasr demo` audits: about 20,000 utterances, four planted gaps and two absent ones.

    Gaps of the first system: a region, zip codes where most speak another language at home, one voice, one first language.
    Absent: gender and age band. Nothing in it is real but the places: the census, the people and both systems are made up.
    Other sizes are for benchmarks.
    """
    generator = generator_of(seed)
    speakers = _draw_speakers(generator, n_speakers)
    planted = _planted_gaps(speakers)
    n_utterances = generator.integers(*utterances_per_speaker, size=n_speakers, endpoint=True)
    owner = np.repeat(np.arange(n_speakers), n_utterances)
    references = draw_sentences(generator, len(owner))
    n_words = np.array([reference.count(" ") + 1 for reference in references])
    table = _table(generator, speakers=speakers, owner=owner, references=references, n_words=n_words)
    embeddings = _utterance_embeddings(generator, voices=speakers.voices, owner=owner)
    rates = _draw_rates(generator, speakers=speakers, planted=planted)
    systems = tuple(
        _system(generator, name=name, utterance_ids=table["utterance_id"].to_numpy(), references=references, rates=rate[owner])
        for name, rate in rates.items()
    )
    index = pd.Index(speakers.names, name="speaker_id")
    return World(
        manifest=Manifest(table=table, embeddings=embeddings, source=f"demo {seed}"),
        systems=systems,
        true_rate=pd.Series(rates[SYSTEMS[0].name], index=index),
        speaker_words=pd.Series(np.bincount(owner, weights=n_words, minlength=n_speakers).astype(np.int64), index=index),
        planted=planted,
        census=made_up_census(),
        seed=seed,
    )


def _planted_gaps(speakers: _Speakers) -> tuple[Planted, ...]:
    """Who is inside each gap, the absent ones last."""
    table = homes()
    in_box = SOUTH.covers(latitude_deg=table["latitude_deg"].to_numpy(), longitude_deg=table["longitude_deg"].to_numpy())

    def named(inside: np.ndarray) -> frozenset[str]:
        return frozenset(np.array(speakers.names)[inside])

    present = (
        Planted(
            kind="region",
            method="geo-tree",
            description=f"speakers in {SOUTH.description}",
            speakers=named(in_box[speakers.home_rows]),
            ratio=REGION_RATIO,
        ),
        Planted(
            kind="zip",
            method="zip-demographics",
            description="speakers in zip codes where most residents speak another language at home",
            speakers=named(homes_of_majority()[speakers.home_rows]),
            ratio=ZIP_RATIO,
        ),
        Planted(
            kind="cluster",
            method="speaker-kmeans",
            description="speakers of one kind of voice",
            speakers=named(speakers.voices == PLANTED_VOICE),
            ratio=CLUSTER_RATIO,
        ),
        Planted(
            kind="group",
            method="declared:first_language",
            description=f"speakers whose first language is {PLANTED_LANGUAGE}",
            speakers=named(speakers.first_language == PLANTED_LANGUAGE),
            ratio=LANGUAGE_RATIO,
            cohort=PLANTED_LANGUAGE,
        ),
    )
    absent = tuple(
        Planted(
            kind="group",
            method=f"declared:{column}",
            description=f"{wording} against everybody else",
            speakers=named(getattr(speakers, column) == value),
            ratio=1.0,
            cohort=value,
        )
        for column, value, wording in (("gender", "woman", "women"), ("age_band", "60+", "speakers of 60 and older"))
    )
    return present + absent


def _draw_speakers(generator: np.random.Generator, n_speakers: int) -> _Speakers:
    def draw(shares: dict[str, float]) -> np.ndarray:
        return generator.choice(np.array(list(shares), dtype=object), size=n_speakers, p=list(shares.values()))

    return _Speakers(
        names=speaker_names(n_speakers),
        home_rows=draw_homes(generator, n_speakers=n_speakers),
        voices=_draw_voices(generator, n_speakers),
        gender=draw(GENDERS),
        age_band=draw(AGE_BANDS),
        first_language=draw(FIRST_LANGUAGES),
    )


def _draw_voices(generator: np.random.Generator, n_speakers: int) -> np.ndarray:
    shares = np.full(N_VOICES, (1 - PLANTED_VOICE_SHARE) / (N_VOICES - 1))
    shares[PLANTED_VOICE] = PLANTED_VOICE_SHARE
    return generator.choice(N_VOICES, size=n_speakers, p=shares)


def _draw_rates(generator: np.random.Generator, *, speakers: _Speakers, planted: tuple[Planted, ...]) -> dict[str, np.ndarray]:
    """Error rate of every speaker under every system: name -> float array (n_speakers,). Speakers hard for one are hard for all."""
    names = pd.Index(speakers.names)
    ratios = np.prod([np.where(names.isin(gap.speakers), gap.ratio, 1.0) for gap in planted], axis=0)
    shared = draw_speaker_effects(generator, n_speakers=len(names), coefficient_of_variation=SPEAKER_VARIATION)
    rates = {}
    for system in SYSTEMS:
        own = draw_speaker_effects(generator, n_speakers=len(names), coefficient_of_variation=SYSTEM_VARIATION)
        rates[system.name] = np.minimum(system.base_rate * shared * own * ratios**system.gap_power, HIGHEST_RATE)
    return rates


def _table(
    generator: np.random.Generator, *, speakers: _Speakers, owner: np.ndarray, references: list[str], n_words: np.ndarray
) -> pd.DataFrame:
    latitude, longitude = draw_points(generator, speakers.home_rows)
    unstated = generator.random(size=(3, len(speakers.names))) < UNSTATED
    per_speaker = pd.DataFrame(
        {
            "speaker_id": speakers.names,
            "latitude_deg": np.where(unstated[0], np.nan, latitude),
            "longitude_deg": np.where(unstated[0], np.nan, longitude),
            "zip_code": _unless(unstated[1], homes()["zip_code"].to_numpy()[speakers.home_rows]),
            "gender": speakers.gender,
            "age_band": speakers.age_band,
            "first_language": _unless(unstated[2], speakers.first_language),
        }
    )
    table = per_speaker.iloc[owner].reset_index(drop=True)
    turn = pd.Series(owner).groupby(owner).cumcount()
    table.insert(0, "utterance_id", [f"{speaker}-{number:02d}" for speaker, number in zip(table["speaker_id"], turn, strict=True)])
    table.insert(2, "reference", references)
    table.insert(3, "duration_s", np.round(0.5 + n_words * generator.uniform(0.28, 0.5, size=len(owner)), 2))
    return table


def _unless(unstated: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The values, None where a speaker does not state one."""
    stated = values.astype(object)
    stated[unstated] = None
    return stated


def _utterance_embeddings(generator: np.random.Generator, *, voices: np.ndarray, owner: np.ndarray) -> np.ndarray:
    of_speakers = draw_embeddings(generator, voices, centres=draw_voice_centres(generator))
    noise = generator.standard_normal(size=(len(owner), of_speakers.shape[1]), dtype=np.float32)
    raw = of_speakers[owner] + np.float32(UTTERANCE_SPREAD) * noise
    unit: np.ndarray = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    return unit


def _system(
    generator: np.random.Generator, *, name: str, utterance_ids: np.ndarray, references: list[str], rates: np.ndarray
) -> Hypotheses:
    heard = mishear(generator, references=references, rates=rates)
    missing = set(generator.choice(len(heard), size=N_MISSING, replace=False).tolist())
    return Hypotheses(
        system=name,
        texts={key: text for row, (key, text) in enumerate(zip(utterance_ids, heard, strict=True)) if row not in missing},
    )
