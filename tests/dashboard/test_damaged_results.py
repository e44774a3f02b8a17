"""One bad result takes nothing else down: it is listed with the reason, and the overview shows the others."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from example import example
from verification_example import verification

from fairasr.dashboard import overview_page
from fairasr.dashboard.access import Access
from fairasr.dashboard.app import application
from fairasr.dashboard.results import Library
from fairasr.report.export import json_bytes

LOCAL = {"Host": "127.0.0.1:8050"}


def write(folder: Path, result: Any) -> None:
    folder.mkdir(parents=True)
    (folder / "report.json").write_bytes(json_bytes(result.to_json()))


def overview(root: Path) -> str:
    answer = application(Library(root), Access(host="127.0.0.1")).test_client().get("/", headers=LOCAL)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200, text
    return text


def first_report(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = data["systems"][0]["reports"]["geo-tree"]
    return found


DAMAGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "focus": (lambda data: data.update(focus="nobody"), "its focus"),
    "systems": (lambda data: data.update(systems=[]), "its focus"),
    "cohorts": (lambda data: first_report(data).update(cohorts=[]), "has no cohorts"),
    "map": (lambda data: first_report(data).update(map={"kind": "globe"}), "is of kind"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_audit_without_what_every_audit_has_is_listed_with_the_reason(tmp_path: Path, damage: str) -> None:
    write(tmp_path / "good", example(title="The good one"))
    data = example(title="The bad one").to_json()
    data = json.loads(json_bytes(data))
    change, said = DAMAGES[damage]
    change(data)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "report.json").write_text(json.dumps(data))
    text = overview(tmp_path)
    assert "Could not be read" in text
    assert said in text
    assert "The good one" in text


def test_an_audit_of_verification_without_verifiers_is_listed_with_the_reason(tmp_path: Path) -> None:
    write(tmp_path / "good", verification())
    data = verification().to_json()
    data["systems"] = []
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "report.json").write_bytes(json_bytes(data))
    assert "it has no verifier" in overview(tmp_path)


def test_a_deeply_nested_file_is_listed_with_the_reason(tmp_path: Path) -> None:
    write(tmp_path / "good", example())
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "report.json").write_text("[" * 200_000)
    assert "is not JSON" in overview(tmp_path)


def test_odd_names_of_folders_do_not_stop_the_overview(tmp_path: Path) -> None:
    for name in ("10²", "run-x", "٣"):
        write(tmp_path / name, example())
    assert [entry.kind for entry in Library(tmp_path).entries()] == ["audit"] * 3
    try:
        os.rename(tmp_path / "run-x", os.fsencode(tmp_path) + b"/run-\xff")
    except OSError:
        pytest.skip("this disk takes only names in UTF-8")
    (odd,) = (entry for entry in Library(tmp_path).entries() if entry.kind == "unreadable")
    assert (odd.name, odd.problem) == ("run-\\udcff", "the name of its folder is not UTF-8, so no address leads to it. Rename it.")
    assert "run-\\udcff" in overview(tmp_path)


def test_half_a_character_in_a_title_does_not_stop_the_overview(tmp_path: Path) -> None:
    write(tmp_path / "a", example(title="good"))
    text = (tmp_path / "a" / "report.json").read_text().replace('"good"', '"half \\ud800"')
    (tmp_path / "a" / "report.json").write_text(text)
    assert "half \\ud800" in overview(tmp_path)


@pytest.mark.parametrize("part", ["_card", "trend_rows", "_shown_gap", "_spotlight_of"])
def test_a_result_that_cannot_be_shown_is_moved_to_those_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, part: str
) -> None:
    for name in ("bad", "good", "other"):
        write(tmp_path / name, example(title=f"The {name} one"))
    whole = getattr(overview_page, part)

    def failing(entry: Any) -> Any:
        if entry.name == "bad" and entry.kind != "unreadable":
            raise ZeroDivisionError("planted")
        return whole(entry)

    monkeypatch.setattr(overview_page, part, failing)
    view = overview_page.overview_view(Library(tmp_path).listing())
    assert [card.name for card in view["cards"]] == ["good", "other"]
    assert [card.name for card in view["unreadable"]] == ["bad"]
    assert "ZeroDivisionError('planted')" in view["unreadable"][0].sentence
    assert (view["spotlight"]["title"], view["spotlight"]["among"]) == ("The good one", "2 audits")
    assert {row[0].text for row in view["trend"].rows} == {"good", "other"}
    assert "planted" in caplog.text
