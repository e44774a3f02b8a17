"""Map projections: degrees to a plane whose unit is the Earth's radius, y to the north."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Projection = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""longitude_deg, latitude_deg (n,) -> x, y (n,)."""


def equirectangular(*, central_longitude_deg: float, standard_latitude_deg: float) -> Projection:
    """Plate carree true to scale at one latitude (Snyder 1987, eq. 12-1, 12-2): plain, and good for one country or continent."""
    stretch = np.cos(np.radians(standard_latitude_deg))

    def project(longitude_deg: np.ndarray, latitude_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.radians(longitude_deg - central_longitude_deg) * stretch, np.radians(latitude_deg)

    return project


def equal_earth(*, central_longitude_deg: float) -> Projection:
    """Equal-area map of the world (Savric, Patterson and Jenny 2018, eq. 9, 10)."""
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    root = np.sqrt(3)

    def project(longitude_deg: np.ndarray, latitude_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        theta = np.arcsin(root / 2 * np.sin(np.radians(latitude_deg)))
        slope = 9 * a4 * theta**8 + 7 * a3 * theta**6 + 3 * a2 * theta**2 + a1
        x = 2 * root * np.radians(longitude_deg - central_longitude_deg) * np.cos(theta) / (3 * slope)
        y = a4 * theta**9 + a3 * theta**7 + a2 * theta**3 + a1 * theta
        return x, y

    return project


def albers(*, central_longitude_deg: float, origin_latitude_deg: float, parallels_deg: tuple[float, float]) -> Projection:
    """Equal-area conic on the sphere (Snyder 1987, eq. 14-1 to 14-6)."""
    phi0, phi1, phi2 = np.radians([origin_latitude_deg, *parallels_deg])
    n = (np.sin(phi1) + np.sin(phi2)) / 2
    c = np.cos(phi1) ** 2 + 2 * n * np.sin(phi1)
    rho0 = np.sqrt(c - 2 * n * np.sin(phi0)) / n

    def project(longitude_deg: np.ndarray, latitude_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rho = np.sqrt(np.maximum(c - 2 * n * np.sin(np.radians(latitude_deg)), 0)) / n
        theta = n * np.radians(longitude_deg - central_longitude_deg)
        return rho * np.sin(theta), rho0 - rho * np.cos(theta)

    return project


@dataclass(frozen=True, kw_only=True)
class Inset:
    """A part of the US that is drawn elsewhere.

    Attributes:
        south, west, north, east: the box in degrees whose land is moved; longitudes are first shifted to -360..0.
        projection: of the part, its centre at the origin.
        scale: size relative to the main map.
        x, y: where the centre goes, in Earth radii on the main map.
    """

    south: float
    west: float
    north: float
    east: float
    projection: Projection
    scale: float
    x: float
    y: float


def _flat(longitude_deg: float, latitude_deg: float) -> Projection:
    plane = equirectangular(central_longitude_deg=longitude_deg, standard_latitude_deg=latitude_deg)

    def project(longitude: np.ndarray, latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = plane(longitude, latitude)
        return x, y - np.radians(latitude_deg)

    return project


INSETS = {
    "02": Inset(
        south=50,
        west=-195,
        north=72,
        east=-129,
        projection=albers(central_longitude_deg=-154, origin_latitude_deg=62, parallels_deg=(55, 65)),
        scale=0.37,
        x=-0.30,
        y=-0.195,
    ),
    "15": Inset(south=18, west=-179, north=29, east=-154, projection=_flat(-157.5, 20.5), scale=1.0, x=-0.165, y=-0.222),
    "72": Inset(south=17.5, west=-68, north=19, east=-65.2, projection=_flat(-66.4, 18.2), scale=1.4, x=0.215, y=-0.245),
    "78": Inset(south=17.5, west=-65.2, north=19, east=-64, projection=_flat(-64.8, 18.1), scale=1.8, x=0.285, y=-0.245),
    "66": Inset(south=13, west=-215.6, north=13.8, east=-214.5, projection=_flat(-215.2, 13.45), scale=1.8, x=0.335, y=-0.245),
    "69": Inset(south=13.9, west=-216, north=21, east=-213, projection=_flat(-214.3, 15.1), scale=0.8, x=0.375, y=-0.245),
    "60": Inset(south=-15, west=-172, north=-10, east=-168, projection=_flat(-170.7, -14.3), scale=1.0, x=0.415, y=-0.245),
}
"""State or territory (FIPS) -> where it is drawn. Scales differ: the map is for finding states, not for comparing their sizes."""


def albers_usa() -> Projection:
    """The lower 48 states by Albers' conic (parallels 29.5 and 45.5 north, as the US Geological Survey's), the others as insets."""
    main = albers(central_longitude_deg=-96, origin_latitude_deg=37.5, parallels_deg=(29.5, 45.5))

    def project(longitude_deg: np.ndarray, latitude_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        longitude = np.where(longitude_deg > 0, longitude_deg - 360, longitude_deg)
        x, y = main(longitude, latitude_deg)
        for inset in INSETS.values():
            inside = (
                (latitude_deg >= inset.south)
                & (latitude_deg <= inset.north)
                & (longitude >= inset.west)
                & (longitude <= inset.east)
            )
            if inside.any():
                moved_x, moved_y = inset.projection(longitude[inside], latitude_deg[inside])
                x[inside], y[inside] = inset.x + inset.scale * moved_x, inset.y + inset.scale * moved_y
        return x, y

    return project
