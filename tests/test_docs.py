"""What the README says works as it says, and so do the examples in docstrings."""

from __future__ import annotations

import doctest
import functools
import importlib
import pkgutil
import re
import shlex
import shutil
import tomllib
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import fairasr
from fairasr.cli.main import run
from fairasr.discovery import METHODS
from fairasr.mitigating import job_from
from fairasr.mitigating.job import CohortChoice, CorpusChoice, SelectionRule, SpeakerShares
from fairasr.mitigation import METHODS as MITIGATIONS
from fairasr.training import Budget

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
VERBS = [command.name for command in run.registered_commands] + [group.name for group in run.registered_groups]
VERBS_OF_VERIFY = ["audit", "train", "embed"]
N_SPEAKERS = 400
QUICK = {"audit": ["--permutations", "0"], "demo": ["--permutations", "0"]}
"""Added to a verb's example, so that it ends soon."""
NEEDS_RECORDINGS = {"embed", "transcribe", "mitigate", "train", "mix", "turns"}
NEED_RECORDINGS_TOO = [["verify", "train"], ["verify", "embed"]]
RUNS_UNTIL_STOPPED = {"dashboard"}
"""Verbs that tests/cli/test_dashboard_verb.py runs as a process of its own."""

"""Verbs whose examples are not run here: they need audio and an extra; tests/cli and tests/mitigating run them on tones."""
JOBS = (ROOT / "docs" / "mitigation.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


def commands(program: str) -> list[list[str]]:
    """Arguments of every command of `program` in the README's shell examples."""
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith(f"{program} ")]


@pytest.fixture(scope="module")
def demo_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the demo, with the utterances of its first 400 speakers."""
    from fairasr.testing import write_demo

    folder = tmp_path_factory.mktemp("corpus")
    files = write_demo(folder, 0)
    utterances = pd.read_csv(files.utterances, dtype=str, keep_default_na=False)
    kept = utterances[utterances["speaker_id"].isin(sorted(utterances["speaker_id"].unique())[:N_SPEAKERS])]
    kept.to_csv(files.utterances, index=False)
    hypotheses = pd.read_csv(files.hypotheses, dtype=str, keep_default_na=False)
    hypotheses[hypotheses["utterance_id"].isin(kept["utterance_id"])].to_csv(files.hypotheses, index=False)
    with np.load(files.embeddings) as stored:
        rows = np.isin(stored["utterance_id"], kept["utterance_id"].to_numpy(dtype=str))
        vectors = {name: stored[name][rows] for name in ("utterance_id", "embedding")}
    np.savez(files.embeddings, **vectors)
    return folder


@pytest.fixture
def in_corpus(demo_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with the demo's files, as a reader of the README would."""
    shutil.copytree(demo_corpus, tmp_path, dirs_exist_ok=True)
    shutil.copytree(ROOT / "data_manifests", tmp_path / "data_manifests")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_python_examples_run(in_corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    examples = blocks("python")
    assert len(examples) == 2
    monkeypatch.setattr(fairasr, "audit", functools.partial(fairasr.audit, n_permutations=0), raising=False)
    for example in examples:
        exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - the README is ours
    assert "region 1" in capsys.readouterr().out
    assert (in_corpus / "reports" / "audit" / "report.html").is_file()


def test_the_first_python_example_has_12_lines_of_code_at_most() -> None:
    assert 0 < len([line for line in blocks("python")[0].splitlines() if line.strip()]) <= 12


def test_the_shell_examples_run_one_after_the_other(in_corpus: Path) -> None:
    examples = commands("fairasr")
    assert len(examples) >= len(VERBS)
    for arguments in examples:
        verb = arguments[0]
        if verb in NEEDS_RECORDINGS | RUNS_UNTIL_STOPPED or "--speech" in arguments or arguments[:2] in NEED_RECORDINGS_TOO:
            continue
        result = CliRunner().invoke(run, [*arguments, *QUICK.get(verb, [])], catch_exceptions=False)
        assert result.exit_code == 0, f"fairasr {shlex.join(arguments)}: {result.stderr}"
    assert (in_corpus / "out" / "demo" / "report" / "report.html").is_file()


def test_every_verb_has_an_example() -> None:
    assert {arguments[0] for arguments in commands("fairasr")} == set(VERBS)


def test_every_option_in_the_readme_exists() -> None:
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) - {"--help", "--no-deps"}
    assert options
    asked = [[verb] for verb in VERBS] + [["verify", verb] for verb in VERBS_OF_VERIFY]
    described = " ".join(CliRunner().invoke(run, [*verb, "--help"]).stdout for verb in asked)
    assert [option for option in sorted(options) if option not in described] == []


def test_every_discovery_is_in_the_readme() -> None:
    assert len(METHODS) >= 4
    assert [name for name in METHODS if f"| `{name}` |" not in README] == []


def test_every_mitigation_is_explained() -> None:
    assert len(MITIGATIONS) >= 15
    assert [name for name in MITIGATIONS if f"`{name}`" not in JOBS] == []


def test_every_key_of_a_job_is_explained() -> None:
    tables = {
        "corpus": CorpusChoice,
        "cohorts": CohortChoice,
        "speakers": SpeakerShares,
        "budget": Budget,
        "selection": SelectionRule,
    }
    keys = [field.name for kind in tables.values() for field in fields(kind)]
    assert len(keys) > 25
    assert [key for key in keys if f"`{key}`" not in JOBS] == []
    assert [name for name in tables if f"`[{name}]`" not in JOBS] == []


def test_the_job_in_the_guide_can_be_run() -> None:
    """Its TOML is read as a job; so is the README's."""
    examples = [
        block for text in (JOBS, README) for block in re.findall(r"^```toml\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    ]
    assert len(examples) == 2
    assert [len(job_from(tomllib.loads(example)).methods) for example in examples] == [3, 3]


def test_every_make_target_in_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {arguments[0] for arguments in commands("make")} | set(re.findall(r"`make ([a-z-]+)", README))
    assert {"demo", "test"} <= targets
    assert [target for target in sorted(targets) if not re.search(rf"^{target}:.*## ", makefile, flags=re.MULTILINE)] == []


def test_every_link_in_the_readme_leads_somewhere() -> None:
    paths = [first or second for first, second in re.findall(r"\]\(([^)]+)\)|src=\"([^\"]+)\"", README)]
    assert paths
    assert [path for path in paths if "://" not in path and not (ROOT / path).exists()] == []


def test_the_changelog_names_the_version() -> None:
    assert f"## [{fairasr.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_examples_in_docstrings_hold() -> None:
    names = [module.name for module in pkgutil.walk_packages(fairasr.__path__, "fairasr.") if not module.name.endswith("__main__")]
    assert len(names) > 50
    failed = {name: doctest.testmod(importlib.import_module(name)).failed for name in names}
    assert [name for name, n_failed in failed.items() if n_failed] == []
