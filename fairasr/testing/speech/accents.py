"""Accents of English that espeak-ng imitates, and where on the map the made-up speakers of each live."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

JITTER_DEG = 0.15
"""Speakers live up to this far from the point of their town: about 15 km, so that no two stand on one point."""


@dataclass(frozen=True, kw_only=True)
class Town:
    """The middle of a town, well inside the coast; `weight` is its share of the accent's speakers, against the other towns'."""

    name: str
    latitude_deg: float
    longitude_deg: float
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Accent:
    """An accent as the synthesiser has it. People of these places speak in many ways; these are one machine's caricatures.

    Attributes:
        name: as in the corpus' column `accent`.
        voice: espeak-ng's name.
        towns: where its speakers live.
    """

    name: str
    voice: str
    towns: tuple[Town, ...]


def _town(name: str, latitude_deg: float, longitude_deg: float, weight: float = 1.0) -> Town:
    return Town(name=name, latitude_deg=latitude_deg, longitude_deg=longitude_deg, weight=weight)


MAJORITY = "General American"
"""The accent that the demo's recogniser is trained on."""

ACCENTS = (
    Accent(
        name=MAJORITY,
        voice="en-us",
        towns=(
            _town("Los Angeles", 34.05, -118.0, 4),
            _town("Chicago", 41.85, -88.0, 3),
            _town("Dallas", 32.8, -96.8, 3),
            _town("Atlanta", 33.75, -84.4, 2),
            _town("Denver", 39.7, -104.9, 2),
            _town("Minneapolis", 44.95, -93.3, 2),
            _town("Phoenix", 33.45, -112.1, 2),
            _town("Kansas City", 39.1, -94.6, 2),
            _town("Sacramento", 38.6, -121.4, 2),
            _town("Columbus", 40.0, -83.0, 2),
            _town("Spokane", 47.6, -117.4, 1),
        ),
    ),
    Accent(name="New York", voice="en-us-nyc", towns=(_town("New York", 40.85, -73.95, 3), _town("Newark", 40.75, -74.3, 1))),
    Accent(
        name="Caribbean",
        voice="en-029",
        # All on one island: boxes of latitude and longitude around Trinidad would reach to Scotland.
        towns=(_town("Kingston", 18.1, -76.9, 3), _town("May Pen", 18.0, -77.25, 1), _town("Mandeville", 18.1, -77.5, 1)),
    ),
    Accent(
        name="Scotland",
        voice="en-gb-scotland",
        towns=(_town("Glasgow", 55.85, -4.1, 3), _town("Edinburgh", 55.8, -3.3, 2), _town("Perth", 56.5, -3.6, 1)),
    ),
    Accent(
        name="Lancashire",
        voice="en-gb-x-gbclan",
        towns=(_town("Preston", 53.8, -2.6, 2), _town("Lancaster", 54.0, -2.6, 1), _town("Blackburn", 53.75, -2.4, 1)),
    ),
    Accent(
        name="West Midlands",
        voice="en-gb-x-gbcwmd",
        towns=(_town("Birmingham", 52.5, -1.9, 3), _town("Wolverhampton", 52.6, -2.15, 1), _town("Coventry", 52.4, -1.5, 1)),
    ),
    Accent(
        name="Received Pronunciation", voice="en-gb-x-rp", towns=(_town("London", 51.55, -0.2, 2), _town("Oxford", 51.75, -1.25, 1))
    ),
    Accent(
        name="South-east England",
        voice="en",
        towns=(_town("Maidstone", 51.2, 0.45, 1), _town("Crawley", 51.1, -0.2, 1), _town("Ashford", 51.15, 0.85, 1)),
    ),
)


def draw_homes(generator: np.random.Generator, accent: Accent, *, n_speakers: int) -> np.ndarray:
    """Where speakers of an accent live: latitude and longitude [degrees, 4 decimals], float (n_speakers, 2)."""
    weights = np.array([town.weight for town in accent.towns])
    middles = np.array([(town.latitude_deg, town.longitude_deg) for town in accent.towns])
    chosen = generator.choice(len(middles), size=n_speakers, p=weights / weights.sum())
    return np.round(middles[chosen] + generator.uniform(-JITTER_DEG, JITTER_DEG, size=(n_speakers, 2)), 4)
