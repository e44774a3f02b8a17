"""Which discoveries to run on a manifest when nobody says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fairasr.core import Manifest
from fairasr.core.errors import DiscoveryError
from fairasr.discovery import METHODS, Discoverer

MOST_COLUMNS = 8
"""Declared columns audited unasked: more would mostly spend the correction for looking often."""


def named_methods(
    names: Sequence[str], *, settings: dict[str, dict[str, object]] | None = None, census: str | Path | None = None
) -> list[Discoverer]:
    """Discoverers for method names: "geo-tree", "declared:accent", "declared:accent*gender".

    Raises:
        DiscoveryError: a name is not in METHODS, or a setting is not the method's.
    """
    chosen: list[Discoverer] = []
    for name in names:
        base, _, columns = name.partition(":")
        if base not in METHODS:
            raise DiscoveryError(f"there is no discovery method {base!r}; there are {', '.join(METHODS)}.")
        options: dict[str, object] = dict((settings or {}).get(base, {}))
        if base == "declared":
            if not columns:
                raise DiscoveryError("'declared' needs a column: declared:accent, or declared:accent*gender for two crossed.")
            options["columns"] = tuple(columns.split("*"))
        elif base == "zip-demographics":
            if census is None:
                raise DiscoveryError("zip-demographics needs a census table: pass census= (on the command line --census) with its TOML card.")
            options["census"] = census
        try:
            chosen.append(METHODS[base].load()(**options))
        except TypeError as error:
            raise DiscoveryError(f"{base} does not take these settings: {error}. See `fairasr methods`.") from error
    return chosen


def fitting_methods(manifest: Manifest, *, census: str | Path | None, groups: Sequence[str], min_speakers: int) -> list[str]:
    """Names of the methods the manifest's columns allow, in the order of the report."""
    names = []
    if {"latitude_deg", "longitude_deg"} <= set(manifest.table.columns):
        names.append("geo-tree")
    if "zip_code" in manifest.table and census is not None:
        names.append("zip-demographics")
    if manifest.embeddings is not None:
        names.append("speaker-kmeans")
    return names + [f"declared:{column}" for column in (groups or groupable(manifest, min_speakers=min_speakers))]


def groupable(manifest: Manifest, *, min_speakers: int) -> list[str]:
    """Attribute columns of which at least two values are kept by `min_speakers` speakers each, at most MOST_COLUMNS."""
    columns = []
    for column in manifest.attributes:
        values, _ = manifest.values_by_speaker(column)
        sizes = values.dropna().astype(str).value_counts()
        if (sizes >= min_speakers).sum() >= 2 and len(sizes) <= 0.5 * len(values):
            columns.append(column)
    return columns[:MOST_COLUMNS]
