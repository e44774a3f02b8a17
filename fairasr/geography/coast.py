"""Points and areas: which polygon a place lies in, and how far the nearest one is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import shapely

from fairasr.geography.layers import boundaries
from fairasr.geography.places import Places, chord_to_km, distinct_places, unit_vectors

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

BORDER_SPACING_DEG = 0.1
"""Borders are sampled every 0.1 degree (11 km): 50 km from the coast, the nearest sample is at most 0.3 km too far."""

COAST_TOLERANCE_KM = 10.0
"""A place this near an area, and on no other land, belongs to it: harbours and small islands that the thinned coast leaves out."""


UNITED_STATES = frozenset({"840", "016", "316", "580", "630", "850"})
"""ISO 3166-1 numeric codes of the US and of the territories among the bundled states."""


@dataclass(frozen=True)
class _Border:
    """Samples of all borders of a layer: a tree of unit vectors, and the position of the area each sample belongs to."""

    tree: cKDTree
    area: np.ndarray


@cache
def _border(name: str) -> _Border:
    from scipy.spatial import cKDTree  # a third of a second that a map need not wait for

    layer = boundaries(name)
    dense = shapely.segmentize(layer.geometries, BORDER_SPACING_DEG)
    points, area = shapely.get_coordinates(dense, return_index=True)
    return _Border(cKDTree(unit_vectors(points[:, 0], points[:, 1])), area)


def _area_positions(places: Places, name: str) -> np.ndarray:
    """Position in the layer's areas of each place, -1 outside all: int array (n_places,)."""
    polygons, owner = boundaries(name).parts
    found = np.full(len(places.longitude_deg), -1, dtype=np.int64)
    if not len(found):
        return found
    tree = shapely.STRtree(shapely.points(places.longitude_deg, places.latitude_deg))
    polygon, place = tree.query(polygons, predicate="intersects")
    found[place[::-1]] = owner[polygon[::-1]]
    return found


def distance_to_land_km(latitude_deg: np.ndarray, longitude_deg: np.ndarray) -> np.ndarray:
    """Distance of each point to the nearest land [km]: float array (n_points,); 0 on land, NaN for a missing coordinate.

    Land is Natural Earth 1:50,000,000, thinned by up to 0.05 degree, and points are rounded to 0.01 degree: distances are right to
    about 7 km, islands under about 5 km may be missing, and lakes are land. Any longitude is wrapped to -180..180.
    """
    places = distinct_places(latitude_deg, longitude_deg)
    distance = np.zeros(len(places.longitude_deg) + 1)
    distance[-1] = np.nan
    at_sea = np.flatnonzero(_area_positions(places, "countries") < 0)
    if len(at_sea):
        chord, _ = _border("countries").tree.query(unit_vectors(places.longitude_deg[at_sea], places.latitude_deg[at_sea]))
        distance[at_sea] = chord_to_km(chord)
    return np.asarray(distance[places.position])


def area_of(latitude_deg: np.ndarray, longitude_deg: np.ndarray, *, boundaries: str) -> np.ndarray:
    """Identifier of the area each point lies in: object array of str (n_points,); "" outside all and for a missing coordinate.

    Points are rounded to 0.01 degree. A point in the sea within 10 km of an area belongs to the nearest one, a point abroad does
    not: the generalised coast leaves out harbours and small islands.

    Args:
        latitude_deg: degrees north, (n_points,).
        longitude_deg: degrees east, (n_points,).
        boundaries: name of a bundled layer.
    """
    places = distinct_places(latitude_deg, longitude_deg)
    found = _area_positions(places, boundaries)
    outside = np.flatnonzero(found < 0)
    if boundaries != "countries" and len(outside):
        abroad = _area_positions(places, "countries")[outside] >= 0
        outside = outside[~(abroad & ~_in_united_states(places, outside))]
    if len(outside):
        border = _border(boundaries)
        chord, sample = border.tree.query(unit_vectors(places.longitude_deg[outside], places.latitude_deg[outside]))
        near = chord_to_km(chord) <= COAST_TOLERANCE_KM
        found[outside[near]] = border.area[sample[near]]
    identifiers = np.array([*_ids(boundaries), ""], dtype=object)
    return np.asarray(identifiers[np.append(found, -1)[places.position]])


def _in_united_states(places: Places, which: np.ndarray) -> np.ndarray:
    ids = np.array([*_ids("countries"), ""], dtype=object)
    return np.isin(ids[_area_positions(places, "countries")[which]].astype(str), list(UNITED_STATES))


def _ids(name: str) -> tuple[str, ...]:
    return boundaries(name).ids
