"""Real places: cities of the United States with a few of their zip codes, written by hand from common knowledge."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

JITTER_DEG = 0.02
"""Speakers live up to this far from the point of their city: about 2 km, so that they stay on land and in the state."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """A half-open box of latitude and longitude [degrees]; no box crosses the antimeridian.

    Attributes:
        south, north: latitudes, south included.
        west, east: longitudes, west included.
        description: the place in words.
    """

    south: float
    west: float
    north: float
    east: float
    description: str

    def covers(self, *, latitude_deg: np.ndarray, longitude_deg: np.ndarray) -> np.ndarray:
        """Whether each point is inside: bool array, False where a coordinate is NaN."""
        inside: np.ndarray = (
            (latitude_deg >= self.south) & (latitude_deg < self.north) & (longitude_deg >= self.west) & (longitude_deg < self.east)
        )
        return inside


SOUTH = Box(south=30.0, west=-91.0, north=38.5, east=-80.5, description="Appalachia and the Deep South")
"""Where worlds plant their regional gap."""


@cache
def places() -> pd.DataFrame:
    """The cities: city, state (two letters), latitude_deg, longitude_deg, weight (relative number of speakers), zip_codes."""
    with files("fairasr.testing").joinpath("places.csv").open(encoding="utf-8") as stream:
        table = pd.read_csv(stream, dtype={"zip_codes": str})
    return table.assign(zip_codes=table["zip_codes"].str.split(" "))


@cache
def homes() -> pd.DataFrame:
    """One row per zip code: zip_code, the columns of its city, and weight = the city's weight shared equally by its codes."""
    table = places()
    weight = table["weight"] / table["zip_codes"].str.len()
    return table.assign(weight=weight).explode("zip_codes", ignore_index=True).rename(columns={"zip_codes": "zip_code"})


def draw_homes(generator: np.random.Generator, *, n_speakers: int, allowed: np.ndarray | None = None) -> np.ndarray:
    """Rows of `homes()` in which `n_speakers` live, by weight: int array (n_speakers,). `allowed`: bool array over the rows."""
    weights = homes()["weight"].to_numpy(dtype=float)
    if allowed is not None:
        weights = np.where(allowed, weights, 0.0)
    return generator.choice(len(weights), size=n_speakers, p=weights / weights.sum())


def draw_points(generator: np.random.Generator, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes and longitudes [degrees, 4 decimals] of speakers who live in `rows` of `homes()`: float arrays (n_speakers,)."""
    table = homes()
    jitter = generator.uniform(-JITTER_DEG, JITTER_DEG, size=(2, len(rows)))
    latitude = table["latitude_deg"].to_numpy()[rows] + jitter[0]
    longitude = table["longitude_deg"].to_numpy()[rows] + jitter[1]
    return np.round(latitude, 4), np.round(longitude, 4)
