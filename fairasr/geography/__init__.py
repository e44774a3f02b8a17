"""Where places are: bundled boundaries, distance to land, areas, boxes clipped to land, map projections."""

from fairasr.geography.boxes import clip_to_land, split_box
from fairasr.geography.coast import area_of, distance_to_land_km
from fairasr.geography.layers import Boundaries, boundaries

__all__ = ["Boundaries", "area_of", "boundaries", "clip_to_land", "distance_to_land_km", "split_box"]
