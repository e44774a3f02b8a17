"""`fairasr train` and `fairasr mitigate` compute with one thread unless told otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

import fairasr.mitigating
from fairasr.cli.main import run as cli
from fairasr.core.errors import JobError


@pytest.mark.parametrize(("options", "n_threads"), [([], 1), (["--threads", "2"], 2)])
@pytest.mark.parametrize(("verb", "does_the_work"), [("train", "train_recogniser"), ("mitigate", "mitigate")])
def test_a_verb_that_trains_pins_its_threads(
    verb: str, does_the_work: str, options: list[str], n_threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def note(*_: object, **__: object) -> None:
        seen.append(torch.get_num_threads())
        raise JobError("enough was seen.")

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    monkeypatch.setattr(fairasr.mitigating, does_the_work, note)
    monkeypatch.setattr(fairasr.mitigating, "read_job", lambda path: path)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        told = CliRunner().invoke(cli, [verb, str(tmp_path / "job.toml"), "-o", str(tmp_path / "out"), *options])
    finally:
        torch.set_num_threads(before)
    assert told.exit_code == 1
    assert "enough was seen" in told.stderr
    assert seen == [n_threads]
