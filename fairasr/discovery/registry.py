"""The methods there are. A new one is a file in this folder and a line in METHODS, or an entry point of another package."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from fairasr.core.errors import RuleError
from fairasr.core.registry import Registry
from fairasr.discovery.base import RULE_FORMAT, RULE_VERSION, CohortRule
from fairasr.discovery.frozen import FrozenRule

ENTRY_POINTS = "fairasr.discovery"


@dataclass(frozen=True)
class Method:
    """Where one method lives; imported when used, so that naming the methods loads none of them.

    Attributes:
        module: the file's module.
        discoverer: its settings class.
        rule: its rule class, with `from_json`.
    """

    module: str
    discoverer: str
    rule: str

    def load(self) -> type[Any]:
        """The settings class."""
        loaded: type[Any] = getattr(import_module(self.module), self.discoverer)
        return loaded

    def load_rule(self) -> type[Any]:
        """The rule class."""
        loaded: type[Any] = getattr(import_module(self.module), self.rule)
        return loaded


def _registered() -> dict[str, Method]:
    """Methods of other packages, registered as `name = "module:Discoverer.Rule"`."""
    theirs = {}
    for point in entry_points(group=ENTRY_POINTS):
        module, _, names = point.value.partition(":")
        discoverer, _, rule = names.partition(".")
        theirs[point.name] = Method(module, discoverer, rule)
    return theirs


METHODS: Mapping[str, Method] = Registry(
    {
        "declared": Method("fairasr.discovery.declared", "Declared", "DeclaredRule"),
        "geo-tree": Method("fairasr.discovery.geo_tree", "GeoTree", "GeoRule"),
        "zip-demographics": Method("fairasr.discovery.zip_demographics", "ZipDemographics", "ZipRule"),
        "speaker-kmeans": Method("fairasr.discovery.speaker_kmeans", "SpeakerKMeans", "KMeansRule"),
    },
    theirs=_registered,
)
"""Method name -> where it lives."""


def settings_of(discoverer: Any) -> dict[str, Any]:
    """Settings of a discoverer as plain data: its dataclass fields; of a file its name alone, since results go to others."""
    return {field.name: _plain(getattr(discoverer, field.name)) for field in dataclasses.fields(discoverer) if field.repr}


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(item) for item in value)
    if isinstance(value, Path) or (isinstance(value, str) and Path(value).suffix):
        return Path(value).name
    return value if isinstance(value, (int, float, bool, str, type(None))) else str(value)


def rule_record(rule: CohortRule, *, found_on: Iterable[str]) -> dict[str, Any]:
    """A rule as plain data for its file, with the SHA-256 of the files it was found on."""
    return {**rule.to_json(), "found_on": sorted(found_on)}


def frozen_rule(path: str | Path) -> FrozenRule:
    """A saved rule to be used as it is. Raises as `read_rule`."""
    rule = read_rule(path)
    found_on = json.loads(Path(path).read_text(encoding="utf-8")).get("found_on", [])
    if not isinstance(found_on, list):
        raise RuleError(
            f"'{path}' is a broken rule: 'found_on' is {found_on!r}, not a list of SHA-256. Discover the cohorts again."
        )
    return FrozenRule(rule=rule, found_on=tuple(str(digest) for digest in found_on))


def read_rule(source: str | Path | Mapping[str, Any]) -> CohortRule:
    """A saved rule, from its JSON file or the data in it.

    Raises:
        RuleError: the file is no rule, or a rule of another version or of a method that is not there.
    """
    if isinstance(source, Mapping):
        data, where = source, "this rule"
    else:
        where = f"'{source}'"
        try:
            data = json.loads(Path(source).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RuleError(
                f"{where} cannot be read as a rule: {error}. Give a JSON file from the rules/ folder of an audit."
            ) from error
    if not isinstance(data, Mapping) or data.get("format") != RULE_FORMAT:
        raise RuleError(
            f"{where} is not a rule: it has no 'format' {RULE_FORMAT!r}. Give a JSON file from the rules/ folder of an audit."
        )
    if data.get("format_version") != RULE_VERSION:
        raise RuleError(
            f"{where} has format version {data.get('format_version')!r}; this fairasr reads version "
            f"{RULE_VERSION}. Discover the cohorts again."
        )
    name = str(data.get("method"))
    if name not in METHODS:
        raise RuleError(f"{where} was made by method {name!r}, which is not installed; there are {', '.join(METHODS)}.")
    rule: CohortRule = METHODS[name].load_rule().from_json(data)
    return rule
