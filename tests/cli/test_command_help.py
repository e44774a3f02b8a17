"""Help: quick, complete, readable at 80 columns."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import typer
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


def _texts(command: Any, *verb: str) -> dict[tuple[str, ...], list[str]]:
    """Every text of the help as it is written in the code, by the words that call for it."""
    found = {verb: [text for text in (command.help, *(getattr(of, "help", "") for of in command.params)) if text]}
    for name, below in getattr(command, "commands", {}).items():
        found |= _texts(below, *verb, name)
    return found


def test_words_in_brackets_are_shown() -> None:
    in_brackets = {
        verb: [word for text in texts for word in re.findall(r"\[[^\[\]\s]+\]", text)]
        for verb, texts in _texts(typer.main.get_command(run)).items()
    }
    assert ("verify", "audit") in in_brackets
    assert "[settings]" in in_brackets["train",]
    eaten = [(*verb, word) for verb, words in in_brackets.items() for word in words if word not in fairasr(*verb, "--help").printed]
    assert eaten == []


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
