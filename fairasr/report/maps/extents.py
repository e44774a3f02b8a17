"""Which part of the world a map of boxes shows. The boxes alone say so: speakers' places are private and never reach a report."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from fairasr.geography.boxes import finite_box

Box = Sequence[float | None]
"""[south, west, north, east] in degrees; None is open."""

WORLD_SOUTH_DEG, WORLD_NORTH_DEG = -57.0, 84.0
"""The inhabited world, without Antarctica."""

OPEN_MARGIN = 0.6
"""Beyond the outermost cut of open boxes, the map shows this share of the distance between the outermost cuts ..."""

OPEN_MARGIN_LEAST_DEG = 6.0
"""... and at least this."""

MARGIN = 0.04
MARGIN_LEAST_DEG = 0.7
"""Around boxes that end where their speakers end."""

WIDEST, TALLEST = 2.3, 1.2
"""Width / height of the map stays within these; it shows more land rather than a strip."""


@dataclass(frozen=True, kw_only=True)
class Extent:
    """A box of degrees; `east` - `west` is at most 360, and longitudes may run past 180 or below -180."""

    south: float
    west: float
    north: float
    east: float

    @property
    def central_longitude_deg(self) -> float:
        """Half-way between west and east."""
        return (self.west + self.east) / 2

    @property
    def central_latitude_deg(self) -> float:
        """Half-way between south and north."""
        return (self.south + self.north) / 2

    @property
    def width_deg(self) -> float:
        """Degrees of longitude."""
        return self.east - self.west

    def is_within(self, other: Extent) -> bool:
        """Whether all of it lies in `other`."""
        return self.south >= other.south and self.west >= other.west and self.north <= other.north and self.east <= other.east


LOWER_48 = Extent(south=22.0, west=-128.0, north=51.5, east=-64.0)
"""The lower 48 states with the margin that regions are drawn with."""


def extent_of(boxes: Collection[Box]) -> Extent:
    """The extent of all boxes; an open side (None, a pole, or after a whole turn) ends a margin beyond the outermost cut."""
    finite = np.array([box for box in (finite_box(*box) for box in boxes) if box is not None])
    if not len(finite):
        return Extent(south=WORLD_SOUTH_DEG, west=-180.0, north=WORLD_NORTH_DEG, east=180.0)
    south, north = _ends(finite[:, 0], finite[:, 2], open_low=finite[:, 0].min() <= -89, open_high=finite[:, 2].max() >= 89)
    is_turn = finite[:, 3].max() - finite[:, 1].min() >= 359
    west, east = _ends(finite[:, 1], finite[:, 3], open_low=is_turn, open_high=is_turn)
    if east - west >= 300:
        middle = 0.0 if is_turn else (west + east) / 2
        west, east = middle - 180, middle + 180
    return Extent(south=max(south, -90), west=west, north=min(north, 90), east=east)


def _ends(lows: np.ndarray, highs: np.ndarray, *, open_low: bool, open_high: bool) -> tuple[float, float]:
    """First and last value shown: the outermost edges, or a margin beyond the outermost cuts where a side is open."""
    low, high = float(lows.min()), float(highs.max())
    cuts = [*(lows[lows > low] if open_low else lows), *(highs[highs < high] if open_high else highs)]
    if not cuts or not (open_low or open_high):
        return low, high
    margin = max(OPEN_MARGIN * (max(cuts) - min(cuts)), OPEN_MARGIN_LEAST_DEG)
    return (
        max(low, float(min(cuts)) - margin) if open_low else low,
        min(high, float(max(cuts)) + margin) if open_high else high,
    )


def framed(extent: Extent) -> Extent:
    """The extent with a margin, widened or heightened until the map is neither a strip nor a tower."""
    if extent.width_deg >= 300:
        return Extent(
            south=min(WORLD_SOUTH_DEG, max(extent.south, -80.0)) if extent.south < -66 else WORLD_SOUTH_DEG,
            west=extent.west,
            north=WORLD_NORTH_DEG,
            east=extent.east,
        )
    height = extent.north - extent.south
    vertical, horizontal = (max(MARGIN * size, MARGIN_LEAST_DEG) for size in (height, extent.width_deg))
    height, width = height + 2 * vertical, extent.width_deg + 2 * horizontal
    stretch = max(np.cos(np.radians(extent.central_latitude_deg)), 0.2)
    width = min(max(width, TALLEST * height / stretch), 360.0)
    height = max(height, width * stretch / WIDEST)
    south = max(extent.central_latitude_deg - height / 2, -90.0)
    return Extent(
        south=south,
        west=extent.central_longitude_deg - width / 2,
        north=min(max(extent.central_latitude_deg + height / 2, south + height), 90.0),
        east=extent.central_longitude_deg + width / 2,
    )
