"""A job file is checked whole before any work: every broken rule is in the one message."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairasr.core.errors import JobError
from fairasr.mitigating import job_from, read_job

GOOD = {
    "model": "base",
    "corpus": {"source": "utterances.parquet"},
    "cohorts": {"method": "geo-tree"},
    "method": [{"name": "fine-tuning"}, {"name": "ewc", "strength": [10, 0.1, 1]}],
}


def test_a_small_job_has_defaults_for_the_rest() -> None:
    job = job_from(GOOD, folder=Path("there"))
    assert job.model == Path("there/base")
    assert job.corpus.source == Path("there/utterances.parquet")
    assert job.seeds == (0, 1, 2)
    assert job.speakers.training == 0.5
    assert job.selection.margin == 0.01


def test_a_list_of_strengths_is_a_sweep_from_weak_to_strong() -> None:
    ewc = job_from(GOOD).methods[1]
    assert [candidate.strength for candidate in ewc.candidates] == [0.1, 1.0, 10.0]  # type: ignore[attr-defined]


def test_a_method_without_strengths_is_tried_with_those_it_names_itself() -> None:
    blocks = job_from({**GOOD, "method": [{"name": "l2-sp"}]}).methods
    assert len(blocks[0].candidates) >= 5, "at least five decades on a log grid"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": ""}, "'model' must be the folder"),
        ({"modell": "x"}, "there is no key 'modell'"),
        ({"seeds": []}, "'seeds' is []"),
        ({"seeds": [1, 1]}, "different whole numbers"),
        ({"seed": -1}, "'seed' is -1"),
        ({"corpus": {}}, "[corpus] lacks 'source'"),
        ({"corpus": {"source": 3}}, "[corpus] source is 3; it must be a path"),
        ({"cohorts": {}}, "by one of audit, rule and method"),
        ({"cohorts": {"audit": "a", "rule": "b"}}, "by one of audit, rule and method"),
        ({"cohorts": {"method": "geo-tree", "bottom_share": 1}}, "bottom_share must be above 0"),
        ({"speakers": {"training": 0.8, "development": 0.2}}, "leaves something below 1 to test on"),
        ({"speakers": {"min_target": 0}}, "min_target must be 1 or more"),
        ({"budget": {"n_steps": 0}}, "[budget] n_steps is 0; it must be 1 or more"),
        ({"budget": {"batch_size": 0}}, "[budget] batch_size is 0; it must be 1 or more"),
        (
            {"budget": {"batch_size": 6, "accumulation": 4}},
            "[budget] accumulation is 4; it must be 1 or more, and batch_size (6) a multiple of it",
        ),
        ({"budget": {"learning_rate": 0}}, "[budget] learning_rate is 0.0; it must be above 0"),
        ({"budget": {"warmup_steps": -1}}, "[budget] warmup_steps is -1; it must be 0 or more"),
        ({"budget": {"weight_decay": -0.1}}, "[budget] weight_decay is -0.1; it must be 0 or more"),
        ({"budget": {"clip_norm": -1}}, "[budget] clip_norm is -1.0; it must be 0 or more"),
        ({"budget": {"checkpoint_every": 0}}, "[budget] checkpoint_every is 0; it must be 1 or more"),
        ({"budget": {"n_steps": 5, "n_snapshots": 6}}, "[budget] n_snapshots is 6; it must be 1 or more, and at most n_steps (5)"),
        ({"budget": {"learning_rate": "fast"}}, "[budget] learning_rate is 'fast'; it must be a number"),
        ({"budget": {"schedule": "steep"}}, "schedule is 'steep'"),
        ({"method": []}, "there is no [[method]]"),
        ({"method": [{"strength": 1}]}, "number 1 lacks its 'name'"),
        ({"method": [{"name": "magic"}]}, "there is no method 'magic'"),
        ({"method": [{"name": "ewc", "strength": []}]}, "'strength' is an empty list"),
        ({"method": [{"name": "ewc", "strength": -1}]}, "strength"),
        ({"method": [{"name": "ewc"}, {"name": "ewc"}]}, "ewc is there twice"),
        ({"selection": {"margin": -0.1}}, "margin 0 or more"),
        ({"forgetting": {"news": {}}}, "[forgetting.news] lacks 'source'"),
        ({"forgetting": 3}, "[forgetting] must be a table of tables"),
    ],
)
def test_what_is_wrong_is_told(change: dict[str, object], message: str) -> None:
    with pytest.raises(JobError) as raised:
        job_from({**GOOD, **change})
    assert message in str(raised.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(JobError) as raised:
        job_from({**GOOD, "seeds": [], "budget": {"n_steps": 0}, "method": [{"name": "magic"}], "corpus": {"sauce": 1}})
    lines = str(raised.value).splitlines()
    assert len([line for line in lines if line.startswith("  - ")]) == 5


def test_a_file_that_is_no_toml_says_so(tmp_path: Path) -> None:
    path = tmp_path / "job.toml"
    path.write_text("model = ")
    with pytest.raises(JobError, match="is not TOML"):
        read_job(path)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="cannot read the job file"):
        read_job(tmp_path / "job.toml")
