"""Two processes under torchrun do what one does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from parallel_runs import CASES, run_case
from toy_recogniser import same_weights

from fairasr.training import world
from fairasr.training.weights import read_tensors

SCRIPT = Path(__file__).with_name("parallel_runs.py")


@pytest.fixture(scope="module")
def parallel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of all cases, run by two processes over gloo."""
    folder = tmp_path_factory.mktemp("parallel")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(SCRIPT.parents[2])}
    done = subprocess.run([*command, str(SCRIPT), str(folder)], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def told(folder: Path) -> list[dict[str, Any]]:
    return [json.loads((folder / f"rank-{rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.parametrize("case", CASES)
def test_two_processes_end_with_the_weights_of_one(parallel: Path, tmp_path: Path, case: str) -> None:
    run_case(case, tmp_path)
    one, two = (read_tensors(folder / case / "snapshots" / "step-5.safetensors") for folder in (tmp_path, parallel))
    assert one.keys() == two.keys()
    assert max(float((one[name] - two[name]).abs().max()) for name in one) < 1e-6
    histories = [(folder / case / "history.jsonl").read_text().splitlines() for folder in (tmp_path, parallel)]
    assert len(histories[0]) == len(histories[1]) == 5
    for row, other in zip(*histories, strict=True):
        assert json.loads(other) == pytest.approx(json.loads(row), abs=1e-5)


def test_the_penalty_case_moves_the_parameter_that_only_the_penalty_knows(parallel: Path) -> None:
    weights = read_tensors(parallel / "accumulated" / "snapshots" / "step-5.safetensors")
    assert float(weights["idle.weight"].max()) < 0.999
    assert float(read_tensors(parallel / "even" / "snapshots" / "step-5.safetensors")["idle.weight"].min()) == 1


def test_a_run_of_two_processes_goes_on_as_if_it_had_never_stopped(parallel: Path) -> None:
    """With dropout, so that the random state of both processes counts."""
    assert [rank["stopped"] for rank in told(parallel)] == [4, 4]
    whole, stopped = (read_tensors(parallel / name / "snapshots" / "step-5.safetensors") for name in ("whole", "stopped"))
    assert same_weights(whole, stopped)


def test_a_term_sees_the_losses_of_all_processes_and_keeps_its_state(parallel: Path, tmp_path: Path) -> None:
    seen = run_case("gathered", tmp_path)
    for rank in told(parallel):
        assert rank["gathered"] == pytest.approx(seen, rel=1e-5)
        assert rank["again"] == rank["gathered"], "a finished run gives it back"


def test_tensors_of_all_processes_come_in_order_and_gradients_to_their_own(parallel: Path) -> None:
    first, second = told(parallel)
    assert first["together"] == second["together"] == [[0, 0], [1, 1], [1, 1]]
    assert first["gradient"] == [[1, 1]]
    assert second["gradient"] == [[2, 2], [3, 3]]
    assert first["scalar"] == second["scalar"] == [0, 1]


def test_what_goes_wrong_on_one_process_is_raised_on_all(parallel: Path) -> None:
    for rank in told(parallel):
        assert rank["error"] == "only the main process knows"
        assert "has 1 utterances, which cannot be shared out among 2 processes" in rank["small"]
        assert rank["lost"].startswith("at step 1 the penalty loss is not a finite number")


def test_one_process_needs_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    tensor = torch.zeros(3)
    assert (world.rank(), world.world_size(), world.is_main()) == (0, 1, True)
    assert world.gathered(tensor) is tensor
    assert world.gathered_objects("x") == ["x"]
    assert world.told_by_main(lambda: 4) == 4
    world.barrier()
    world.connect()
    assert not torch.distributed.is_initialized()
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert (world.rank(), world.world_size(), world.is_main()) == (2, 4, False)
