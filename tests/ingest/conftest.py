"""A small table that breaks no rule, to break one rule at a time."""

from __future__ import annotations

import pandas as pd
import pytest


@pytest.fixture
def good() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "utterance_id": ["u0", "u1", "u2", "u3"],
            "speaker_id": ["ann", "ann", "ben", "cem"],
            "reference": ["good morning", "", "it rains", "yes"],
            "hypothesis": ["good morning", "", "it rain", "yes"],
            "accent": ["north", "north", "south", "south"],
            "latitude_deg": ["48.1", "48.1", "52.5", "50.9"],
            "longitude_deg": ["11.6", "11.6", "13.4", "6.9"],
            "zip_code": ["00501", "00501", "10001", "94110"],
            "duration_s": ["1.5", "0.8", "2.0", "0.5"],
        }
    )


@pytest.fixture(autouse=True)
def land_north_of_the_equator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planet whose land is longitudes 0..40 and latitudes 0..90, and its sea 1,000 km off; `real_land` asks for the Earth."""
    if "real_land" in request.fixturenames:
        return
    import numpy as np

    import fairasr.geography

    def distance_to_land_km(latitude_deg: np.ndarray, longitude_deg: np.ndarray) -> np.ndarray:
        on_land = (latitude_deg >= 0) & (longitude_deg >= 0) & (longitude_deg <= 40)
        return np.where(on_land, 0.0, 1000.0)

    monkeypatch.setattr(fairasr.geography, "distance_to_land_km", distance_to_land_km)


@pytest.fixture
def real_land() -> None:
    """Ask for the bundled coastline."""
