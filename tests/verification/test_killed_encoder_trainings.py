"""Killed at any moment, the training of an encoder ends with the weights it would have had, and leaves nothing behind."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from killed_encoder import run

from fairasr.training.checkpoint import checkpoints
from fairasr.training.run_record import finish_run
from fairasr.training.whole_folder import UNFINISHED
from fairasr.verification.training import WEIGHTS

SCRIPT = Path(__file__).with_name("killed_encoder.py")


class Killed(BaseException):
    """Stands for signal 9 where a second process would cost seconds: nothing is caught, nothing is cleaned up."""


def fingerprint(folder: Path) -> dict[str, str]:
    """SHA-256 of what a run is for: weights (the adversary's and the regions' among them) and history."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (WEIGHTS, "history.jsonl")}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("undisturbed")
    run(folder)
    return fingerprint(folder)


class Runs:
    """Runs in processes of their own, to be killed."""

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server
        assert self._told() == "ready"

    def kill(self, folder: Path, *, after_steps: int = 0, in_fsync: int = 0) -> bool:
        """Begin or go on with the run in `folder` and kill it there; False where it was over before."""
        assert self._server.stdin is not None
        self._server.stdin.write(f"{folder} {in_fsync}\n")
        self._server.stdin.flush()
        process = int(self._told())
        if in_fsync:
            if self._told() == "over":
                return False
        else:
            goal = n_lines(folder / "history.jsonl") + after_steps
            while n_lines(folder / "history.jsonl") < goal and not (folder / "finished.json").exists():
                time.sleep(0.001)
        with suppress(ProcessLookupError):  # it was over before
            os.kill(process, signal.SIGKILL)
        assert self._told() == "over"
        return not (folder / "finished.json").exists()

    def _told(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline().strip()


def n_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.is_file() else 0


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(SCRIPT.parents[2])}
    command = [sys.executable, str(SCRIPT)]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield Runs(server)
        assert server.stdin is not None
        server.stdin.close()


def test_killed_five_times_it_ends_with_the_same_weights(runs: Runs, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    """While it begins, while it trains, and in three places of its saving."""
    died = [
        runs.kill(tmp_path, in_fsync=2),
        runs.kill(tmp_path, after_steps=4),
        runs.kill(tmp_path, in_fsync=5),
        runs.kill(tmp_path, after_steps=2),
        runs.kill(tmp_path, in_fsync=9),
    ]
    assert sum(died) >= 4
    run(tmp_path)
    assert fingerprint(tmp_path) == undisturbed
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(UNFINISHED)]
    assert not checkpoints(tmp_path)


def test_killed_between_its_record_and_its_last_checkpoint_it_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: dict[str, str]
) -> None:
    def finish_and_die(folder: Path, outcome: dict[str, object]) -> None:
        finish_run(folder, outcome)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("fairasr.verification.training.finish_run", finish_and_die)
        with pytest.raises(Killed):
            run(tmp_path)
    assert (tmp_path / "finished.json").is_file()
    assert checkpoints(tmp_path)
    run(tmp_path)
    assert not checkpoints(tmp_path)
    assert fingerprint(tmp_path) == undisturbed
