"""Whatever stops an audit, the report of the one before is as it was, and one message says what happened."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from small_corpus import Outcome, digests, fairasr, stoppable

ARGUMENTS = ("--method", "declared:accent", "--method", "geo-tree", "--permutations", "0", "--seed", "3")


def assert_untouched(outcome: Outcome, folder: Path, before: dict[str, str]) -> None:
    assert outcome.status == 1
    assert outcome.message.startswith("OutputError: ")
    assert outcome.message.count("Error: ") == 1
    assert len(outcome.message.splitlines()) == 1
    assert before
    assert digests(folder) == before
    assert [path for path in folder.parent.iterdir() if path.name.startswith(f".{folder.name}")] == [], "left-overs"


def test_a_full_disk_leaves_the_last_report(corpus: Path, audited: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digests(audited)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    outcome = fairasr("audit", corpus, "-o", audited, *ARGUMENTS)
    monkeypatch.undo()
    assert "No space left on device" in outcome.message
    assert "What was there before is unchanged" in outcome.message
    assert_untouched(outcome, audited, before)


def test_a_disk_that_fills_in_the_middle_of_a_file_leaves_the_last_report(corpus: Path, audited: Path) -> None:
    """The kernel refuses what goes beyond 20,000 bytes of a file, as a full disk or a quota would."""
    before = digests(audited)
    assert max(path.stat().st_size for path in audited.rglob("*")) > 20_000, "or nothing is refused"
    done = subprocess.run(
        [sys.executable, "-m", "fairasr", "audit", corpus, "-o", audited, *ARGUMENTS],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert_untouched(Outcome(status=done.returncode, printed=done.stdout, message=done.stderr), audited, before)


@pytest.mark.parametrize("verb", ["audit", "discover", "demo"])
def test_a_folder_that_is_a_file_is_refused_before_the_work(verb: str, corpus: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    source = [] if verb == "demo" else [corpus.with_name("not-even-read.csv")]
    for output in (taken, taken / "below"):
        outcome = fairasr(verb, *source, "-o", output)
        assert outcome.status == 1
        assert outcome.message.startswith(f"OutputError: cannot write results to '{output}': '{taken}' is a file.")
    assert taken.read_text() == "mine"


@pytest.mark.parametrize(("verb", "name"), [("score", "counts.csv"), ("embed", "voices.npz"), ("report", "page.html")])
def test_a_file_that_is_a_folder_is_refused_before_the_work(verb: str, name: str, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    outcome = fairasr(verb, corpus.with_name("not-even-read.csv"), "-o", tmp_path / name)
    assert outcome.status == 1
    assert "it is a folder" in outcome.message


@pytest.mark.parametrize("verb", ["score", "embed"])
def test_a_file_of_an_unknown_ending_is_refused_before_the_work(verb: str, corpus: Path, tmp_path: Path) -> None:
    outcome = fairasr(verb, corpus.with_name("not-even-read.csv"), "-o", tmp_path / "result.xlsx")
    assert outcome.status == 1
    assert "its name must end in" in outcome.message


def test_a_folder_that_may_not_be_written_to_is_refused(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests may run as root, to whom all is allowed.
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    outcome = fairasr("audit", corpus, "-o", tmp_path / "report")
    assert outcome.status == 1
    assert f"writing to '{tmp_path}' is not allowed" in outcome.message


INTERRUPTIBLE = """
import contextlib, sys
import fairasr.cli.progress as progress

@contextlib.contextmanager
def telling():
    yield lambda what, done, total: print(what, flush=True)

progress.progress = telling
from fairasr.cli.main import run
run(sys.argv[1:])
"""


def test_ctrl_c_in_the_middle_ends_with_one_line_and_the_last_report(corpus: Path, audited: Path) -> None:
    before = digests(audited)
    command = [sys.executable, "-c", INTERRUPTIBLE, "audit", str(corpus), "-o", str(audited), "--method", "geo-tree"]
    with stoppable([*command, "--permutations", "1000000"]) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "permutations" in line:
                break
        else:
            pytest.fail("it ended before it was interrupted")
        process.send_signal(signal.SIGINT)
        _, message = process.communicate(timeout=60)
    assert process.returncode == 130
    assert message == "Interrupted. What was written before is still there, and nothing is half written.\n"
    assert digests(audited) == before
