"""`fairasr dashboard` as a process: it says where it is, answers, and stops when it is told to."""

from __future__ import annotations

import re
import signal
import sys
import urllib.request
from pathlib import Path

from small_corpus import fairasr, stoppable


def test_it_says_its_address_answers_and_stops_on_ctrl_c(audited: Path) -> None:
    command = [sys.executable, "-m", "fairasr", "dashboard", str(audited.parent), "--port", "0"]
    with stoppable(command) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/", said)
        assert address is not None, said
        with urllib.request.urlopen(address[0]) as answer:
            page = answer.read().decode()
        assert '<a href="/result/report">' in page
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0


def test_a_folder_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    outcome = fairasr("dashboard", tmp_path / "nowhere")
    assert outcome.status == 1
    assert "it does not exist. Give the folder that results were written to" in outcome.message


def test_an_address_that_others_can_reach_needs_a_token(audited: Path) -> None:
    outcome = fairasr("dashboard", audited, "--host", "0.0.0.0")
    assert outcome.status == 1
    assert "Give --token with at least 16 characters" in outcome.message
