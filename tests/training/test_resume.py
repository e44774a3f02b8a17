"""Killed at any moment, or with a full disk, a run ends with the weights it would have had."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from killed_run import BUDGET, run
from toy_recogniser import Toy, toy_data

from fairasr.core.errors import ModelError, OutputError, TrainingError
from fairasr.training import Hooks, train
from fairasr.training.checkpoint import checkpoints, read_checkpoint
from fairasr.training.whole_folder import UNFINISHED

SCRIPT = Path(__file__).with_name("killed_run.py")


class Killed(BaseException):
    """Stands for signal 9 where a second process would cost seconds: nothing is caught, nothing is cleaned up."""


def fingerprint(folder: Path) -> dict[str, str]:
    """SHA-256 of what a run is for: weights and history."""
    files = [folder / "history.jsonl", *sorted((folder / "snapshots").iterdir())]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("undisturbed")
    run(folder)
    prints = fingerprint(folder)
    assert sorted(prints) == ["history.jsonl", *sorted(f"step-{step}.safetensors" for step in (6, 12, 18, 24))]
    return prints


class Runs:
    """Runs in processes of their own, to be killed."""

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server
        assert self._told() == "ready"

    def kill(self, folder: Path, *, after_s: float = 0.0, after_steps: int = 0, in_fsync: int = 0) -> None:
        """Begin or go on with the run in `folder` and kill it there; later, where it is over before."""
        assert self._server.stdin is not None
        self._server.stdin.write(f"{folder} {in_fsync}\n")
        self._server.stdin.flush()
        process = int(self._told())
        if in_fsync:
            if self._told() == "over":
                return
        else:
            history = folder / "history.jsonl"
            goal = n_lines(history) + after_steps
            until = time.monotonic() + after_s
            while (after_steps and n_lines(history) < goal and not (folder / "finished.json").exists()) or time.monotonic() < until:
                time.sleep(0.001)
        with suppress(ProcessLookupError):  # it was over before
            os.kill(process, signal.SIGKILL)
        assert self._told() == "over"

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


def end_after_kills(runs: Runs, folder: Path, *, n_kills: int, seed: int) -> dict[str, str]:
    """Kill the run at random moments, every other time while it saves, and let it end."""
    generator = np.random.default_rng(seed)
    for kill in range(n_kills):
        if kill % 2:
            runs.kill(folder, in_fsync=int(generator.integers(1, 24)))
        elif kill % 4:
            runs.kill(folder, after_steps=int(generator.integers(1, 4)))
        else:
            runs.kill(folder, after_s=generator.uniform(0, 0.3))
    run(folder)
    return fingerprint(folder)


@pytest.mark.parametrize("seed", range(2))
def test_killed_ten_times_it_ends_with_the_same_weights(runs: Runs, tmp_path: Path, undisturbed: dict[str, str], seed: int) -> None:
    assert end_after_kills(runs, tmp_path, n_kills=10, seed=seed) == undisturbed
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(UNFINISHED)]
    assert not checkpoints(tmp_path)


def test_stopped_in_any_call_that_writes_it_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: dict[str, str]
) -> None:
    """Each run stops two fsyncs later than the one before, without any cleaning up, as after signal 9."""
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    real = os.fsync
    stops = 0
    for at in range(1, 200, 2):
        calls = [0]

        def fsync(descriptor: int, calls: list[int] = calls, at: int = at) -> None:
            calls[0] += 1
            if calls[0] >= at:
                raise Killed
            real(descriptor)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fsync)
            try:
                run(tmp_path)
                break
            except Killed:
                stops += 1
    monkeypatch.undo()
    run(tmp_path)
    assert stops >= 10
    assert fingerprint(tmp_path) == undisturbed


def stop_at(step: int, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Leave the run in `folder` after `step` steps, with its checkpoints."""
    from fairasr.training.sitting import Keeper

    real = Keeper.after_step

    def after_step(self: Any, trainer: Any, done: int, metrics: Any) -> None:
        real(self, trainer, done, metrics)
        if done == step:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "after_step", after_step)
        with pytest.raises(Killed):
            run(folder)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run left after 14 of 24 steps: checkpoints of steps 9 and 12."""
    folder = tmp_path_factory.mktemp("stopped") / "run"
    with pytest.MonkeyPatch.context() as patch:
        stop_at(14, patch, folder)
    assert [path.name for path in checkpoints(folder)] == ["checkpoint-12", "checkpoint-9"]
    return folder


def test_killed_inside_safetensors_it_leaves_none_of_its_files(
    stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: dict[str, str]
) -> None:
    """safetensors writes a `.tmp*` file beside the one it was asked for; signal 9 leaves it there."""
    from safetensors.torch import save_file

    folder = shutil.copytree(stopped, tmp_path / "run")

    def killed(tensors: Any, path: Path, **options: Any) -> None:
        if "step-18" not in path.name:
            return save_file(tensors, path, **options)
        path.with_name(".tmpAb12cd").write_bytes(b"half of the weights")
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", lambda *_, **__: None)
        patch.setattr("safetensors.torch.save_file", killed)
        with pytest.raises(Killed):
            run(folder)
    assert list(folder.rglob(".tmpAb12cd"))
    run(folder)
    assert not list(folder.rglob(".*"))
    assert fingerprint(folder) == undisturbed


def test_killed_between_its_record_and_its_last_checkpoint_it_leaves_none(
    stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: dict[str, str]
) -> None:
    folder = shutil.copytree(stopped, tmp_path / "run")

    def killed(_: Path) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("fairasr.training.sitting.remove_checkpoints", killed)
        with pytest.raises(Killed):
            run(folder)
    assert (folder / "finished.json").is_file()
    assert checkpoints(folder)
    run(folder)
    assert not checkpoints(folder)
    assert fingerprint(folder) == undisturbed


@pytest.fixture
def halfway(stopped: Path, tmp_path: Path) -> Path:
    return shutil.copytree(stopped, tmp_path / "run")


def test_a_stopped_run_goes_on_from_the_newest_checkpoint(halfway: Path, undisturbed: dict[str, str]) -> None:
    seen: list[int] = []
    from killed_run import GroupWeights

    train(
        Toy(dropout=0.3),
        toy_data(),
        Hooks(reduce=GroupWeights()),
        BUDGET,
        seed=5,
        folder=halfway,
        progress=lambda _, done, total: seen.append(done),
    )
    assert seen == list(range(13, 25))
    assert fingerprint(halfway) == undisturbed


def test_nothing_in_a_checkpoint_is_a_pickle(halfway: Path) -> None:
    files = [path for path in halfway.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert {path.suffix for path in files} == {".json", ".jsonl", ".safetensors"}


def flip_bit(path: Path, *, at: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(at * (len(content) - 1))] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    "file", ["weights.safetensors", "optimiser.safetensors", "terms.safetensors", "random.safetensors", "state.json", "sha256.json"]
)
def test_a_damaged_checkpoint_is_passed_over_with_a_note(halfway: Path, undisturbed: dict[str, str], file: str) -> None:
    flip_bit(halfway / "checkpoint-12" / file, at=0.3)
    result = run(halfway)
    assert len(result.notes) == 1
    assert result.notes[0].startswith("checkpoint-12 cannot be gone on from: ")
    assert fingerprint(halfway) == undisturbed


def test_a_checkpoint_that_lost_a_file_is_passed_over(halfway: Path, undisturbed: dict[str, str]) -> None:
    (halfway / "checkpoint-12" / "optimiser.safetensors").unlink()
    assert "first: optimiser.safetensors" in run(halfway).notes[0]
    assert fingerprint(halfway) == undisturbed


def test_a_checkpoint_whose_snapshot_is_gone_is_passed_over(halfway: Path, undisturbed: dict[str, str]) -> None:
    (halfway / "snapshots" / "step-12.safetensors").unlink()
    assert "step-12.safetensors, written before it, is gone" in run(halfway).notes[0]
    assert fingerprint(halfway) == undisturbed


def test_with_all_checkpoints_damaged_it_says_so_and_changes_nothing(halfway: Path) -> None:
    for path in checkpoints(halfway):
        flip_bit(path / "weights.safetensors", at=0.9)
    before = sorted(halfway.rglob("*"))
    with pytest.raises(TrainingError, match="none of the 2 checkpoints"):
        run(halfway)
    assert sorted(halfway.rglob("*")) == before


def test_checkpoints_without_a_record_are_refused(halfway: Path) -> None:
    (halfway / "run.json").unlink()
    with pytest.raises(TrainingError, match=r"checkpoints and no run\.json"):
        run(halfway)
    (halfway / "run.json").write_text("{")
    with pytest.raises(TrainingError, match=r"run\.json is damaged"):
        run(halfway)


def test_a_stopped_run_is_not_gone_on_with_as_another(halfway: Path) -> None:
    with pytest.raises(TrainingError, match=r"learning_rate was 0\.02, is 0\.5"):
        train(Toy(dropout=0.3), toy_data(), Hooks(), dataclasses.replace(BUDGET, learning_rate=0.5), seed=5, folder=halfway)


@contextmanager
def files_no_larger_than(n_bytes: int) -> Iterator[None]:
    """The kernel refuses to let a file grow further, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_loses_nothing(halfway: Path, undisturbed: dict[str, str]) -> None:
    """Random states are the largest file of a toy's checkpoint (10 kB): the limit stops safetensors inside its own writing."""
    with (
        files_no_larger_than(8000),
        pytest.raises(OutputError, match=r"cannot write .*checkpoint-15.*earlier checkpoints included"),
    ):
        run(halfway)
    assert [path.name for path in checkpoints(halfway)] == ["checkpoint-12", "checkpoint-9"]
    assert not [path for path in halfway.rglob("*") if path.name.startswith(UNFINISHED)]
    assert json.loads((halfway / "status.json").read_text())["status"] == "failed"
    run(halfway)
    assert fingerprint(halfway) == undisturbed


@pytest.mark.parametrize("call", range(1, 12, 2))
def test_a_disk_that_fills_at_any_call_loses_nothing(
    halfway: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: dict[str, str], call: int
) -> None:
    real, calls = os.fsync, [0]

    def fsync(descriptor: int) -> None:
        calls[0] += 1
        if calls[0] >= call:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(OutputError, match="No space left on device"):
            run(halfway)
    assert not [path for path in halfway.rglob("*") if path.name.startswith(UNFINISHED)]
    run(halfway)
    assert fingerprint(halfway) == undisturbed


def test_a_damaged_checkpoint_is_not_read(halfway: Path) -> None:
    assert read_checkpoint(halfway / "checkpoint-12").step == 12
    flip_bit(halfway / "checkpoint-12" / "trainer_state.json", at=0.5)
    with pytest.raises(ModelError, match=r"checkpoint-12 is damaged: 1 of 6 files .* \(first: trainer_state\.json\)"):
        read_checkpoint(halfway / "checkpoint-12")
