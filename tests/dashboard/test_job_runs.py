"""The folder of a job, under way or not: states, what is missing or damaged, what vanishes while it is read."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from job_world import NOW_S, age, line, write_run

from fairasr.dashboard import job_folder, run_folder
from fairasr.dashboard.job_folder import Job, is_job_folder, read_job
from fairasr.dashboard.run_folder import Run, read_run

LONG_S = 11 * 60.0
SHORT_S = 9 * 60.0
NAME = "ewc-0.1-b0ebfffb-seed2"


def run_of(folder: Path) -> Run:
    run = read_run(folder, now_s=NOW_S)
    assert run is not None
    return run


def job_of(folder: Path, *, is_finished: bool = False) -> Job:
    return read_job(folder, is_finished=is_finished, now_s=NOW_S)


def test_a_run_says_what_it_is_and_how_far_it_is(tmp_path: Path) -> None:
    lines = [line(1, loss_task=3.0, audio_s=40), line(2, loss_task=2.0, audio_s=50)]
    run = run_of(write_run(tmp_path, NAME, lines=lines))
    assert (run.title, run.method, run.n_steps, run.state) == ("ewc 0.1, seed 2", "ewc", 10, "running")
    assert (run.history.n_steps, run.history.audio_s, run.problems) == (2, 90.0, ())
    assert run.seed == 0  # as run.json says, not as the folder's name does
    assert "trainable" not in run.settings


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("fine-tuning-44136fa3-seed11", "fine-tuning, seed 11"),
        ("l2-sp-1000-361c3eb8-seed0", "l2-sp 1000, seed 0"),
        ("group-dro-1e-05-361c3eb8-seed0", "group-dro-1e-05, seed 0"),
        ("anything else", "anything else"),
    ],
)
def test_a_run_is_called_by_method_swept_value_and_seed(tmp_path: Path, name: str, title: str) -> None:
    method = {"l2-sp-1000-361c3eb8-seed0": "l2-sp"}.get(name, name.partition("-4")[0])
    record = {"fingerprint": {"method": method}}
    assert run_of(write_run(tmp_path, name, record=record)).title == title


@pytest.mark.parametrize(
    ("status", "silent_s", "is_finished", "state"),
    [
        ("running", SHORT_S, False, "running"),
        ("running", LONG_S, False, "stopped"),
        ("running", LONG_S, True, "finished"),
        ("finished", LONG_S, False, "finished"),
        ("failed", 0.0, False, "failed"),
        ("stopped", 0.0, False, "stopped"),
        (None, SHORT_S, False, "running"),
        (None, LONG_S, False, "stopped"),
        ("?", LONG_S, False, "stopped"),
    ],
)
def test_the_state_of_a_run(tmp_path: Path, status: str | None, silent_s: float, is_finished: bool, state: str) -> None:
    folder = write_run(tmp_path, NAME, lines=[line(1, loss_task=3.0)], status=status, silent_s=silent_s, is_finished=is_finished)
    assert run_of(folder).state == state


def test_a_silent_run_whose_folder_is_locked_is_running(tmp_path: Path) -> None:
    """As the training loop locks it, by another open file of the same folder."""
    fcntl = pytest.importorskip("fcntl")
    folder = write_run(tmp_path, NAME, lines=[line(1, loss_task=3.0)], silent_s=LONG_S)
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert run_of(folder).state == "running"
    os.close(descriptor)
    assert run_of(folder).state == "stopped"


def test_looking_at_a_run_leaves_it_free_to_train_in(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    folder = write_run(tmp_path, NAME, silent_s=LONG_S)
    assert run_of(folder).state == "stopped"
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)


def test_a_run_with_damaged_files_is_listed_with_the_reasons(tmp_path: Path) -> None:
    folder = write_run(tmp_path, NAME, lines=[line(1, loss_task=3.0), "half\n"])
    (folder / "status.json").write_text('{"run": "ewc", "sta')
    (folder / "run.json").write_text('{"budget": ')
    age(tmp_path, 0.0)
    run = run_of(folder)
    assert run.problems == (
        "its run.json is damaged: it is no JSON",
        "its status.json is damaged: it is no JSON",
        "1 line of its history is damaged and left out",
    )
    assert (run.title, run.n_steps, run.state, run.history.n_steps) == ("ewc-0.1, seed 2", None, "running", 1)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "its run.json is not there"),
        ("[]", "its run.json is damaged: it holds no settings"),
        ("[" * 100_000, "its run.json is damaged: it is no JSON"),
    ],
)
def test_a_run_without_settings_is_listed_with_the_reason(tmp_path: Path, content: str | None, problem: str) -> None:
    folder = write_run(tmp_path, NAME, lines=[line(1, loss_task=3.0)])
    (folder / "run.json").unlink()
    if content is not None:
        (folder / "run.json").write_text(content)
    assert run_of(folder).problems == (problem,)


def test_settings_of_another_kind_than_expected_do_no_harm(tmp_path: Path) -> None:
    record = {"fingerprint": [1], "budget": {"n_steps": "ten"}, "seed": True, "trainable": 3}
    run = run_of(write_run(tmp_path, NAME, record=record))
    assert (run.n_steps, run.seed, run.title) == (None, 2, "ewc-0.1, seed 2")


def test_settings_too_large_or_behind_a_link_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_run(tmp_path, NAME)
    monkeypatch.setattr(run_folder, "LARGEST_BYTES", 10)
    assert run_of(folder).problems[0].startswith("its run.json has 1")
    (folder / "run.json").unlink()
    (folder / "run.json").symlink_to("/etc/hostname")
    assert run_of(folder).problems[0] == "its run.json is no plain file"


def test_a_run_that_vanishes_while_the_job_is_read_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a-1-00000000-seed0", "b-1-00000000-seed0"):
        write_run(tmp_path, name)
    read = run_folder.read_history

    def vanishing(folder: Path) -> object:
        shutil.rmtree(tmp_path / "runs" / "b-1-00000000-seed0", ignore_errors=True)
        return read(folder)

    monkeypatch.setattr(run_folder, "read_history", vanishing)
    assert [run.name for run in job_of(tmp_path).runs] == ["a-1-00000000-seed0"]


def test_files_that_vanish_while_a_run_is_read_are_its_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_run(tmp_path, NAME, lines=[line(1, loss_task=1.0)])
    parsed = run_folder._parsed

    def vanishing(path: Path, changed_ns: int, size: int) -> object:
        shutil.rmtree(folder, ignore_errors=True)
        return parsed(path, changed_ns, size)

    monkeypatch.setattr(run_folder, "_parsed", vanishing)
    run = read_run(folder, now_s=NOW_S)
    assert run is not None
    assert run.problems[0] == "its run.json is not there"


def test_a_folder_that_is_gone_is_a_job_without_runs(tmp_path: Path) -> None:
    job = job_of(tmp_path / "gone")
    assert (job.runs, job.state, job.changed_s) == ((), "stopped", None)


@pytest.mark.parametrize(("silent_s", "state"), [(SHORT_S, "running"), (LONG_S, "stopped")])
def test_a_job_without_runs_is_running_while_it_prepares(tmp_path: Path, silent_s: float, state: str) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "job.json").write_text("{}")
    age(tmp_path, silent_s)
    assert is_job_folder(tmp_path)
    assert (job_of(tmp_path).runs, job_of(tmp_path).state) == ((), state)


def test_a_job_with_a_report_is_finished_whatever_its_runs_say(tmp_path: Path) -> None:
    write_run(tmp_path, NAME, silent_s=LONG_S)
    assert job_of(tmp_path, is_finished=True).state == "finished"


def test_a_job_between_two_runs_is_running_while_anything_is_written(tmp_path: Path) -> None:
    write_run(tmp_path, NAME, status="finished", is_finished=True, silent_s=LONG_S)
    assert job_of(tmp_path).state == "stopped"
    (tmp_path / "hypotheses").mkdir()
    os.utime(tmp_path / "hypotheses", (NOW_S - SHORT_S, NOW_S - SHORT_S))
    assert job_of(tmp_path).state == "running"


def test_a_run_that_failed_last_has_stopped_the_job(tmp_path: Path) -> None:
    write_run(tmp_path, "a-1-00000000-seed0", status="finished", is_finished=True)
    write_run(tmp_path, "b-1-00000000-seed0", status="failed")
    assert job_of(tmp_path).state == "stopped"
    write_run(tmp_path, "c-1-00000000-seed0", status="running")
    assert job_of(tmp_path).state == "running"


def test_links_and_unfinished_folders_are_no_runs(tmp_path: Path) -> None:
    job = tmp_path / "job"
    write_run(job, NAME)
    (job / "runs" / ".staged").mkdir()
    (job / "runs" / "link").symlink_to("/etc")
    (job / "runs" / "notes.txt").write_text("")
    assert [run.name for run in job_of(job).runs] == [NAME]


def test_more_runs_than_a_page_can_list_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_folder, "MOST_RUNS", 3)
    for seed in range(5):
        write_run(tmp_path, f"ewc-1-00000000-seed{seed}")
    job = job_of(tmp_path)
    assert (len(job.runs), job.n_left_out) == (3, 2)


def test_a_run_as_the_training_loop_leaves_it_is_read(tmp_path: Path) -> None:
    """The names and fields that the loop writes are those that are looked for."""
    from fairasr.training import run_record, tracking

    folder = tmp_path / "runs" / NAME
    folder.mkdir(parents=True)
    run_record.open_run(folder, {"fingerprint": {"method": "ewc"}, "budget": {"n_steps": 3}, "seed": 2})
    tracker = tracking.FolderTracker(folder)
    tracker.start(NAME, {}, [])
    tracker.log(1, {"loss_task": 2.0, "audio_s": 4.0})
    now_s = folder.stat().st_mtime
    running = read_run(folder, now_s=now_s)
    assert running is not None
    assert (running.state, running.history.n_steps, running.n_steps, running.seed) == ("running", 1, 3, 2)
    with run_record.only_here(folder):
        locked = read_run(folder, now_s=now_s + LONG_S)
    assert locked is not None
    assert locked.state == "running"
    tracker.finish("failed")
    failed = read_run(folder, now_s=now_s)
    assert failed is not None
    assert failed.state == "failed"
    run_record.finish_run(folder, {"wall_s": 1.0})
    assert json.loads((folder / run_folder.FINISHED).read_text()) == {"wall_s": 1.0}
    finished = read_run(folder, now_s=now_s + LONG_S)
    assert finished is not None
    assert (finished.state, finished.problems) == ("finished", ())
