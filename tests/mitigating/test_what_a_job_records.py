"""What a job says of its inputs, its rule and its map, and what its folder is taken to rest on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from tone_job import JOB, PLAIN, run

from fairasr.core import sha256_of
from fairasr.core.errors import DoubleDippingError, JobError
from fairasr.discovery import frozen_rule, rule_record
from fairasr.discovery.declared import DeclaredRule
from fairasr.discovery.zip_demographics import ZipRule
from fairasr.discovery.zip_partition import ZipPartition
from fairasr.discovery.zip_sides import INSIDE, OUTSIDE
from fairasr.discovery.zip_table import ZipTable
from fairasr.mitigating import Mitigated, job_from, mitigate
from fairasr.models import load
from fairasr.models.weights import weights_sha256

QUICK: dict[str, Any] = {
    "method": PLAIN,
    "seeds": [0],
    "budget": {**JOB["budget"], "n_steps": 1},
    "cohorts": {"method": "declared:accent", "target": ["shifted"], "min_speakers": 5},
}


def zip_rule(zip_codes: list[str], area_ids: list[str], sides: list[int]) -> ZipRule:
    """Two sides of so many zip codes, each code in an area."""
    table = ZipTable(name="made up", sha256="", zip_codes=np.array(zip_codes), area_ids=np.array(area_ids))
    partition = ZipPartition(
        name="shifting >= 50 %",
        other="shifting < 50 %",
        inside="zip codes where half shift or more",
        outside="zip codes where fewer shift",
        bottom_is_inside=True,
        sides=np.array(sides, dtype=np.int8),
    )
    return ZipRule(table=table, tried=(partition,))


def test_the_areas_of_a_zip_rule_are_measured_for_its_map(world: Path, tmp_path: Path) -> None:
    shutil.copytree(world / "people", tmp_path / "people")
    table = pd.read_csv(tmp_path / "people" / "utterances.csv")
    table["zip_code"] = np.where(table["accent"] == "shifted", "50309", "73102")
    table.to_csv(tmp_path / "people" / "utterances.csv", index=False)
    rule = zip_rule(["50309", "73102"], ["19", "40"], [INSIDE, OUTSIDE])
    (tmp_path / "zip.json").write_text(json.dumps(rule_record(rule, found_on=["elsewhere"])))
    shutil.copytree(world / "model", tmp_path / "model")
    cohorts = {"rule": "zip.json", "target": ["shifting >= 50 %"], "min_speakers": 5}
    found = mitigate(job_from({**JOB, **QUICK, "cohorts": cohorts}, folder=tmp_path), folder=tmp_path / "job")
    comparison = found.result.comparison
    assert comparison.map == {"kind": "areas", "boundaries": "us_states"}
    areas = comparison.systems[0].areas
    assert areas is not None
    assert set(areas.changes["cohort"]) >= {"19", "40"}
    found.write(tmp_path / "report")
    saved = json.loads((tmp_path / "report" / "rules" / "cohorts.json").read_text())
    assert saved["found_on"] == ["elsewhere"], "a saved rule was not found on this job's corpus"


def test_every_file_and_the_base_weights_are_among_the_inputs(world: Path, tmp_path: Path) -> None:
    general = {"general": {"source": "base/utterances.csv", "at_most": 3}}
    found = run(world, tmp_path / "job", **QUICK, forgetting=general)
    assert dict(found.result.comparison.provenance.inputs) == {
        "utterances.csv": sha256_of(world / "people" / "utterances.csv"),
        "general: utterances.csv": sha256_of(world / "base" / "utterances.csv"),
        "weights of the base model": weights_sha256(load(world / "model")),
    }


def test_the_rule_knows_the_files_of_the_utterances_and_no_others(
    done: tuple[Mitigated, Path], world: Path, tmp_path: Path
) -> None:
    mitigated, _ = done
    mitigated.write(tmp_path)
    corpus = sha256_of(world / "people" / "utterances.csv")
    assert frozen_rule(tmp_path / "rules" / "cohorts.json").found_on == (corpus,)
    with pytest.raises(DoubleDippingError, match="was found on 1 of the 1 files of this job"):
        run(world, tmp_path / "job", cohorts={"rule": str(tmp_path / "rules" / "cohorts.json")})


def test_declared_cohorts_saved_by_an_audit_of_this_corpus_are_no_double_dipping(world: Path, tmp_path: Path) -> None:
    record = rule_record(DeclaredRule(columns=("accent",)), found_on=[sha256_of(world / "people" / "utterances.csv")])
    (tmp_path / "declared.json").write_text(json.dumps(record))
    cohorts = {"rule": str(tmp_path / "declared.json"), "target": ["shifted"], "min_speakers": 5}
    assert run(world, tmp_path / "job", **{**QUICK, "cohorts": cohorts}).result.comparison.target == ("shifted",)


def test_declared_target_cohorts_need_no_transcripts_of_the_training_speakers(world: Path, tmp_path: Path) -> None:
    found = run(world, tmp_path / "job", **QUICK)
    assert found.rule == DeclaredRule(columns=("accent",))
    assert sorted(path.name for path in (tmp_path / "job" / "hypotheses").iterdir()) == ["development", "test"]


def test_a_job_goes_on_though_the_base_model_got_company_in_its_folder_and_not_with_other_weights(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`fairasr train` leaves its run beside the model, and a readme may be added."""
    import fairasr.mitigating.preparing as under_test

    hashed = []
    really = under_test.weights_sha256
    monkeypatch.setattr(under_test, "weights_sha256", lambda model: hashed.append(model) or really(model))
    shutil.copytree(world / "model", tmp_path / "base")
    first = run(world, tmp_path / "job", **QUICK, model=str(tmp_path / "base"))
    assert len(hashed) == 1
    (tmp_path / "base" / "README.md").write_text("# Tones\n")
    shutil.rmtree(tmp_path / "base" / "run")
    again = run(world, tmp_path / "job", **QUICK, model=str(tmp_path / "base"))
    pd.testing.assert_frame_equal(again.league, first.league)
    other = load(tmp_path / "base")
    with torch.no_grad():
        next(other.module.parameters()).add_(1)
    other.save(tmp_path / "base")
    with pytest.raises(JobError, match=r"holds runs of another job: 1 of .* \(first: model was"):
        run(world, tmp_path / "job", **QUICK, model=str(tmp_path / "base"))
