"""MitigationResult: what a fine-tuning job found, as data. Reports and dashboards read it and compute nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fairasr.core.comparison import Comparison, comparison_from
from fairasr.core.errors import IngestError
from fairasr.core.estimate import plain

FORMAT = "fairasr-mitigation"
FORMAT_VERSION = 1
TEXT = ("method", "setting", "outcome")
FLAGS = ("within_cap", "chosen")
WHOLE = ("step", "n_seeds", "seed")

LEAGUE_COLUMNS: Mapping[str, str] = {
    "method": "name of the method with its chosen setting, as in Comparison.systems; the base model is not a row",
    "setting": "the chosen strength as text ('strength = 10'); '' where the method has none",
    "step": "training step whose weights were chosen",
    "n_seeds": "seeds trained",
    "development_worst": "rate of the target cohorts on development speakers, mean over seeds",
    "development_overall": "rate of all development speakers, mean over seeds",
    "within_cap": "whether the overall rate keeps the cap of the selection rule",
    "worst": "rate of the target cohorts on test speakers, mean over seeds",
    "worst_sd": "its standard deviation over seeds",
    "general": "rate of everyone else on test speakers, mean over seeds",
    "general_sd": "its standard deviation over seeds",
    "overall": "rate of all test speakers, mean over seeds",
    "overall_sd": "its standard deviation over seeds",
    "forgetting": "rate on the forgetting set, mean over seeds; NaN without one",
    "forgetting_sd": "its standard deviation over seeds",
    "outcome": "verdict",
    "chosen": "whether the selection rule recommends this one",
    "train_s": "seconds of training, mean over seeds",
}
"""Columns of `MitigationResult.league`, one row per method, best first by the selection rule; rates are fractions."""

CURVE_COLUMNS: Mapping[str, str] = {
    "method": "family of the method ('ewc', 'l2-sp', 'interpolation'); 'base' for the model before, one row",
    "strength": "value of the swept setting; NaN where there is none",
    "step": "training step of the weights",
    "seed": "of the run; -1 for the base",
    "worst": "rate of the target cohorts on development speakers",
    "general": "rate of the others on development speakers",
    "overall": "rate of all development speakers",
    "forgetting": "rate on the forgetting set; NaN without one or where it was not measured",
    "chosen": "whether this strength and step were chosen for the method",
}
"""Columns of `MitigationResult.curve`, one row per method x strength x step x seed: the trade-off, worst against overall."""


@dataclass(frozen=True, kw_only=True)
class MitigationResult:
    """What a fine-tuning job found.

    Attributes:
        comparison: the chosen model of every method against the base, on test speakers (errors averaged over seeds).
        league: one row per method, columns `LEAGUE_COLUMNS`.
        curve: one row per trained candidate, columns `CURVE_COLUMNS`.
        recommended: the method that the selection rule recommends, if its verdict allows; "" keeps the base model.
        rule: the selection rule in words.
        job: the job file as plain data.
        speakers: "training", "development", "test" -> how many; "training target", ... -> how many of them are in the target
            cohorts, absent where they, or everyone else there, are too few to be shown.
        seeds: the seeds trained.
        runs: one entry per trained model: method, strength, seed, folder (relative), steps, audio_s, wall_s.
    """

    comparison: Comparison
    league: pd.DataFrame
    curve: pd.DataFrame
    recommended: str
    rule: str
    job: Mapping[str, Any]
    speakers: Mapping[str, int]
    seeds: tuple[int, ...]
    runs: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data with a format name and version; `mitigation_from` reads it back."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "comparison": self.comparison.to_json(),
            "league": plain(self.league),
            "curve": plain(self.curve),
            "recommended": self.recommended,
            "rule": self.rule,
            "job": plain(self.job),
            "speakers": plain(self.speakers),
            "seeds": list(self.seeds),
            "runs": plain(self.runs),
        }


def mitigation_from(data: Mapping[str, Any]) -> MitigationResult:
    """The MitigationResult that `to_json` wrote.

    Raises:
        IngestError: the data is none, or one of another version.
    """
    if data.get("format") != FORMAT:
        raise IngestError(
            f"this is not a mitigation result: 'format' is {data.get('format')!r}, not {FORMAT!r}. "
            "Give the report.json of a fine-tuning job."
        )
    if data.get("format_version") != FORMAT_VERSION:
        raise IngestError(
            f"this mitigation result has format version {data.get('format_version')!r}; this fairasr reads version "
            f"{FORMAT_VERSION}. Run the job again: what it trained is kept."
        )
    return MitigationResult(
        comparison=comparison_from(data["comparison"]),
        league=_table(data["league"], LEAGUE_COLUMNS),
        curve=_table(data["curve"], CURVE_COLUMNS),
        recommended=data["recommended"],
        rule=data["rule"],
        job=data["job"],
        speakers=data["speakers"],
        seeds=tuple(data["seeds"]),
        runs=tuple(data["runs"]),
    )


def _table(rows: list[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(columns))
    kinds = {name: bool if name in FLAGS else "int64" if name in WHOLE else float for name in columns if name not in TEXT}
    return table.astype(kinds)
