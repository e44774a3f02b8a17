"""The recommended model: saved whole with its card where the verdict allows, and never left over from an earlier run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from tone_job import PLAIN, run

from fairasr.core import sha256_of
from fairasr.core.errors import JobError, OutputError
from fairasr.mitigating import Mitigated
from fairasr.models import load
from fairasr.models.cohort_conditioned import CohortConditioned
from fairasr.models.weights import weights_sha256


@pytest.fixture(scope="module")
def accepted(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Mitigated:
    """A job whose first choice is accepted.

    The base model errs now and then for everyone else too (a reference of each speaker is wrong), or no loss of theirs could be
    ruled out; and the margin is large.
    """
    folder = tmp_path_factory.mktemp("accepted")
    shutil.copytree(world / "people", folder / "people")
    table = pd.read_csv(folder / "people" / "utterances.csv")
    wrong = table["utterance_id"].str.endswith("-0") & (table["accent"] == "plain")
    table.loc[wrong, "reference"] = [" ".join(reversed(text.split())) for text in table.loc[wrong, "reference"]]
    table.to_csv(folder / "people" / "utterances.csv", index=False)
    return run(
        world,
        folder / "job",
        corpus={"source": str(folder / "people" / "utterances.csv")},
        cohorts={"method": "declared:accent", "target": ["shifted"], "min_speakers": 5},
        method=[{"name": "interpolation", "alpha": 0.5}],
        selection={"overall_cap": 1.0, "margin": 2.0},
    )


def test_a_method_that_is_accepted_is_saved_as_a_model_with_its_card(accepted: Mitigated, tmp_path: Path) -> None:
    assert accepted.result.recommended
    assert accepted.model is not None
    assert accepted.league.set_index("method")["chosen"].to_dict()[accepted.result.recommended]
    written = accepted.write(tmp_path)
    saved = load(tmp_path / "model")
    assert saved.name == accepted.model.name
    assert weights_sha256(saved) == weights_sha256(accepted.model)
    assert tmp_path / "model" / "README.md" in written
    card = (tmp_path / "model" / "README.md").read_text()
    assert f"# tones, fine-tuned: {accepted.result.recommended}" in card
    assert sha256_of(tmp_path / "model" / "model.safetensors") in card
    assert not list(tmp_path.glob(".unfinished-*"))


def test_a_model_that_is_no_longer_recommended_does_not_stay(accepted: Mitigated, tmp_path: Path) -> None:
    accepted.write(tmp_path)
    assert (tmp_path / "model").is_dir()
    kept = replace(accepted, model=None, result=replace(accepted.result, recommended=""))
    assert not any("model" in path.parts for path in kept.write(tmp_path))
    assert not (tmp_path / "model").exists()
    assert (tmp_path / "report.html").is_file()
    assert not list(tmp_path.glob(".unfinished-*"))


def test_a_model_of_another_kind_takes_the_place_of_the_former_one_whole(accepted: Mitigated, tmp_path: Path) -> None:
    """A model that is told the cohort has files of other names: those of the former one would be read in its stead."""
    assert accepted.model is not None
    accepted.write(tmp_path)
    replace(accepted, model=CohortConditioned(accepted.model.clone(), labels=["north"])).write(tmp_path)
    assert isinstance(load(tmp_path / "model"), CohortConditioned)
    weights = sorted(path.relative_to(tmp_path / "model") for path in (tmp_path / "model").rglob("*.safetensors"))
    assert [str(path) for path in weights] == ["base/model.safetensors", "cohort_conditioned.safetensors"]
    card = (tmp_path / "model" / "README.md").read_text()
    assert all(f"| {path} | {sha256_of(tmp_path / 'model' / path)} |" in card for path in weights)


@pytest.mark.parametrize("is_recommended", [True, False])
def test_a_folder_that_no_job_wrote_is_left_alone(accepted: Mitigated, tmp_path: Path, is_recommended: bool) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "README.md").write_text("# My own\n")
    found = accepted if is_recommended else replace(accepted, model=None)
    with pytest.raises(OutputError, match="was not written by a job"):
        found.write(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "README.md"]


def test_a_job_may_not_recommend_over_its_base_model(world: Path, tmp_path: Path) -> None:
    shutil.copytree(world / "model", tmp_path / "model")
    with pytest.raises(JobError, match="where the recommended model would replace it"):
        run(world, tmp_path, model=str(tmp_path / "model"), method=PLAIN)
