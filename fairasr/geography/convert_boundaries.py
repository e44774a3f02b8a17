"""Rebuild the bundled boundaries from the npm packages world-atlas and us-atlas. See boundaries/README.md for the command."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairasr.geography.topojson import Feature, read_features

FOLDER = Path(__file__).parent / "boundaries"


@dataclass(frozen=True, kw_only=True)
class Source:
    """One object of one npm package and how far it is thinned.

    Attributes:
        package: npm name; also the ending of the licence file.
        file: TopoJSON file in the package.
        object: name of the object in it.
        output: GeoJSON file written.
        tolerance_deg: how far a thinned border may lie from the source's.
        decimals: of the coordinates.
    """

    package: str
    file: str
    object: str
    output: str
    tolerance_deg: float
    decimals: int


SOURCES = (
    Source(
        package="world-atlas",
        file="countries-50m.json",
        object="countries",
        output="countries.geojson",
        tolerance_deg=0.05,
        decimals=2,
    ),
    Source(
        package="us-atlas", file="states-10m.json", object="states", output="us_states.geojson", tolerance_deg=0.012, decimals=2
    ),
)
"""0.05 degree is 5.6 km: under the 10 km that "is this point in the sea" needs, and a third of a pixel on a world map."""


def feature_line(feature: Feature) -> str:
    """One GeoJSON feature as one line of JSON."""
    polygons = [[[list(point) for point in ring.coords] for ring in (p.exterior, *p.interiors)] for p in feature.geometry.geoms]
    plain: dict[str, Any] = {
        "type": "Feature",
        "id": feature.id,
        "properties": {"name": feature.name},
        "geometry": {"type": "MultiPolygon", "coordinates": polygons},
    }
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def convert(source: Source, package_folder: Path) -> Path:
    """Write the GeoJSON of `source` and the package's licence text; the path of the GeoJSON."""
    topology = json.loads((package_folder / source.file).read_text(encoding="utf-8"))
    features = read_features(topology, source.object, tolerance_deg=source.tolerance_deg, decimals=source.decimals)
    lines = ",\n".join(feature_line(feature) for feature in features)
    output = FOLDER / source.output
    output.write_text(f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', encoding="utf-8")
    shutil.copyfile(package_folder / "LICENSE", FOLDER / f"LICENSE-{source.package}")
    return output


def main(arguments: Sequence[str]) -> int:
    """Convert every source from the unpacked packages named on the command line: world-atlas first, us-atlas second."""
    if len(arguments) != len(SOURCES):
        print("usage: python -m fairasr.geography.convert_boundaries WORLD_ATLAS_FOLDER US_ATLAS_FOLDER", file=sys.stderr)
        return 2
    for source, folder in zip(SOURCES, arguments, strict=True):
        output = convert(source, Path(folder))
        print(f"{output.name}: {output.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
