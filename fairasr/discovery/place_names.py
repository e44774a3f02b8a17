"""Where points lie: names of countries, or of states within the United States; and which borders suit a map of them."""

from __future__ import annotations

import numpy as np

AMERICAN_SHARE = 0.99
"""Points on islets and piers fall outside the coarse coast, so a corpus is American from this share on."""


def place_names(points: np.ndarray) -> np.ndarray:
    """Name for each point (n, 2) [degrees]: the state within the United States, else the country, "" at sea; object array (n,)."""
    from fairasr.geography import area_of, boundaries

    countries, states = boundaries("countries"), boundaries("us_states")
    country_names, state_names = (
        dict(zip(countries.ids, countries.names, strict=True)),
        dict(zip(states.ids, states.names, strict=True)),
    )
    distinct, position = np.unique(points, axis=0, return_inverse=True)
    names = [country_names.get(area, "") for area in area_of(distinct[:, 0], distinct[:, 1], boundaries="countries")]
    in_states = area_of(distinct[:, 0], distinct[:, 1], boundaries="us_states")
    finest = [state_names.get(state, "") or country for state, country in zip(in_states, names, strict=True)]
    return np.array(finest, dtype=object)[position.reshape(-1)]


def fitting_boundaries(points: np.ndarray) -> str:
    """Name of the boundaries to draw points (n, 2) [degrees] on: "us_states" where all are American, else "countries"."""
    from fairasr.geography import area_of

    distinct = np.unique(points, axis=0)
    american = area_of(distinct[:, 0], distinct[:, 1], boundaries="us_states") != ""
    return "us_states" if american.mean() >= AMERICAN_SHARE else "countries"
