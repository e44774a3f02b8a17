"""What is said of recordings that could not be used."""

from __future__ import annotations

import pytest

from fairasr.cli.failures import tell_failures


def test_all_failures_are_counted_and_the_first_five_shown(capsys: pytest.CaptureFixture[str]) -> None:
    tell_failures({f"u{i}": "it is silent" for i in range(1200)}, total=2700, done="embedded")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1,200 of 2,700 recordings could not be embedded:"
    assert lines[1:6] == [f"- u{i}: it is silent" for i in range(5)]
    assert lines[6:] == ["- and 1,195 more"]


def test_where_few_or_none_failed_nothing_more_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    tell_failures({"u0": "it is silent"}, total=3, done="transcribed")
    tell_failures({}, total=3, done="transcribed")
    assert capsys.readouterr().out == "1 of 3 recordings could not be transcribed:\n- u0: it is silent\n"
