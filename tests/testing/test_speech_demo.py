"""The speech demo, small: every stage runs, parts share no speaker, the pages say what they do not prove."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from fairasr.cli.main import run
from fairasr.mitigating import read_from_scratch, read_job, speech_demo
from fairasr.mitigating.speech_demo import SpeechDemoSize
from fairasr.testing.speech import CAUTION, MAJORITY

pytest.importorskip("espeakng_loader", reason="the synthesiser is an extra: speech-demo")
pytest.importorskip("transformers", reason="training needs an extra: train")

WORST = "Caribbean"
SMALL = SpeechDemoSize(
    base_speakers=10,
    base_utterances=10,
    people={MAJORITY: 16, WORST: 16},
    utterances=2,
    forgetting_speakers=4,
    base_steps=100,
    base_batch=8,
    network={"d_model": 48, "n_blocks": 1, "n_heads": 2, "expansion": 2},
    steps=6,
    strengths=(1.0,),
    shares=(0.5,),
    region_speakers=7,
    min_speakers=3,
)


def small_demo(folder: Path, *, seed: int = 0) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speech_demo, "speech_demo", functools.partial(speech_demo.speech_demo, size=SMALL))
        arguments = ["demo", "--speech", "-o", str(folder), "--permutations", "0", "--seed", str(seed)]
        return CliRunner().invoke(run, arguments, catch_exceptions=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def outcome(folder: Path) -> Result:
    return small_demo(folder)


def test_it_says_where_the_reports_are_what_the_verdicts_are_and_what_it_does_not_prove(outcome: Result, folder: Path) -> None:
    assert outcome.exit_code == 0, outcome.stderr
    printed = " ".join(outcome.stdout.split())
    assert "robotic synthesis is no stand-in for people" in printed.lower()
    assert "Recommended" in printed
    for report in (folder / "audit" / "report.html", folder / "mitigation" / "report.html"):
        assert str(report) in outcome.stdout.replace("\n", "")
        assert CAUTION in report.read_text(encoding="utf-8")


def test_its_job_files_can_be_run_again_by_hand(outcome: Result, folder: Path) -> None:
    assert read_from_scratch(folder / "train.toml").corpus.source == folder / "speech" / "base"
    job = read_job(folder / "mitigate.toml")
    assert [block.name for block in job.methods] == ["fine-tuning", "ewc", "mix", "interpolation"]
    assert job.cohorts.audit == folder / "audit"


def test_its_parts_share_no_speaker(outcome: Result, folder: Path) -> None:
    names = ("base", "people", "majority")
    base, people, majority = (pd.read_parquet(folder / "speech" / name / "utterances.parquet") for name in names)
    assert set(base["accent"]) == set(majority["accent"]) == {MAJORITY}
    assert (len(base), len(people), len(majority)) == (100, 64, 8)
    assert pd.concat([part["speaker_id"].drop_duplicates() for part in (base, people, majority)]).is_unique
    speakers = json.loads((folder / "mitigation" / "report.json").read_text(encoding="utf-8"))["speakers"]
    assert speakers["training"] + speakers["development"] + speakers["test"] == people["speaker_id"].nunique()


def test_run_again_it_trains_nothing_and_finds_the_same(outcome: Result, folder: Path) -> None:
    def weights() -> dict[str, int]:
        return {path.as_posix(): path.stat().st_mtime_ns for path in (folder / "mitigation" / "runs").rglob("*.safetensors")}

    before = weights()
    assert len(before) > 0
    again = small_demo(folder)
    assert again.exit_code == 0, again.stderr
    assert again.stdout == outcome.stdout
    assert weights() == before


def test_a_folder_of_another_seed_is_refused_before_anything_is_lost(outcome: Result, folder: Path) -> None:
    before = (folder / "audit" / "report.html").read_bytes()
    refused = small_demo(folder, seed=1)
    assert refused.exit_code == 1
    assert "holds a speech demo of another seed, size or version" in refused.stderr
    assert (folder / "audit" / "report.html").read_bytes() == before
