"""Threads: one unless somebody says otherwise, and as before when the work is done."""

from __future__ import annotations

import pytest
import torch

from fairasr.training.threads import chosen_threads

BEFORE = 3


@pytest.fixture(autouse=True)
def three_threads() -> object:
    threads = torch.get_num_threads()
    torch.set_num_threads(BEFORE)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("asked", "variable", "has_gpu", "expected"),
    [
        (None, None, False, 1),
        (None, "", False, 1),
        (None, "3", False, BEFORE),
        (None, None, True, BEFORE),
        (2, None, False, 2),
        (2, "3", False, 2),
        (2, None, True, 2),
    ],
)
def test_one_thread_is_taken_unless_asked_for_more_or_told_by_the_environment_or_a_gpu_does_the_work(
    monkeypatch: pytest.MonkeyPatch, asked: int | None, variable: str | None, has_gpu: bool, expected: int
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if variable is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", variable)
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: has_gpu)
    with chosen_threads(asked):
        assert torch.get_num_threads() == expected
    assert torch.get_num_threads() == BEFORE


def test_the_threads_are_as_before_after_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), chosen_threads(1):
        raise ZeroDivisionError
    assert torch.get_num_threads() == BEFORE
