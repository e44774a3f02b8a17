"""The check of a job file looks for all that the job rests on, and loads no model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairasr.cli.main import run
from fairasr.core.errors import JobError
from fairasr.mitigating import mitigate, read_job

JOB = """\
model = "model"
seeds = [{seeds}]
[corpus]
source = "{source}"
{corpus}
[cohorts]
{cohorts}
[budget]
n_steps = {n_steps}
[[method]]
name = "ewc"
strength = {strength}
"""
DEFAULTS = {"seeds": "0", "source": "people/utterances.csv", "corpus": "", "cohorts": 'method = "geo-tree"', "n_steps": "1"}


@pytest.fixture
def job_file(world: Path, tmp_path: Path) -> Callable[..., Path]:
    """Writes a job file below `tmp_path`, where the model and the corpora of the world are, with some lines changed."""
    for name in ("people", "model"):
        (tmp_path / name).symlink_to(world / name)

    def written(**changes: str) -> Path:
        path = tmp_path / "job.toml"
        path.write_text(JOB.format(**{**DEFAULTS, "strength": "[1, 10, 100]", **changes}), encoding="utf-8")
        return path

    return written


def told(path: Path) -> str:
    with pytest.raises(JobError) as raised:
        read_job(path)
    return str(raised.value)


@pytest.mark.parametrize(
    ("seeds", "strength", "counts"),
    [
        ("0", "1", "1 method, 1 candidate with 1 seed."),
        ("0, 1", "[1, 10, 100]", "1 method, 6 candidates with 2 seeds."),
    ],
)
def test_a_job_that_can_be_run_is_counted_without_loading_its_model(
    job_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, seeds: str, strength: str, counts: str
) -> None:
    def loaded(folder: Path) -> None:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("fairasr.mitigating.preparing.load", loaded)
    result = CliRunner().invoke(run, ["mitigate", str(job_file(seeds=seeds, strength=strength)), "--check"])
    assert result.exit_code == 0, result.output
    assert counts in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "peopel/utterances.csv"}, "[corpus] source: there is no '{folder}/peopel/utterances.csv'"),
        ({"source": "people"}, "[corpus] '{folder}/people' is a folder without Kaldi's text and utt2spk"),
        ({"corpus": 'hypotheses = "heard.parquet"'}, "[corpus] hypotheses: there is no '{folder}/heard.parquet'"),
        ({"corpus": 'recipe = "mine.toml"'}, "[corpus] there is no recipe 'mine.toml'"),
        ({"corpus": 'normaliser = "baisc"'}, "[corpus] there is no normaliser 'baisc'"),
        ({"corpus": 'only = { accent = ["plian"] }'}, """is left by only = { accent = ["plian"] }: 'accent' has 2 other values"""),
        ({"cohorts": 'method = "geo-tre"'}, "[cohorts] there is no discovery method 'geo-tre'; did you mean 'geo-tree'?"),
        ({"cohorts": 'method = "astrology"'}, "[cohorts] there is no discovery method 'astrology'; there are declared, geo-tree"),
        ({"cohorts": 'method = "declared:acent"'}, "[cohorts] declared:acent cannot find cohorts among the speakers"),
        ({"cohorts": 'method = "geo-tree"\nsettings = { depth = 3 }'}, "[cohorts] geo-tree has no setting depth"),
        ({"cohorts": 'audit = "reports/audit"'}, "[cohorts] "),
        ({"cohorts": 'rule = "rules/geo.json"'}, "[cohorts] '{folder}/rules/geo.json' cannot be read as a rule"),
        ({"corpus": '[forgetting.news]\nsource = "news.csv"'}, "[forgetting.news] source: there is no '{folder}/news.csv'"),
    ],
)
def test_what_is_not_there_is_told(job_file: Callable[..., Path], tmp_path: Path, changes: dict[str, str], message: str) -> None:
    assert message.replace("{folder}", str(tmp_path)) in told(job_file(**changes))


def test_a_base_model_that_is_not_there_unknown_or_without_weights_is_told(
    job_file: Callable[..., Path], tmp_path: Path, world: Path
) -> None:
    path = job_file()
    (tmp_path / "model").unlink()
    assert f"'model': there is no model folder '{tmp_path / 'model'}'" in told(path)
    (tmp_path / "model").mkdir()
    assert "holds no model" in told(path)
    (tmp_path / "model" / "config.json").write_text(json.dumps({"model_type": "bert"}))
    assert "names the model_type 'bert', which is not known here" in told(path)
    (tmp_path / "model" / "config.json").write_text(json.dumps({"model_type": "whisper"}))
    assert "has no model.safetensors" in told(path)
    shutil.copytree(world / "model", tmp_path / "model", dirs_exist_ok=True)
    assert read_job(path).model == tmp_path / "model"


def test_recordings_that_are_not_below_the_folder_of_the_table_are_told(
    job_file: Callable[..., Path], tmp_path: Path, world: Path
) -> None:
    shutil.copy(world / "people" / "utterances.csv", tmp_path / "moved.csv")
    found = told(job_file(source="moved.csv"))
    assert f"none of the 216 utterances of 'moved.csv' has its recording (first: '{tmp_path}/audio/plain-000-0.wav')" in found


def test_all_of_it_is_told_at_once_by_the_check_and_by_the_run(job_file: Callable[..., Path], tmp_path: Path) -> None:
    path = job_file(n_steps="0", source="gone.csv", cohorts='method = "geo-tre"')
    (tmp_path / "model").unlink()
    found = told(path)
    assert len([line for line in found.splitlines() if line.startswith("  - ")]) == 4
    with pytest.raises(JobError) as raised:
        mitigate(path, folder=tmp_path / "out")
    assert str(raised.value) == found
    assert not (tmp_path / "out").exists()
