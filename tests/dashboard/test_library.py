"""The results below a folder, whatever else lies there."""

import json
import os
from pathlib import Path

import pytest
from example import example

from fairasr.core.errors import OutputError
from fairasr.dashboard.access import Access
from fairasr.dashboard.app import application
from fairasr.dashboard.results import ROOT_NAME, Library, natural_order
from fairasr.report.export import json_bytes


def written(folder: Path, title: str = "An audit") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_bytes(json_bytes(example(title=title).to_json()))
    return folder


def names(library: Library) -> list[str]:
    return [entry.name for entry in library.entries()]


def test_results_are_found_at_any_depth_in_natural_order(tmp_path: Path) -> None:
    for name in ("v10", "v9", "team/b", "team/a"):
        written(tmp_path / name)
    assert names(Library(tmp_path)) == ["team/a", "team/b", "v9", "v10"]


def test_a_folder_that_is_itself_a_result_is_shown(tmp_path: Path) -> None:
    library = Library(written(tmp_path))
    (entry,) = library.entries()
    assert (entry.name, entry.kind, entry.title) == (ROOT_NAME, "audit", "An audit")
    assert library.entry(ROOT_NAME) == entry


def test_an_empty_folder_has_no_results(tmp_path: Path) -> None:
    assert Library(tmp_path).entries() == []


def test_a_folder_that_is_not_there_or_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="it does not exist"):
        Library(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="it is a file"):
        Library(tmp_path / "file")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("not json", "is not JSON"),
        ("[]", "holds a JSON list, not a result of fairasr"),
        ('{"format": ["fairasr-audit"]}', "is no result of fairasr"),
        ('{"format": "something else"}', "is no result of fairasr"),
        ('{"format": "fairasr-audit", "format_version": 99}', "has format version 99; this fairasr reads version 1"),
        ('{"format": "fairasr-audit", "format_version": 1}', "is damaged"),
    ],
)
def test_what_cannot_be_read_is_listed_with_the_reason_and_hides_nothing_else(tmp_path: Path, content: str, problem: str) -> None:
    written(tmp_path / "good")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "report.json").write_text(content)
    bad, good = Library(tmp_path).entries()
    assert (bad.kind, good.kind) == ("unreadable", "audit")
    assert problem in bad.problem


def test_a_result_that_changes_is_read_again_and_one_that_goes_is_gone(tmp_path: Path) -> None:
    library = Library(tmp_path)
    written(tmp_path / "a", "First")
    first = library.entry("a")
    assert first is not None
    assert first.title == "First"
    assert library.entry("a") is first
    written(tmp_path / "a", "Second")
    second = library.entry("a")
    assert second is not None
    assert second.title == "Second"
    (tmp_path / "a" / "report.json").unlink()
    assert library.entry("a") is None


@pytest.mark.parametrize("name", ["..", "../secret", "a/..", "a/../a", "/etc", "", ".", "a/", "A"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    written(tmp_path / "root" / "a")
    written(tmp_path / "secret")
    assert Library(tmp_path / "root").entry(name) is None


def test_links_are_not_followed_out_of_the_folder(tmp_path: Path) -> None:
    outside = written(tmp_path / "outside")
    root = tmp_path / "root"
    written(root / "a")
    os.symlink(outside, root / "linked")
    (root / "b").mkdir()
    os.symlink(outside / "report.json", root / "b" / "report.json")
    assert [(entry.name, entry.kind) for entry in Library(root).entries()] == [("a", "audit"), ("b", "unreadable")]


def test_a_job_under_way_is_a_result_without_a_report(tmp_path: Path) -> None:
    (tmp_path / "job" / "runs" / "ewc-1").mkdir(parents=True)
    (tmp_path / "job" / "job.json").write_text(json.dumps({}))
    (entry,) = Library(tmp_path).entries()
    assert (entry.name, entry.kind, entry.result, entry.title) == ("job", "job", None, "job")


def test_hidden_folders_and_the_inside_of_results_are_not_searched(tmp_path: Path) -> None:
    written(tmp_path / "job")
    for name in (".trash/a", "node_modules/a", "job/node_modules/a", "job/runs/a", "job/cache/a", "job/model/a", "job/rules/a"):
        written(tmp_path / name)
    assert names(Library(tmp_path)) == ["job"]


def test_folders_called_like_the_inside_of_a_result_are_searched_elsewhere(tmp_path: Path) -> None:
    for name in ("runs/a", "cache/a", "team/model/a", "hypotheses"):
        written(tmp_path / name)
    assert names(Library(tmp_path)) == ["cache/a", "hypotheses", "runs/a", "team/model/a"]


def test_a_search_that_is_cut_off_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        written(tmp_path / name)
    monkeypatch.setattr("fairasr.dashboard.results.MOST_FOLDERS", 4)
    assert Library(tmp_path).listing().is_whole
    monkeypatch.setattr("fairasr.dashboard.results.MOST_FOLDERS", 3)
    listing = Library(tmp_path).listing()
    assert (len(listing.entries), listing.is_whole) == (2, False)
    page = application(Library(tmp_path), Access(host="127.0.0.1")).test_client().get("/", headers={"Host": "127.0.0.1"})
    assert "folders were searched, so results may be missing" in page.get_data(as_text=True)


def test_a_folder_given_as_a_dot_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(written(tmp_path / "mine"))
    library = Library(".")
    (entry,) = library.entries()
    assert (library.root.name, entry.place) == ("mine", "mine")


def test_a_folder_called_by_a_tilde_is_another_result_than_the_root(tmp_path: Path) -> None:
    written(tmp_path, "The root")
    written(tmp_path / "~", "The tilde")
    written(tmp_path / ROOT_NAME, "Hidden")
    library = Library(tmp_path)
    titles = {name: entry.title for name in ("~", ROOT_NAME) if (entry := library.entry(name)) is not None}
    assert titles == {"~": "The tilde", ROOT_NAME: "The root"}


def test_results_up_to_a_bound_are_kept_in_memory_and_one_of_each_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairasr.dashboard.results.MOST_KEPT", 4)
    for position in range(6):
        written(tmp_path / str(position))
    library = Library(tmp_path)
    assert len(library.entries()) == 6
    assert len(library._kept) == 4
    few = Library(tmp_path / "0")
    few.entries()
    written(tmp_path / "0", "Changed")
    few.entries()
    assert len(few._kept) == 1


def test_numbers_in_names_sort_by_value() -> None:
    assert sorted(["a10", "a9", "A1", "2026-11", "2026-9"], key=natural_order) == ["2026-9", "2026-11", "A1", "a9", "a10"]
