"""Longitudes without a seam: where to cut the map open so that no place is split in two."""

from __future__ import annotations

import numpy as np


def unroll(longitude_deg: np.ndarray, origin_deg: float) -> np.ndarray:
    """Longitudes in [origin, origin + 360), so that places on both sides of the antimeridian stay together."""
    shifted = np.mod(longitude_deg - origin_deg, 360.0)
    return np.where(shifted >= 360.0, 0.0, shifted) + origin_deg


def longitude_origin(longitude_deg: np.ndarray) -> float:
    """Where to cut the map open: -180 if the widest empty stretch of meridians holds it, else that stretch's middle [degrees]."""
    sorted_longitudes = np.unique(np.mod(longitude_deg + 180.0, 360.0)) - 180.0
    following = np.r_[sorted_longitudes[1:], sorted_longitudes[0] + 360.0]
    widest = int(np.argmax(following - sorted_longitudes))
    if widest == len(sorted_longitudes) - 1:
        return -180.0
    return float(np.floor((sorted_longitudes[widest] + following[widest]) / 2))
