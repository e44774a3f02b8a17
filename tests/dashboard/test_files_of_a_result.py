"""Files beside a report: what is deleted, replaced or linked to another place is not shown."""

from __future__ import annotations

import gc
import shutil
from pathlib import Path
from weakref import ref

import pytest
from flask.testing import FlaskClient
from job_world import write_run
from kept_world import METHOD, SYSTEM, write_audit, write_kept

from fairasr.dashboard.access import Access
from fairasr.dashboard.app import application
from fairasr.dashboard.recent import Recent
from fairasr.dashboard.result_files import inside, state_of
from fairasr.dashboard.results import Library
from fairasr.dashboard.shelf import Shelf
from fairasr.report.utterance_file import CONFUSIONS_NAME, UTTERANCES_NAME

LOCAL = {"Host": "127.0.0.1:8050"}


def client_of(root: Path) -> FlaskClient:
    return application(Library(root), Access(host="127.0.0.1")).test_client()


def page(client: FlaskClient, address: str = "/result/audit") -> str:
    return client.get(address, headers=LOCAL).get_data(as_text=True)


def test_deleted_transcripts_are_gone_from_the_next_page_and_new_ones_are_on_it(tmp_path: Path) -> None:
    client, folder = client_of(tmp_path), tmp_path / "audit"
    report = write_audit(folder)
    assert "keeps no transcripts" in page(client)
    write_kept(folder, report, said="red tide")
    assert "red tide" in page(client)
    assert "red → read" in page(client)
    write_kept(folder, report, said="red lake")
    assert "red lake" in page(client)
    assert "red tide" not in page(client)
    (folder / UTTERANCES_NAME).unlink()
    assert "keeps no transcripts" in page(client)
    (folder / CONFUSIONS_NAME).unlink()
    entry = Library(tmp_path).entry("audit")
    assert entry is not None
    assert Shelf().confusions(entry, system=SYSTEM, method=METHOD, cohort="") is None


def test_a_file_that_was_replaced_is_let_go(tmp_path: Path) -> None:
    folder, shelf = tmp_path / "audit", Shelf()
    report = write_audit(folder)
    write_kept(folder, report)
    entry = Library(tmp_path).entry("audit")
    assert entry is not None
    first = ref(shelf.utterances(entry))
    assert first() is shelf.utterances(entry)
    found = shelf.confusions(entry, system=SYSTEM, method=METHOD, cohort="")
    assert found is not None
    (folder / UTTERANCES_NAME).unlink()
    (folder / CONFUSIONS_NAME).unlink()
    assert shelf.utterances(entry) is None
    assert shelf.confusions(entry, system=SYSTEM, method=METHOD, cohort="") is None
    gc.collect()
    assert first() is None


def test_an_answer_of_another_version_is_let_go_before_the_new_one_is_made() -> None:
    recent: Recent[str, str] = Recent(most=2)
    assert recent.get("a", lambda: "old", version=1) == "old"
    sizes: list[int] = []
    assert recent.get("a", lambda: sizes.append(len(recent)) or "new", version=2) == "new"
    assert sizes == [0]
    assert recent.get("a", lambda: "newer", version=2) == "new"


def test_a_file_of_a_result_that_leads_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    write_kept(outside, write_audit(outside))
    (outside / "report.html").write_text("<p>A secret</p>")
    write_audit(root / "audit")
    client = client_of(root)
    for name in (UTTERANCES_NAME, CONFUSIONS_NAME, "report.html"):
        (root / "audit" / name).symlink_to(outside / name)
    assert "keeps no transcripts" in page(client)
    assert "A secret" not in page(client, "/report/audit")
    entry = Library(root).entry("audit")
    assert entry is not None
    assert Shelf().confusions(entry, system=SYSTEM, method=METHOD, cohort="") is None
    # A link that stays inside is followed.
    shutil.copytree(outside, root / "shared")
    for name in (UTTERANCES_NAME, "report.html"):
        (root / "audit" / name).unlink()
        (root / "audit" / name).symlink_to(root / "shared" / name)
    assert ">sea<" in page(client)
    assert "A secret" in page(client, "/report/audit")


def test_runs_of_a_job_that_lie_elsewhere_are_not_listed(tmp_path: Path) -> None:
    write_run(tmp_path / "elsewhere", "ewc-1-00000000-seed0")
    job = tmp_path / "shown" / "job"
    job.mkdir(parents=True)
    (job / "job.json").write_text("{}")
    (job / "runs").symlink_to(tmp_path / "elsewhere" / "runs")
    assert "No run has begun" in page(client_of(tmp_path / "shown"), "/result/job")
    assert "seed 0" in page(client_of(tmp_path), "/result/shown/job")


@pytest.mark.parametrize("name", ["file", "link-in"])
def test_what_lies_inside_is_inside(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link-in").symlink_to(tmp_path / "file")
    assert inside(tmp_path, tmp_path / name)
    assert state_of(tmp_path / name) == state_of(tmp_path / "file") is not None


def test_links_out_and_circles_of_links_are_not_inside(tmp_path: Path) -> None:
    root = tmp_path / "shown"
    root.mkdir()
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "circle").symlink_to(root / "circle")
    assert not inside(root, root / "out")
    assert not inside(root, root / "../secret")
    assert state_of(root / "circle") is None
    assert state_of(root) is None
