"""METHODS, method_of and settings_of: what is refused, and that all of it is told at once."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import pytest

import fairasr.mitigation
from fairasr.core.errors import JobError
from fairasr.mitigation import METHODS, method_of, settings_of

OUT_OF_RANGE: list[tuple[str, dict[str, Any], str]] = [
    ("mix", {"share": 1.0}, "share is 1.0, not at least 0 and below 1"),
    ("mix", {"share": float("nan")}, "share is nan"),
    ("ewc", {"strength": -1.0}, "strength is -1.0, not a number of at least 0"),
    ("ewc", {"strength": float("inf")}, "strength is inf"),
    ("ewc", {"n_fisher": 0}, "n_fisher is 0, not at least 1"),
    ("ewc", {"fisher_batch": 0}, "fisher_batch is 0"),
    ("l2-sp", {"strength": -0.1}, "strength is -0.1"),
    ("kfac-ewc", {"largest": 0, "strength": -2.0}, "strength is -2.0, not a number of at least 0; largest is 0, not at least 1"),
    ("interpolation", {"alpha": 1.5}, "alpha is 1.5, not a number from 0 to 1"),
    ("replay", {"share": -0.1, "n_memory": 0}, "share is -0.1, not at least 0 and below 1; n_memory is 0, not at least 1"),
    ("distillation", {"temperature": 0.0}, "temperature is 0.0, not a number above 0"),
    ("distillation", {"strength": -1.0, "share": 1.0, "n_memory": 0}, "share is 1.0.*; strength is -1.0.*; n_memory is 0"),
    ("freezing", {"prefixes": ["output", ""]}, "prefixes hold an empty text"),
    (
        "lora",
        {"rank": 0, "alpha": 0.0, "dropout": 1.0, "targets": [""]},
        "rank is 0.*; alpha is 0.0.*; dropout is 1.0.*; targets hold",
    ),
]


@pytest.mark.parametrize(("name", "settings", "message"), OUT_OF_RANGE)
def test_a_setting_out_of_range_is_refused(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(JobError, match=f"^{name} cannot run with these settings: .*{message}"):
        method_of(name, settings)


def test_an_unknown_method_is_refused_with_those_there_are() -> None:
    with pytest.raises(JobError, match="no method 'ewg'; there are fine-tuning, mix, ewc"):
        method_of("ewg", {})


def test_all_that_is_wrong_is_told_together() -> None:
    with pytest.raises(JobError) as refused:
        method_of("ewc", {"strenght": 1, "variant": "exact", "n_fisher": 2.5, "strength": -1, "parts": True})
    message = str(refused.value)
    assert "there is no setting 'strenght'; there are parts, strength, variant, n_fisher, fisher_batch, normalise" in message
    assert "variant is 'exact', not one of 'empirical', 'sample', 'batched'" in message
    assert "n_fisher is 2.5, not a whole number" in message
    assert "parts is True, not one of" in message
    assert "strength is -1.0, not a number of at least 0" in message


@pytest.mark.parametrize("value", ["1", True, None, [1.0], {"a": 1}])
def test_only_a_number_is_a_number(value: object) -> None:
    with pytest.raises(JobError, match=r"strength is .*, not a number"):
        method_of("l2-sp", {"strength": value})


def test_a_whole_number_is_a_number_and_a_list_a_tuple() -> None:
    whole = method_of("l2-sp", {"strength": 2})
    assert settings_of(whole) == {"strength": 2.0, "parts": "all"}
    assert type(settings_of(whole)["strength"]) is float
    assert method_of("freezing", {"prefixes": ["a", "b"]}).prefixes == ("a", "b")  # type: ignore[attr-defined]
    with pytest.raises(JobError, match="prefixes is 'a', not a list, each text"):
        method_of("freezing", {"prefixes": "a"})


def test_combined_methods_are_checked_like_any_other() -> None:
    with pytest.raises(JobError, match="methods is missing"):
        method_of("combined", {})
    with pytest.raises(JobError, match="methods are 1, not at least 2"):
        method_of("combined", {"methods": [{"name": "ewc"}]})
    with pytest.raises(JobError) as refused:
        method_of("combined", {"methods": [{"name": "ewc", "strength": -1}, {"name": "nothing"}, {"name": "mix"}]})
    assert "strength is -1.0" in str(refused.value)
    assert "no method 'nothing'" in str(refused.value)
    with pytest.raises(JobError, match="no method 'None'"):
        method_of("combined", {"methods": [{"strength": 1}, {"name": "mix"}]})
    with pytest.raises(JobError, match="'mix' is not a table with a name"):
        method_of("combined", {"methods": ["mix", "ewc"]})


def test_classes_are_offered_by_name() -> None:
    assert fairasr.mitigation.EWC is METHODS["ewc"].load()
    assert fairasr.mitigation.KFACEWC(strength=2.0) == method_of("kfac-ewc", {"strength": 2})
    with pytest.raises(AttributeError, match="has no attribute 'EWG'"):
        fairasr.mitigation.EWG  # noqa: B018


def test_other_packages_can_add_methods_and_cannot_replace_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def theirs(group: str) -> list[importlib.metadata.EntryPoint]:
        assert group == "fairasr.mitigation"
        ours = "fairasr.mitigation.methods.l2_sp:L2SP"
        return [importlib.metadata.EntryPoint(name, ours, group) for name in ("springs", "ewc")]

    monkeypatch.setattr("fairasr.mitigation.registry.entry_points", theirs)
    assert METHODS["springs"].load().__name__ == "L2SP"
    assert METHODS["ewc"].load().__name__ == "EWC"
    assert method_of("springs", {"strength": 3.0}) == method_of("l2-sp", {"strength": 3.0})
    assert len(METHODS) == len(list(METHODS))
