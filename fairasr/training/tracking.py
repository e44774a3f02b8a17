"""Experiment trackers: who is told what a run does. The run's own folder always is; MLflow where it is asked for."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TextIO

from fairasr.core.atomic import write_file
from fairasr.core.errors import MissingExtraError, OutputError

HISTORY = "history.jsonl"
STATUS = "status.json"
LONGEST_VALUE = 500
"""MLflow refuses longer values of a parameter in its older versions."""

Row = Mapping[str, float | int | None]
"""Step and metrics of one optimiser step; None where a metric is no finite number."""


class Tracker(Protocol):
    """Is told the settings, every step, and how it ended."""

    def start(self, run: str, settings: Mapping[str, Any], history: Sequence[Row]) -> None:
        """A sitting begins.

        Args:
            run: name of the run.
            settings: plain data, nested.
            history: the steps of earlier sittings that still count.
        """

    def log(self, step: int, metrics: Row) -> None:
        """An optimiser step was made."""

    def finish(self, status: str) -> None:
        """The sitting ends: "finished", "failed" or "stopped"."""


class FolderTracker:
    """Keeps history.jsonl (a line per step, written at once) and status.json in the run's folder, for who follows it.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stream: TextIO | None = None

    def start(self, run: str, settings: Mapping[str, Any], history: Sequence[Row]) -> None:
        """Cut the history back to the steps that count, then be ready for more."""
        write_file(self._folder / HISTORY, "".join(map(_line, history)).encode())
        self._write_status(run=run, status="running")
        self._run = run
        self._stream = (self._folder / HISTORY).open("a", encoding="utf-8")

    def log(self, step: int, metrics: Row) -> None:
        """One line more."""
        assert self._stream is not None, "start comes first"
        try:
            self._stream.write(_line({"step": step, **metrics}))
            self._stream.flush()
        except OSError as error:
            raise OutputError(
                f"cannot write {str(self._folder / HISTORY)!r}: {error.strerror or error}. Earlier checkpoints are unchanged. "
                f"Free space, and start again to go on from the last one."
            ) from error

    def finish(self, status: str) -> None:
        """Close the file. On a full disk the status stays what it was, so that the error that stopped the run is the one told."""
        stream, self._stream = self._stream, None
        try:
            if stream is not None:
                stream.close()
            self._write_status(run=self._run, status=status)
        except (OSError, OutputError):
            if status == "finished":
                raise

    def _write_status(self, **content: str) -> None:
        write_file(self._folder / STATUS, json.dumps(content, sort_keys=True).encode())


class MlflowTracker:
    """Tells an MLflow server or database.

    A run that is gone on with stays one run there. Needs mlflow or mlflow-skinny, imported when training starts.

    Args:
        uri: "sqlite:///runs.db", a server's address, whatever MLflow takes.
        experiment: name of the experiment, made if need be.
    """

    def __init__(self, *, uri: str, experiment: str = "fairasr") -> None:
        self._uri, self._experiment = uri, experiment
        self._client: Any = None
        self._run_id = ""

    def start(self, run: str, settings: Mapping[str, Any], history: Sequence[Row]) -> None:
        """Open the run of that name that has not ended, or a new one."""
        try:
            tracking = import_module("mlflow.tracking")
        except ImportError as error:
            raise MissingExtraError("tracking with MLflow needs its client: pip install mlflow-skinny") from error
        self._client = tracking.MlflowClient(tracking_uri=self._uri)
        experiment = self._client.get_experiment_by_name(self._experiment)
        experiment_id = experiment.experiment_id if experiment else self._client.create_experiment(self._experiment)
        name = run.replace("'", "")
        earlier = self._client.search_runs([experiment_id], f"tags.`fairasr.run` = '{name}' and attributes.status != 'FINISHED'")
        if earlier:
            self._run_id = earlier[0].info.run_id
            self._client.set_terminated(self._run_id, status="RUNNING")
            return
        self._run_id = self._client.create_run(experiment_id, run_name=name, tags={"fairasr.run": name}).info.run_id
        for key, value in _flat(settings).items():
            self._client.log_param(self._run_id, key, value[:LONGEST_VALUE])
        for row in history:
            self._send(row)

    def log(self, step: int, metrics: Row) -> None:
        """Send the metrics."""
        self._send({"step": step, **metrics})

    def finish(self, status: str) -> None:
        """Say how it ended."""
        self._client.set_terminated(self._run_id, status={"finished": "FINISHED", "failed": "FAILED"}.get(status, "KILLED"))

    def _send(self, row: Row) -> None:
        metric, now_ms = import_module("mlflow.entities").Metric, int(time.time() * 1000)
        metrics = [
            metric(key=name, value=value, timestamp=now_ms, step=row["step"])
            for name, value in row.items()
            if name != "step" and value is not None
        ]
        self._client.log_batch(self._run_id, metrics=metrics)


def plain(value: float) -> float | None:
    """The number, None where it is not finite: JSON has no word for that."""
    return float(value) if math.isfinite(value) else None


def _line(row: Row) -> str:
    return json.dumps(row, allow_nan=False) + "\n"


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in settings.items():
        name = f"{prefix}{key}"
        flat |= _flat(value, f"{name}.") if isinstance(value, Mapping) else {name: str(value)}
    return flat
