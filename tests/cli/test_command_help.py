"""Help: quick, complete, readable at 80 columns."""

from __future__ import annotations

import subprocess
import sys

import pytest
from small_corpus import fairasr

from fairasr.cli.main import run

VERBS = [command.name for command in run.registered_commands]


def test_there_are_these_verbs() -> None:
    assert VERBS == [
        "audit",
        "compare",
        "validate",
        "score",
        "discover",
        "embed",
        "transcribe",
        "mitigate",
        "train",
        "mix",
        "turns",
        "report",
        "dashboard",
        "methods",
        "demo",
    ]


def test_no_arguments_show_the_help() -> None:
    outcome = fairasr()
    assert [verb for verb in VERBS if verb not in outcome.printed + outcome.message] == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_of_a_verb_says_what_it_does(verb: str) -> None:
    outcome = fairasr(verb, "--help")
    assert outcome.status == 0
    assert max(len(line.rstrip()) for line in outcome.printed.splitlines()) <= 80
    assert "…" not in outcome.printed, "an option is cut off"
    assert "list[" not in outcome.printed, "a type instead of a word for the value"


def test_options_of_audit_are_in_groups() -> None:
    printed = fairasr("audit", "--help").printed
    groups = ["Arguments", "Options", "Discovery of cohorts", "Estimation", "Scoring", "Reading the corpus"]
    places = [printed.find(f"─ {group} ─") for group in groups]
    assert -1 not in places
    assert places == sorted(places)


def test_the_version_is_printed() -> None:
    from fairasr import __version__

    assert fairasr("--version").printed.strip() == __version__


@pytest.mark.parametrize("arguments", [["--help"], ["audit", "--help"], ["--version"]])
def test_help_loads_no_table_library(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom fairasr.cli.main import run\n"
        f"try: run({arguments})\nexcept SystemExit: pass\n"
        "print('LOADED', [name for name in ('numpy', 'pandas', 'pyarrow', 'scipy', 'shapely', 'jinja2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED []"


def test_a_terminal_without_the_characters_shows_others(corpus_outcome: subprocess.CompletedProcess[bytes]) -> None:
    assert corpus_outcome.returncode == 0, corpus_outcome.stderr
    assert b"?" in corpus_outcome.stdout
    assert b"Traceback" not in corpus_outcome.stderr


@pytest.fixture
def corpus_outcome(audited: object) -> subprocess.CompletedProcess[bytes]:
    """The table of a finished audit on a terminal that knows ASCII alone."""
    code = (
        "import sys\nfrom fairasr.cli.main import main\nmain()\n"
        "from fairasr.cli.summary import print_summary\nfrom fairasr.report import read_audit\n"
        "print_summary(read_audit(sys.argv[1]))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(audited)], capture_output=True, check=False, env={"PYTHONIOENCODING": "ascii", "PATH": ""}
    )
