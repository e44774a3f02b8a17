"""Trackers: the run's folder always, others beside it, MLflow when asked for."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from toy_recogniser import Toy, toy_data

from fairasr.core.errors import MissingExtraError, TrainingError
from fairasr.training import Budget, FolderTracker, Hooks, MlflowTracker, train
from fairasr.training.tracking import Row

BUDGET = Budget(n_steps=4, batch_size=8)


class Recorder:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def start(self, run: str, settings: Mapping[str, Any], history: Sequence[Row]) -> None:
        self.told.append(("start", run, settings["seed"], len(history)))

    def log(self, step: int, metrics: Row) -> None:
        self.told.append((step, sorted(metrics)))

    def finish(self, status: str) -> None:
        self.told.append(status)


METRICS = ["audio_s", "gradient_norm", "learning_rate", "loss_penalty", "loss_task", "penalty_ratio", "target_share"]


def test_a_tracker_is_told_of_every_step(tmp_path: Path) -> None:
    recorder = Recorder()
    train(Toy(), toy_data(), Hooks(), BUDGET, seed=1, folder=tmp_path / "run", trackers=[recorder])
    assert recorder.told == [("start", "run", 1, 0), *((step, METRICS) for step in (1, 2, 3, 4)), "finished"]


def test_a_tracker_is_told_of_a_failure(tmp_path: Path) -> None:
    recorder = Recorder()
    with pytest.raises(TrainingError):
        train(Toy(), toy_data(broken=3), Hooks(), BUDGET, seed=1, folder=tmp_path, trackers=[recorder])
    assert recorder.told[-1] == "failed"


def test_the_folder_can_be_followed_while_it_runs(tmp_path: Path) -> None:
    seen = []

    def look(_: str, done: int, __: int) -> None:
        lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
        seen.append((done, [line["step"] for line in lines], json.loads((tmp_path / "status.json").read_text())["status"]))

    train(Toy(), toy_data(), Hooks(), BUDGET, seed=1, folder=tmp_path, progress=look)
    assert seen == [(done, list(range(1, done + 1)), "running") for done in (1, 2, 3, 4)]
    assert json.loads((tmp_path / "status.json").read_text()) == {"run": tmp_path.name, "status": "finished"}


def test_the_folder_forgets_the_steps_that_do_not_count(tmp_path: Path) -> None:
    tracker = FolderTracker(tmp_path)
    tracker.start("run", {}, [])
    for step in (1, 2, 3):
        tracker.log(step, {"loss_task": 0.5})
    tracker.finish("stopped")
    again = FolderTracker(tmp_path)
    again.start("run", {}, [{"step": 1, "loss_task": 0.5}])
    again.log(2, {"loss_task": None})
    again.finish("finished")
    assert (tmp_path / "history.jsonl").read_text() == '{"step": 1, "loss_task": 0.5}\n{"step": 2, "loss_task": null}\n'


class FakeClient:
    """The part of MLflow's client that is used."""

    experiments: ClassVar[dict[str, str]] = {}
    runs: ClassVar[list[SimpleNamespace]] = []

    def __init__(self, tracking_uri: str) -> None:
        assert tracking_uri == "sqlite:///x.db"

    def get_experiment_by_name(self, name: str) -> SimpleNamespace | None:
        return SimpleNamespace(experiment_id=self.experiments[name]) if name in self.experiments else None

    def create_experiment(self, name: str) -> str:
        self.experiments[name] = str(len(self.experiments))
        return self.experiments[name]

    def search_runs(self, experiment_ids: list[str], filter_string: str) -> list[SimpleNamespace]:
        return [
            run
            for run in self.runs
            if run.experiment in experiment_ids and f"'{run.tags['fairasr.run']}'" in filter_string and run.status != "FINISHED"
        ]

    def create_run(self, experiment_id: str, *, run_name: str, tags: dict[str, str]) -> SimpleNamespace:
        run = SimpleNamespace(experiment=experiment_id, tags=tags, params={}, metrics=[], status="RUNNING")
        run.info = SimpleNamespace(run_id=str(len(self.runs)))
        self.runs.append(run)
        return run

    def log_param(self, run_id: str, key: str, value: str) -> None:
        self.runs[int(run_id)].params[key] = value

    def log_batch(self, run_id: str, *, metrics: list[SimpleNamespace]) -> None:
        self.runs[int(run_id)].metrics.extend((metric.step, metric.key, metric.value) for metric in metrics)

    def update_run(self, run_id: str, *, status: str) -> None:
        self.runs[int(run_id)].status = status

    def set_terminated(self, run_id: str, *, status: str) -> None:
        self.runs[int(run_id)].status = status


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> type[FakeClient]:
    monkeypatch.setattr(FakeClient, "experiments", {})
    monkeypatch.setattr(FakeClient, "runs", [])
    tracking = types.ModuleType("mlflow.tracking")
    tracking.MlflowClient = FakeClient  # type: ignore[attr-defined]
    entities = types.ModuleType("mlflow.entities")
    entities.Metric = SimpleNamespace  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mlflow.entities", entities)
    monkeypatch.setitem(sys.modules, "mlflow", types.ModuleType("mlflow"))
    monkeypatch.setitem(sys.modules, "mlflow.tracking", tracking)
    return FakeClient


def test_mlflow_is_told_settings_metrics_and_the_end(mlflow: type[FakeClient], tmp_path: Path) -> None:
    tracker = MlflowTracker(uri="sqlite:///x.db", experiment="accents")
    train(Toy(), toy_data(), Hooks(), BUDGET, seed=1, folder=tmp_path / "run", trackers=[tracker])
    (run,) = mlflow.runs
    assert run.params["budget.n_steps"] == "4"
    assert sorted(run.metrics)[0][:2] == (1, "audio_s")
    assert len(run.metrics) == 4 * len(METRICS)
    assert run.status == "FINISHED"


def test_a_run_gone_on_with_stays_one_run_in_mlflow(mlflow: type[FakeClient], tmp_path: Path) -> None:
    for broken in (3, None):
        tracker = MlflowTracker(uri="sqlite:///x.db")
        try:
            train(Toy(), toy_data(broken=broken), Hooks(), BUDGET, seed=1, folder=tmp_path, trackers=[tracker])
        except TrainingError:
            assert mlflow.runs[0].status == "FAILED"
    (run,) = mlflow.runs
    assert run.status == "FINISHED"


def test_without_mlflow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtraError, match="pip install mlflow-skinny"):
        MlflowTracker(uri="sqlite:///x.db").start("run", {}, [])
