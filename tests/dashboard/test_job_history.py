"""Reading a history while it grows: whole lines only, damaged ones counted, long ones thinned to their extremes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from job_world import line

from fairasr.dashboard import history
from fairasr.dashboard.history import MOST_QUANTITIES, N_BUCKETS, read_history


def write(folder: Path, *lines: str) -> Path:
    path = folder / "history.jsonl"
    path.write_text("".join(lines))
    return path


def test_a_short_history_is_kept_whole(tmp_path: Path) -> None:
    write(tmp_path, line(1, loss_task=3.0, audio_s=5), line(2, loss_task=2.5, audio_s=7), line(3, loss_task=None, audio_s=1))
    read = read_history(tmp_path)
    assert read.points["loss_task"] == ((1, 3.0), (2, 2.5))
    assert read.last == {"loss_task": 2.5, "audio_s": 1.0}
    assert (read.n_steps, read.audio_s, read.n_damaged, read.problem) == (3, 13.0, 0, "")


def test_a_half_written_last_line_waits_until_it_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path, line(1, loss_task=3.0), '{"step": 2, "loss_t')
    assert read_history(tmp_path).n_steps == 1
    assert read_history(tmp_path).n_damaged == 0
    with path.open("a") as stream:
        stream.write('ask": 2.0}\n')
    read = read_history(tmp_path)
    assert read.points["loss_task"] == ((1, 3.0), (2, 2.0))
    assert read.n_damaged == 0


DAMAGED = [
    "{\n",
    "\n",
    "[1, 2]\n",
    '{"loss_task": 1}\n',
    '{"step": true}\n',
    '{"step": -1}\n',
    '{"step": 1.5}\n',
    '{"step": 1e300}\n',
    f'{{"step": {10**20}}}\n',
    "[" * 50_000 + "\n",
    "\x00\x01\n",
    '"' + "x" * 200_000 + '"\n',
]


@pytest.mark.parametrize("damaged", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_line_is_counted_once_and_the_others_are_kept(tmp_path: Path, damaged: str) -> None:
    write(tmp_path, line(1, loss_task=3.0), damaged, line(2, loss_task=2.0))
    read = read_history(tmp_path)
    assert read.n_damaged == 1
    assert read.points["loss_task"] == ((1, 3.0), (2, 2.0))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e400", "true", '"12"', "[1]", "null", "1e31", "9" * 400])
def test_what_is_no_measurement_is_left_out(tmp_path: Path, value: str) -> None:
    write(tmp_path, line(1, loss_task=3.0), f'{{"step": 2, "loss_task": {value}}}\n')
    read = read_history(tmp_path)
    assert (read.n_steps, read.points["loss_task"], read.n_damaged) == (2, ((1, 3.0),), 0)


def test_no_history_yet_is_no_damage(tmp_path: Path) -> None:
    read = read_history(tmp_path)
    assert (read.n_steps, read.points, read.n_damaged) == (0, {}, 0)
    assert read.problem == "no step was made yet"


def test_a_history_that_is_a_link_or_a_pipe_is_not_opened(tmp_path: Path) -> None:
    """A pipe would never answer."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write(elsewhere, line(1, loss_task=3.0))
    for name, make in {
        "link": lambda path: path.symlink_to(elsewhere / "history.jsonl"),
        "pipe": os.mkfifo,
        "folder": Path.mkdir,
    }.items():
        (tmp_path / name).mkdir()
        make(tmp_path / name / "history.jsonl")
        read = read_history(tmp_path / name)
        assert (read.points, read.problem) == ({}, "its history.jsonl is no plain file"), name


def test_a_long_history_keeps_the_lowest_and_the_highest_of_every_stretch(tmp_path: Path) -> None:
    n_steps = 20_000
    values = np.random.default_rng(3).normal(size=n_steps)
    values[7_777], values[12_345] = 50.0, -50.0
    write(tmp_path, *(line(step, loss_task=float(value)) for step, value in enumerate(values, start=1)))
    read = read_history(tmp_path)
    points = read.points["loss_task"]
    assert N_BUCKETS / 2 <= len(points) <= 2 * N_BUCKETS
    assert (7_778, 50.0) in points
    assert (12_346, -50.0) in points
    assert list(points) == sorted(points)
    width = 128  # the smallest power of 2 with which 20,000 steps are fewer than 240 stretches
    wanted = set()
    for start in range(0, n_steps + 1, width):
        steps = [step for step in range(start, start + width) if 1 <= step <= n_steps]
        wanted |= {min(steps, key=lambda step: values[step - 1]), max(steps, key=lambda step: values[step - 1])}
    assert {step for step, _ in points} == wanted
    assert (read.n_steps, read.last["loss_task"]) == (n_steps, values[-1])


def test_reading_on_gives_what_reading_at_once_gives(tmp_path: Path) -> None:
    lines = [line(step, loss_task=(step * 7919) % 1009 / 7, audio_s=0.5) for step in range(1, 2_000)]
    (tmp_path / "grown").mkdir()
    (tmp_path / "whole").mkdir()
    path = write(tmp_path / "grown", *lines[:10])
    for start in range(10, len(lines), 333):
        read_history(tmp_path / "grown")
        with path.open("a") as stream:
            stream.writelines(lines[start : start + 333])
    write(tmp_path / "whole", *lines)
    assert read_history(tmp_path / "grown") == read_history(tmp_path / "whole")


def test_only_what_is_new_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bytes] = []
    take = history._Reading._take

    def counted(reading: Any, text: bytes) -> bool:
        taken.append(text)
        return take(reading, text)

    monkeypatch.setattr(history._Reading, "_take", counted)
    path = write(tmp_path, line(1, loss_task=3.0), line(2, loss_task=2.0))
    read_history(tmp_path)
    read_history(tmp_path)
    assert len(taken) == 2
    with path.open("a") as stream:
        stream.write(line(3, loss_task=1.0))
    assert read_history(tmp_path).n_steps == 3
    assert len(taken) == 3


def test_a_history_that_was_cut_back_or_replaced_is_read_anew(tmp_path: Path) -> None:
    """A run that is gone on with cuts its history back to its last checkpoint."""
    path = write(tmp_path, *(line(step, loss_task=float(step)) for step in range(1, 9)))
    assert read_history(tmp_path).n_steps == 8
    write(tmp_path, *(line(step, loss_task=float(step)) for step in range(1, 5)))
    assert read_history(tmp_path).n_steps == 4
    # Longer than before, and not a continuation: first in the same file, then in another of the same name.
    write(tmp_path, *(line(step, loss_task=-float(step)) for step in range(1, 20)))
    assert read_history(tmp_path).points["loss_task"][0] == (1, -1.0)
    path.unlink()
    write(tmp_path, *(line(step, loss_task=7.0) for step in range(1, 30)))
    assert read_history(tmp_path).points["loss_task"][0] == (1, 7.0)


def test_quantities_and_names_without_end_are_not_kept(tmp_path: Path) -> None:
    write(tmp_path, line(1, **{f"q{i}": 1.0 for i in range(500)}), line(2, **{"x" * 5_000: 1.0}))
    assert len(read_history(tmp_path).points) == MOST_QUANTITIES


def test_memory_holds_only_so_many_histories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_KEPT", 3)
    for position in range(8):
        (tmp_path / str(position)).mkdir()
        write(tmp_path / str(position), line(1, loss_task=float(position)))
        assert read_history(tmp_path / str(position)).last == {"loss_task": float(position)}
    assert len(history._readings) <= 3
