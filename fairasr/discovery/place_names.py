"""Where points lie: names of countries, or of states within the United States; which borders suit a map; where groups are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fairasr.core import UNKNOWN
from fairasr.core.privacy import FEWEST_SPEAKERS

AMERICAN_SHARE = 0.99
"""Points on islets and piers fall outside the coarse coast, so a corpus is American from this share on."""

LEAST_SHARE = 0.2
"""Of the spread of speakers' places that must lie between groups, adjusted for how many there are; by gender it is about 0."""


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


def layer_of_labels(labels: pd.Series, points: np.ndarray, *, column: str) -> Mapping[str, Any] | None:
    """The map layer of groups by their labels (see `DisparityReport.map`); None where they are no areas and nobody has a place.

    Labels that name countries, states or cantons are those areas. Others are bubbles at the mean place of their speakers on the
    sphere, to a degree, for groups of at least 10 speakers with coordinates: it tells nobody's place. Groups that are everywhere
    alike (of gender) have no place worth a map.

    Args:
        labels: of every speaker, UNKNOWN where there is none.
        points: latitude and longitude of every speaker, (n_speakers, 2) [degrees], NaN where unknown.
        column: name of the column that the labels are from.
    """
    from fairasr.geography import areas_named

    given = labels.to_numpy()
    boundaries = areas_named(sorted(set(given) - {UNKNOWN}), column=column)
    if boundaries is not None:
        return {"kind": "areas", "boundaries": boundaries, "areas": "cohorts"}
    placed = np.isfinite(points).all(axis=1) & (given != UNKNOWN)
    names, group, sizes = np.unique(given[placed].astype(str), return_inverse=True, return_counts=True)
    is_large = sizes >= FEWEST_SPEAKERS
    kept = is_large[group]
    vectors = _unit_vectors(points[placed][kept])
    means = {str(name): vectors[group[kept] == code].mean(axis=0) for code, name in enumerate(names) if is_large[code]}
    if not _is_about_places(vectors, np.array([means[name] for name in names[group[kept]]]), n_groups=len(means)):
        return None
    centres = np.array([_degrees(mean) for mean in means.values()])
    rounded = {name: [float(round(north)), float(round(east))] for name, (north, east) in zip(means, centres, strict=True)}
    return {"kind": "points", "points": rounded, "boundaries": fitting_boundaries(centres)}


def _is_about_places(vectors: np.ndarray, means: np.ndarray, *, n_groups: int) -> bool:
    """Whether groups differ in where they are: their means take up `LEAST_SHARE` of the spread, beyond what chance would.

    Args:
        vectors: place of each speaker on the unit sphere, (n_speakers, 3).
        means: mean of each speaker's group, (n_speakers, 3).
        n_groups: how many groups there are.
    """
    n = len(vectors)
    if n_groups < 2 or n <= n_groups:
        return False
    within, total = ((vectors - means) ** 2).sum(), ((vectors - vectors.mean(axis=0)) ** 2).sum()
    return bool(total > 0 and 1 - (within / (n - n_groups)) / (total / (n - 1)) >= LEAST_SHARE)


def _unit_vectors(points: np.ndarray) -> np.ndarray:
    """Latitude and longitude (n, 2) [degrees] on the unit sphere (n, 3), where both sides of the antimeridian average well."""
    latitude, longitude = np.radians(points).T
    return np.column_stack([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)])


def _degrees(vector: np.ndarray) -> tuple[float, float]:
    """Latitude and longitude of a direction (3,)."""
    x, y, z = vector.tolist()
    return float(np.degrees(np.arctan2(z, np.hypot(x, y)))), float(np.degrees(np.arctan2(y, x)))
