"""The registry: names load what they say, rules are read back, and what is no rule is refused."""

from __future__ import annotations

import dataclasses
import json
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from fairasr.core.errors import RuleError
from fairasr.discovery import METHODS, Discoverer, read_rule, settings_of
from fairasr.discovery.base import RULE_FORMAT, RULE_VERSION
from fairasr.discovery.declared import Declared, DeclaredRule
from fairasr.discovery.geo_tree import GeoTree
from fairasr.discovery.zip_demographics import ZipDemographics
from fairasr.testing import write_census
from fairasr.testing.census import made_up_census

RULE = {"format": RULE_FORMAT, "format_version": RULE_VERSION, "method": "declared", "columns": ["accent"]}


def test_every_method_loads_a_frozen_dataclass_of_settings_and_a_rule_that_reads_back() -> None:
    assert len(METHODS) >= 4
    for method in METHODS.values():
        settings = method.load()
        assert dataclasses.is_dataclass(settings)
        assert settings.__dataclass_params__.frozen  # type: ignore[attr-defined]
        assert settings.__doc__
        assert all(hasattr(settings, name) for name in ("search", "obstacle", "method"))
        assert callable(method.load_rule().from_json)


def test_a_rule_is_read_from_its_file_and_from_its_data(tmp_path: Path) -> None:
    path = tmp_path / "declared-accent.json"
    path.write_text(json.dumps(RULE), encoding="utf-8")
    assert read_rule(path) == read_rule(str(path)) == read_rule(RULE) == DeclaredRule(columns=("accent",))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"format": "other"}, "is not a rule"),
        ({"format_version": RULE_VERSION + 1}, f"has format version {RULE_VERSION + 1}; this fairasr reads version {RULE_VERSION}"),
        ({"format_version": None}, "has format version None"),
        ({"method": "astrology"}, "was made by method 'astrology', which is not installed; there are declared"),
    ],
    ids=str,
)
def test_what_is_no_rule_of_this_version_is_refused(tmp_path: Path, changed: dict[str, object], message: str) -> None:
    path = tmp_path / "rule.json"
    path.write_text(json.dumps({**RULE, **changed}), encoding="utf-8")
    for source in (path, {**RULE, **changed}):
        with pytest.raises(RuleError, match=message):
            read_rule(source)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1, 2]", b"null"], ids=str)
def test_a_file_that_is_no_json_object_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rule.json"
    path.write_bytes(content)
    with pytest.raises(RuleError, match=r"rule\.json"):
        read_rule(path)
    with pytest.raises(RuleError, match="cannot be read"):
        read_rule(tmp_path / "nowhere.json")


def test_settings_are_plain_and_complete() -> None:
    assert settings_of(GeoTree(max_leaves=7)) == {**dataclasses.asdict(GeoTree()), "max_leaves": 7}
    assert settings_of(Declared(columns=("a", "b"))) == {"columns": ("a", "b")}


def test_another_package_adds_a_method_by_entry_point_and_cannot_replace_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = EntryPoints(
        [
            EntryPoint(name="by-column", value="fairasr.discovery.declared:Declared.DeclaredRule", group="fairasr.discovery"),
            EntryPoint(name="geo-tree", value="elsewhere:Other.OtherRule", group="fairasr.discovery"),
        ]
    )
    monkeypatch.setattr("fairasr.discovery.registry.entry_points", lambda group: theirs.select(group=group))
    assert METHODS["by-column"].load() is Declared
    assert METHODS["by-column"].load_rule() is DeclaredRule
    assert METHODS["geo-tree"].load() is GeoTree
    assert set(METHODS) >= {"by-column", "geo-tree", "declared"}


def test_discoverers_satisfy_the_protocol_in_the_eyes_of_the_type_checker() -> None:
    discoverer: Discoverer = GeoTree()
    assert discoverer.method == "geo-tree"


def test_settings_name_a_file_without_its_folders(tmp_path: Path) -> None:
    found = settings_of(ZipDemographics(census=write_census(tmp_path, made_up_census()), min_speakers=12))
    assert found["census"] == "census.toml"
    assert found["min_speakers"] == 12
    assert str(tmp_path) not in str(found)
