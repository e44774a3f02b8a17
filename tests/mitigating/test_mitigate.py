"""A whole job: cohorts found, methods trained at one budget, chosen on development speakers, judged on others."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tone_accents import SHIFTED, write_corpus
from tone_job import JOB, PLAIN, run

from fairasr.core.errors import JobError, ModelError
from fairasr.core.mitigation import CURVE_COLUMNS, LEAGUE_COLUMNS
from fairasr.ingest import read
from fairasr.mitigating import Mitigated, job_from, mitigate
from fairasr.models import read_hypotheses
from fairasr.report import read_mitigation


def test_the_worst_region_is_the_accent_that_the_base_model_never_heard(done: tuple[Mitigated, Path], world: Path) -> None:
    mitigated, _ = done
    manifest = read(world / "people" / "utterances.csv").manifest
    in_target = mitigated.rule.assign(manifest).labels.isin(mitigated.result.comparison.target)
    assert {speaker.rpartition("-")[0] for speaker in in_target.index[in_target]} == {SHIFTED}


def test_there_is_one_row_for_each_method_and_one_for_each_candidate(done: tuple[Mitigated, Path]) -> None:
    result = done[0].result
    assert list(result.league.columns) == list(LEAGUE_COLUMNS)
    assert sorted(method.partition(" ")[0] for method in result.league["method"]) == ["ewc", "fine-tuning", "interpolation"]
    assert list(result.curve.columns) == list(CURVE_COLUMNS)
    assert len(result.curve) == 1 + (1 + 2 + 1) * 2
    assert result.curve["chosen"].sum() == 3 * 2


def test_fine_tuning_helps_the_target_by_what_was_written(done: tuple[Mitigated, Path], world: Path) -> None:
    """Rates counted again, by hand, from the hypotheses of both seeds."""
    import jiwer

    mitigated, folder = done
    row = mitigated.league[mitigated.league["method"] == "fine-tuning"].iloc[0]
    table = read(world / "people" / "utterances.csv").manifest.table.set_index("utterance_id")
    rates = []
    for path in sorted((folder / "hypotheses" / "test").glob("fine-tuning-*.parquet")):
        texts = pd.Series(dict(read_hypotheses(path).texts))
        texts = texts[[name.startswith(SHIFTED) for name in texts.index]]
        rates.append(jiwer.wer(list(table.loc[texts.index, "reference"]), list(texts)))
    assert len(rates) == 2
    assert row["worst"] == pytest.approx(np.mean(rates))
    before = mitigated.result.curve.iloc[0]["worst"]
    assert row["worst"] < before, f"was {before:.2f} on development speakers"


def speakers_of(folder: Path, part: str) -> set[str]:
    """Those of whom a model of the job transcribed something in this part."""
    files = sorted((folder / "hypotheses" / part).glob("*.parquet"))
    assert files
    return {name.rpartition("-")[0] for file in files for name in read_hypotheses(file).texts}


def test_nobody_is_in_two_parts(done: tuple[Mitigated, Path]) -> None:
    speakers = {part: speakers_of(done[1], part) for part in ("training", "development", "test")}
    assert not speakers["training"] & speakers["development"]
    assert not speakers["test"] & (speakers["training"] | speakers["development"])
    assert len(set().union(*speakers.values())) == 54


def test_interpolation_shares_the_runs_of_fine_tuning(done: tuple[Mitigated, Path]) -> None:
    assert len(list((done[1] / "runs").iterdir())) == (1 + 2) * 2


def test_a_second_call_trains_nothing_and_finds_the_same(done: tuple[Mitigated, Path], world: Path) -> None:
    mitigated, folder = done
    weights = {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")}
    assert weights
    again = run(world, folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")} == weights
    pd.testing.assert_frame_equal(again.league, mitigated.league)


def test_a_new_method_may_join_a_finished_job(done: tuple[Mitigated, Path], world: Path, tmp_path: Path) -> None:
    shutil.copytree(done[1], tmp_path / "job")
    found = run(world, tmp_path / "job", method=[*JOB["method"], {"name": "replay", "share": 0.5, "n_memory": 20}])
    assert len(found.league) == 4


def test_a_job_with_another_budget_may_not_go_on_in_the_folder(done: tuple[Mitigated, Path], world: Path) -> None:
    with pytest.raises(JobError, match=r"budget was \{'batch_size': 8"):
        run(world, done[1], budget={**JOB["budget"], "n_steps": 20})


def test_the_result_is_written_and_read_again(done: tuple[Mitigated, Path], tmp_path: Path) -> None:
    mitigated, _ = done
    mitigated.write(tmp_path)
    assert (tmp_path / "report.html").is_file()
    again = read_mitigation(tmp_path)
    assert again.recommended == mitigated.result.recommended
    assert (tmp_path / "rules" / "cohorts.json").is_file()


def test_what_a_reader_must_know_comes_first(done: tuple[Mitigated, Path]) -> None:
    assert done[0].result.comparison.warnings[0] == "Tones are not speech."


def test_no_folder_of_this_machine_is_in_the_result(world: Path, tmp_path: Path) -> None:
    corpus = {"source": str(world / "people" / "utterances.csv")}
    found = run(world, tmp_path / "job", model=str(world / "model"), corpus=corpus, method=PLAIN, seeds=[0])
    found.write(tmp_path / "report")
    written = [path for path in (tmp_path / "report").rglob("*") if path.suffix in (".html", ".json", ".csv", ".md")]
    assert len(written) >= 5
    assert [path.name for path in written if str(world) in path.read_text() or str(tmp_path) in path.read_text()] == []


def test_an_audit_of_the_corpus_gives_cohorts_and_training_speakers(world: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    import fairasr
    from fairasr.cli.main import run as cli

    hypotheses = tmp_path / "hypotheses.parquet"
    told = CliRunner().invoke(
        cli, ["transcribe", str(world / "people" / "utterances.csv"), "--model", str(world / "model"), "-o", str(hypotheses)]
    )
    assert told.exit_code == 0, told.stderr
    audit = fairasr.audit(
        fairasr.read(world / "people" / "utterances.csv", hypotheses=hypotheses),
        seed=3,
        methods=["geo-tree"],
        method_settings={"geo-tree": {"min_speakers": 5}},
        min_speakers=5,
        n_permutations=0,
    )
    audit.write(tmp_path / "audit")
    cohorts = {"audit": str(tmp_path / "audit"), "method": "geo-tree", "min_speakers": 5}
    spoken = {**JOB["corpus"], "hypotheses": str(hypotheses)}
    found = run(world, tmp_path / "job", cohorts=cohorts, corpus=spoken, method=PLAIN, seeds=[0], speakers={"min_target": 2})
    assert found.rule.to_json() == audit.rules["geo-tree"].to_json()
    assert found.result.speakers["training"] == audit.data["discovery_speakers"]
    judged = speakers_of(tmp_path / "job", "development") | speakers_of(tmp_path / "job", "test")
    assert len(judged) == 54 - audit.data["discovery_speakers"]
    fitted = audit.rules["geo-tree"].fitted_speakers  # type: ignore[attr-defined]
    assert len(fitted) == audit.data["discovery_speakers"]
    assert not fitted & judged


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"model": "nowhere"}, ModelError, "there is no model folder"),
        ({"speakers": {"min_target": 40}}, JobError, "too few speakers"),
        ({"cohorts": {"method": "declared:accent", "target": ["north"]}}, JobError, "have no training speaker"),
        ({"cohorts": {"method": "declared:accent", "target": ["plain", "shifted"]}}, JobError, "no general population"),
        ({"cohorts": {"method": "declared:accent", "min_speakers": 50}}, JobError, "no worst cohort can be told"),
        ({"corpus": {"source": "people/utterances.csv", "only": {"accent": ["none"]}}}, JobError, "is left by only = "),
        ({"corpus": {"source": "people/utterances.csv", "only": {"tongue": ["a"]}}}, JobError, "columns that are not there"),
    ],
)
def test_what_cannot_be_done_is_told_before_any_training(
    world: Path, tmp_path: Path, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as raised:
        run(world, tmp_path / "job", **changes)
    assert message in str(raised.value)
    assert not (tmp_path / "job" / "runs").exists()


def test_recordings_that_cannot_be_used_are_counted(world: Path, tmp_path: Path) -> None:
    """Missing, empty, cut short, silent; and a reference that the model cannot spell."""
    import soundfile

    write_corpus(tmp_path / "people", speakers={"plain": 30, "shifted": 24}, utterances=4, seed=1)
    audio = tmp_path / "people" / "audio"
    (audio / "plain-000-0.wav").unlink()
    soundfile.write(audio / "plain-000-1.wav", np.zeros(0, dtype=np.float32), 8000)
    (audio / "plain-000-2.wav").write_bytes((audio / "plain-000-2.wav").read_bytes()[:2000])
    for number in range(4):
        soundfile.write(audio / f"shifted-001-{number}.wav", np.zeros(8000, dtype=np.float32), 8000)
    table = pd.read_csv(tmp_path / "people" / "utterances.csv")
    table.loc[table["speaker_id"].isin([f"plain-{i:03d}" for i in range(5, 15)]), "reference"] = "bad zebra"
    table.to_csv(tmp_path / "people" / "utterances.csv", index=False)
    shutil.copytree(world / "model", tmp_path / "model")
    job = {**JOB, "method": [{"name": "fine-tuning"}], "seeds": [0], "cohorts": {"method": "declared:accent", "min_speakers": 5}}
    notes = " ".join(mitigate(job_from(job, folder=tmp_path), folder=tmp_path / "job").result.comparison.notes)
    assert "there is no such file" in notes
    assert "it holds no samples" in notes
    assert "outside the vocabulary" in notes
