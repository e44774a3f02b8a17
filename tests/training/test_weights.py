"""Weights on disk: the same bytes for the same numbers, tied ones once, damage and other architectures found."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import torch
from toy_recogniser import Toy, same_weights, weights_of

from fairasr.core.errors import ModelError, OutputError
from fairasr.training import load_snapshot
from fairasr.training.weights import read_tensors, write_snapshot, write_tensors


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    path = tmp_path / "snapshots" / "step-1.safetensors"
    write_snapshot(path, Toy(seed=1, batch_norm=True).module)
    return path


def test_a_snapshot_gives_the_weights_back(snapshot: Path) -> None:
    model = Toy(seed=2, batch_norm=True)
    load_snapshot(model, snapshot)
    assert same_weights(weights_of(model), weights_of(Toy(seed=1, batch_norm=True)))
    assert model.module.leave.weight is model.module.leave_again.weight, "tied weights stay tied"


def test_tied_weights_are_written_once(tmp_path: Path) -> None:
    weight = torch.randn(100, 100)
    write_tensors(tmp_path / "tied", {"one": weight, "two": weight, "three": weight[:50], "four": weight.T})
    assert (tmp_path / "tied").stat().st_size < 4 * (10_000 + 5_000 + 10_000) + 1000, "a slice and a transpose are others"
    read = read_tensors(tmp_path / "tied")
    assert torch.equal(read["two"], weight)
    assert torch.equal(read["three"], weight[:50])
    assert torch.equal(read["four"], weight.T)


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_snapshot(tmp_path / name, Toy(seed=1).module)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_every_kind_of_number_comes_back(tmp_path: Path) -> None:
    tensors = {
        "half": torch.randn(3).to(torch.bfloat16),
        "bytes": torch.arange(5, dtype=torch.uint8),
        "scalar": torch.tensor(2.5, dtype=torch.float64),
        "none": torch.zeros(0, 3),
        "none too": torch.zeros(0, 3),
        "bits": torch.tensor([True, False]),
    }
    write_tensors(tmp_path / "kinds", tensors)
    read = read_tensors(tmp_path / "kinds")
    assert same_weights(read, tensors)
    assert all(read[name].dtype == tensors[name].dtype for name in tensors)


@pytest.mark.parametrize("at", [0, 3, 20, 300, -200, -1])
def test_a_flipped_bit_is_found_wherever_it_is(snapshot: Path, at: int) -> None:
    content = bytearray(snapshot.read_bytes())
    content[at] ^= 4
    snapshot.write_bytes(bytes(content))
    model = Toy(batch_norm=True)
    before = weights_of(model)
    with pytest.raises(ModelError):
        load_snapshot(model, snapshot)
    assert same_weights(weights_of(model), before)


def test_a_cut_file_and_a_foreign_one_are_refused(snapshot: Path, tmp_path: Path) -> None:
    snapshot.write_bytes(snapshot.read_bytes()[:-30])
    with pytest.raises(ModelError, match="damaged"):
        load_snapshot(Toy(batch_norm=True), snapshot)
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(2)}, tmp_path / "foreign")
    with pytest.raises(ModelError, match="no weights of a training run"):
        load_snapshot(Toy(), tmp_path / "foreign")
    with pytest.raises(ModelError, match="there are no weights"):
        load_snapshot(Toy(), tmp_path / "absent")


def test_another_architecture_is_refused_with_the_first_difference(snapshot: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"5 of 10 weights differ \(first: 'norm.bias', \[8\] there, absent in the model"):
        load_snapshot(Toy(), snapshot)
    wider = Toy(batch_norm=True)
    wider.module.enter = torch.nn.Linear(5, 8)
    with pytest.raises(ModelError, match=r"1 of 10 weights differ \(first: 'enter.weight', \[8, 4\] there, \[8, 5\] in the model"):
        load_snapshot(wider, snapshot)


def test_weights_that_cannot_be_written_leave_the_older_file(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_snapshot(snapshot, Toy(seed=5, batch_norm=True).module)
    assert snapshot.read_bytes() == before
    assert [path.name for path in snapshot.parent.iterdir()] == [snapshot.name]
