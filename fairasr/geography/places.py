"""Distinct places and positions on the sphere: what makes questions about 100,000 points cheap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

EARTH_RADIUS_KM = 6371.0088
"""Mean radius (IUGG 2015)."""

PLACE_DECIMALS = 2
"""Points are told apart to 0.01 degree, 1.1 km: the precision of the borders."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """Distinct rounded places behind many points.

    Attributes:
        longitude_deg, latitude_deg: of each place, (n_places,); longitude within -180..180.
        position: place of each point, int array (n_points,); -1 where a coordinate is missing.
    """

    longitude_deg: np.ndarray
    latitude_deg: np.ndarray
    position: np.ndarray


def distinct_places(latitude_deg: np.ndarray, longitude_deg: np.ndarray) -> Places:
    """The places of points in degrees, arrays (n_points,); NaN is a missing coordinate, any longitude is wrapped to -180..180."""
    latitude = np.asarray(latitude_deg, dtype=float)
    longitude = np.asarray(longitude_deg, dtype=float)
    known = np.isfinite(latitude) & np.isfinite(longitude)
    scale = 10**PLACE_DECIMALS
    north = np.round(latitude[known] * scale).astype(np.int64)
    east = (np.round(longitude[known] * scale).astype(np.int64) + 180 * scale) % (360 * scale) - 180 * scale
    codes, inverse = np.unique(north * (1000 * scale) + (east + 180 * scale), return_inverse=True)
    position = np.full(latitude.shape, -1, dtype=np.int64)
    position[known] = inverse
    return Places(
        longitude_deg=(codes % (1000 * scale) - 180 * scale) / scale,
        latitude_deg=codes // (1000 * scale) / scale,
        position=position,
    )


def unit_vectors(longitude_deg: np.ndarray, latitude_deg: np.ndarray) -> np.ndarray:
    """Points on the unit sphere: float array (n_points, 3)."""
    longitude, latitude = np.radians(longitude_deg), np.radians(latitude_deg)
    return np.column_stack([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)])


def chord_to_km(chord: np.ndarray) -> np.ndarray:
    """Great-circle distance in km between points whose unit vectors lie `chord` apart."""
    distance: np.ndarray = 2 * EARTH_RADIUS_KM * np.arcsin(np.clip(chord / 2, 0, 1))
    return distance
