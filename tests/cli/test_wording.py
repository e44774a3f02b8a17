"""What a message names as an argument of the library is an option on the command line."""

from __future__ import annotations

import pytest
from small_corpus import fairasr

from fairasr.cli.main import run
from fairasr.cli.wording import OPTIONS, as_options


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Pass missing='deletions' to count them.", "Pass --missing deletions to count them."),
        ("name its encoding with encoding=.", "name its encoding with --encoding."),
        ("map one with columns=.", "map one with --column NAME=COLUMN."),
        ("Pass speaker_ids=False (--no-speaker-ids) if", "Pass --no-speaker-ids if"),
        ("Pass unit='character' for", "Pass --unit character for"),
        ("the column unitmissing='x' stays", "the column unitmissing='x' stays"),
        ("nothing to change", "nothing to change"),
    ],
)
def test_arguments_become_options(message: str, told: str) -> None:
    assert as_options(message) == told


def test_every_option_told_of_exists() -> None:
    described = " ".join(fairasr(command.name, "--help").printed for command in run.registered_commands)
    assert OPTIONS
    assert [option for option in OPTIONS.values() if option.split()[0] not in described] == []
