"""Where places are: bundled boundaries, distance to land, areas and their names, boxes clipped to land, map projections."""

from fairasr.geography.area_names import area_ids, areas_named
from fairasr.geography.boxes import clip_to_land, split_box
from fairasr.geography.coast import area_of, distance_to_land_km
from fairasr.geography.layers import Boundaries, boundaries

__all__ = ["Boundaries", "area_ids", "area_of", "areas_named", "boundaries", "clip_to_land", "distance_to_land_km", "split_box"]
