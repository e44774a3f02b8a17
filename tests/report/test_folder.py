import json
from pathlib import Path
from typing import Any

import pytest
from example import example

from fairasr.core.errors import IngestError, OutputError
from fairasr.report import read_audit, render_html, write_audit, write_html

RULE = {"format": "fairasr-rule", "version": 1, "method": "geo-tree", "boxes": {}}
RULES = {"geo-tree": RULE, "declared:accent": RULE}
FILES = ["cohorts.csv", "cohorts.parquet", "regions.geojson", "report.html", "report.json"]
FILES += ["rules/declared-accent.json", "rules/geo-tree.json"]


@pytest.fixture(autouse=True)
def _without_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps have tests of their own; here they would only cost time."""
    monkeypatch.setattr("fairasr.report.maps.map_svg", lambda report, **_: None)


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_an_audit_is_written_as_all_its_files_and_nothing_else(tmp_path: Path) -> None:
    written = write_audit(example(), tmp_path / "new" / "audit", rules=RULES)
    assert [str(path.relative_to(tmp_path / "new" / "audit")) for path in written] == FILES
    assert list(bytes_below(tmp_path / "new")) == [f"audit/{name}" for name in FILES]


def test_the_same_audit_gives_the_same_bytes_and_reads_back_equal(tmp_path: Path) -> None:
    write_audit(example(), tmp_path / "a", rules=RULES)
    write_audit(example(), tmp_path / "b", rules=RULES)
    assert bytes_below(tmp_path / "a") == bytes_below(tmp_path / "b")
    again = read_audit(tmp_path / "a")
    assert again.to_json() == example().to_json()
    write_audit(again, tmp_path / "c", rules=RULES)
    assert bytes_below(tmp_path / "c") == bytes_below(tmp_path / "a")


def test_a_page_of_an_audit_read_back_is_the_page_of_the_audit(tmp_path: Path) -> None:
    write_audit(example(), tmp_path / "a", rules={})
    assert render_html(read_audit(tmp_path / "a" / "report.json")) == render_html(example())


def test_writing_again_replaces_our_files_drops_stale_rules_and_keeps_foreign_ones(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write_audit(example(), folder, rules=RULES)
    foreign = {
        "notes.txt": b"mine",
        "rules/readme.md": b"mine too",
        "rules/other.json": b'{"format": "mine"}',
        "sub/report.html": b"theirs",
    }
    for name, content in foreign.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    write_audit(example(title="Second"), folder, rules={"geo-tree": RULE})
    after = bytes_below(folder)
    assert foreign.items() <= after.items()
    assert sorted(after) == sorted([*foreign, *(name for name in FILES if "accent" not in name)])
    assert json.loads(after["report.json"])["title"] == "Second"


def test_an_audit_is_not_overwritten_when_that_is_refused(tmp_path: Path) -> None:
    write_audit(example(), tmp_path, rules={}, overwrite=False)
    with pytest.raises(OutputError, match=r"already holds 5 files of an audit \(first: 'cohorts.csv'\)"):
        write_audit(example(), tmp_path, rules={}, overwrite=False)


def test_a_file_where_the_folder_should_be_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("mine")
    with pytest.raises(OutputError, match="is a file"):
        write_audit(example(), tmp_path / "audit", rules={})
    with pytest.raises(OutputError, match="choose another place"):
        write_audit(example(), tmp_path / "audit" / "below", rules={})
    assert bytes_below(tmp_path) == {"audit": b"mine"}


def test_a_page_alone_is_written_whole(tmp_path: Path) -> None:
    path = write_html(example(), tmp_path / "deep" / "page.html")
    assert path.read_text(encoding="utf-8") == render_html(example())
    assert list(bytes_below(tmp_path)) == ["deep/page.html"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[1]", "holds a JSON list"),
        (b"{}", "'format' is None"),
        (b'{"format": "fairasr-audit", "format_version": 99}', "format version 99"),
        (b'{"format": "fairasr-audit", "format_version": 1}', "is damaged: KeyError"),
    ],
)
def test_what_is_no_audit_is_one_clear_error(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "report.json").write_bytes(content)
    with pytest.raises(IngestError, match=message):
        read_audit(tmp_path)


def test_a_missing_audit_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="cannot read the audit"):
        read_audit(tmp_path / "nowhere")


def test_a_report_with_a_broken_part_is_damaged_and_not_a_traceback(tmp_path: Path) -> None:
    data: dict[str, Any] = example().to_json()
    data["systems"][0]["reports"]["geo-tree"]["honest"]["surprise"] = 1
    (tmp_path / "report.json").write_text(json.dumps(data))
    with pytest.raises(IngestError, match="is damaged: TypeError"):
        read_audit(tmp_path)
