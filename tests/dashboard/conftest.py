"""Results to show, a dashboard that serves them, and a browser that looks at it and counts what it asks for."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from viewing import Viewer

from fairasr.report import write_verification

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "report"))

from verification_example import verification

REPOSITORY = Path(__file__).resolve().parents[2]


def fairasr(*arguments: str | Path) -> None:
    """Run the command as a user does; what it says is shown where it fails."""
    done = subprocess.run([sys.executable, "-m", "fairasr", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def made_once(folder: Path) -> Iterator[bool]:
    """Whether `folder` has to be made: by one of several processes, while the others wait."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder.with_suffix(".done")
        yield not done.exists()
        done.touch()


def shared_folder(factory: pytest.TempPathFactory, worker: str, name: str) -> Path:
    """A folder that all processes of the test run share."""
    base = factory.getbasetemp()
    return (base if worker == "master" else base.parent) / name


@pytest.fixture(scope="session")
def worker() -> str:
    """Name of this process of the test run; "master" where there is but one."""
    import os

    return os.environ.get("PYTEST_XDIST_WORKER", "master")


@pytest.fixture(scope="session")
def demo_results(tmp_path_factory: pytest.TempPathFactory, worker: str) -> Path:
    """The demo's audit with its utterances, its two systems compared, and the fine-tuning job of the speech demo."""
    folder = shared_folder(tmp_path_factory, worker, "demo-results")
    with made_once(folder) as is_mine:
        if is_mine:
            fairasr("demo", "-o", folder / "demo")
            corpus = folder / "demo" / "corpus"
            comparison = ["--before", "cloud-a", "--after", "open-b", "--by", "first_language", "--missing", "deletions"]
            tables = [corpus / "utterances.csv", "--hypotheses", corpus / "hypotheses.csv"]
            fairasr("compare", *tables, *comparison, "-o", folder / "change")
            shutil.copytree(REPOSITORY / "reports" / "speech_demo" / "mitigation", folder / "job")
            write_verification(verification(), folder / "verify")
    return folder


@pytest.fixture(scope="session")
def african_results(tmp_path_factory: pytest.TempPathFactory, worker: str, shared_data: Path) -> Path:
    """AfriSpeech-200 under two recognisers, audited and compared."""
    source = shared_data / "afrispeech200"
    if not source.is_dir():
        pytest.skip("AfriSpeech-200 is not there")
    folder = shared_folder(tmp_path_factory, worker, "african-results")
    systems = ("openai_whisper_medium", "openai_whisper_medium_all")
    recipe = ["--recipe", REPOSITORY / "data_manifests" / "afrispeech200.toml", "--missing", "deletions"]
    with made_once(folder) as is_mine:
        if is_mine:
            only = [part for system in systems for part in ("--only", system)]
            methods = ["--method", "geo-tree", "--group", "accent", "--group", "country", "--permutations", "0"]
            fairasr("audit", source, *recipe, *only, *methods, "--keep-utterances", "-o", folder / "audit")
            compared = ["--before", systems[0], "--after", systems[1], "--by", "country"]
            fairasr("compare", source, *recipe, *compared, "-o", folder / "change")
    return folder


@pytest.fixture
def look(browser: Browser) -> Iterator[Callable[..., Viewer]]:
    """Opens windows, and closes them with their checks."""
    opened: list[Viewer] = []

    def opening(base: str, **settings: Any) -> Viewer:
        opened.append(Viewer(browser, base, **settings))
        return opened[-1]

    yield opening
    for viewer in opened:
        viewer.leave()
