"""Rules of latitude_deg and longitude_deg: in range, in pairs, on land, not swapped, not the empty point 0, 0."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairasr.ingest.breach import Breach
from fairasr.ingest.numbers import not_numbers, numbers_in

POINT = ("latitude_deg", "longitude_deg")
FARTHEST_FROM_LAND_KM = 50.0
"""Coastlines are simplified and small islands are left out, so a point may lie this far out and still be somebody's home."""
LEAVE_OUT = "Correct them, or leave both cells empty."


def coordinate_problems(table: pd.DataFrame) -> list[str]:
    """A sentence if there is one coordinate column without the other."""
    present = [name for name in POINT if name in table]
    if len(present) != 1:
        return []
    absent = next(name for name in POINT if name not in table)
    return [f"column '{absent}' is missing although '{present[0]}' is there: a point needs both. Map both, or neither."]


def coordinate_breaches(table: pd.DataFrame, *, on_land: bool = True) -> list[Breach]:
    """Rows whose point is given and cannot be a speaker's. Missing and NaN coordinates are fine: the place is unknown.

    With `on_land` False points may lie at sea, as the centroid of an archipelago may. A row is counted under the first rule it
    breaks, in the order: not numbers, not finite, out of range, one without the other, the point 0, 0, in the sea.
    """
    if not all(name in table for name in POINT):
        return []
    latitude, longitude = (numbers_in(table[name]) for name in POINT)
    left = np.ones(len(table), dtype=bool)
    breaches = []

    def add(column: str, wording: str, rows: np.ndarray, remedy: str = LEAVE_OUT) -> None:
        nonlocal left
        breaches.append(Breach(column=column, wording=wording, rows=rows & left, remedy=remedy, blanks=POINT))
        left = left & ~rows

    for name in POINT:
        add(name, "are not numbers [degrees]", not_numbers(table[name]), "Write decimal degrees with a point, such as -1.2921.")
    for name, values in zip(POINT, (latitude, longitude), strict=True):
        add(name, "are infinite", np.isinf(values))
    too_far_north = np.abs(latitude) > 90
    swapped = too_far_north & (np.abs(latitude) <= 180) & (np.abs(longitude) <= 90) & left
    add("latitude_deg", "are not a number in -90..90 [degrees north]", too_far_north, _if_swapped(swapped))
    add("longitude_deg", "are not a number in -180..180 [degrees east]", np.abs(longitude) > 180)
    add("longitude_deg", "have a latitude and no longitude", np.isnan(longitude) & ~np.isnan(latitude))
    add("latitude_deg", "have a longitude and no latitude", np.isnan(latitude) & ~np.isnan(longitude))
    add(
        "latitude_deg",
        "lie at 0, 0 in the Gulf of Guinea",
        (latitude == 0) & (longitude == 0),
        "Most likely an unknown place written as zeros: leave both cells empty.",
    )
    if not on_land:
        return breaches
    wet, wet_as_given = _in_the_sea(latitude, longitude, left)
    add("latitude_deg", f"lie in the sea, more than {FARTHEST_FROM_LAND_KM:.0f} km from land", wet, _if_swapped(wet_as_given))
    return breaches


def _if_swapped(swapped: np.ndarray) -> str:
    if not swapped.any():
        return LEAVE_OUT
    return (
        f"Latitude and longitude look swapped: the other way round {swapped.sum():,} of these points fit. "
        f"Map the columns the other way round."
    )


def _in_the_sea(latitude: np.ndarray, longitude: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows far from land, and those of them that would be on land with the coordinates swapped: bool arrays (n_rows,)."""
    from fairasr.geography import distance_to_land_km

    wet, swapped = (np.zeros(len(latitude), dtype=bool) for _ in range(2))
    rows = np.flatnonzero(left & np.isfinite(latitude) & np.isfinite(longitude))
    if not len(rows):
        return wet, swapped
    # One complex number a point: its unique values sort many times faster than rows of two columns.
    points, of_row = np.unique(latitude[rows] + 1j * longitude[rows], return_inverse=True)
    far = distance_to_land_km(points.real, points.imag) > FARTHEST_FROM_LAND_KM
    candidates = np.flatnonzero(far & (np.abs(points.imag) <= 90))
    fits = np.zeros(len(points), dtype=bool)
    if len(candidates):
        fits[candidates] = distance_to_land_km(points.imag[candidates], points.real[candidates]) <= FARTHEST_FROM_LAND_KM
    wet[rows], swapped[rows] = far[of_row], fits[of_row]
    return wet, swapped
