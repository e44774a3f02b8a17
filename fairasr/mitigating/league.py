"""The league table and the trade-off curve, from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fairasr.core import Counts, Verdict
from fairasr.core.mitigation import CURVE_COLUMNS, LEAGUE_COLUMNS
from fairasr.mitigating.candidates import Candidate
from fairasr.mitigating.selection import Rates, rates_of, splits_openly

BASE = "base"
BASE_SEED = -1


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The chosen candidate of one method, measured.

    Attributes:
        method: name of the method with its setting, as in the comparison.
        row: of `chosen_by_method`.
        candidates: the chosen one of every seed.
        test: counts of each on the test speakers.
        forgetting: name of a set -> counts of each on it.
    """

    method: str
    row: pd.Series
    candidates: Sequence[Candidate]
    test: Sequence[Counts]
    forgetting: Mapping[str, Sequence[Counts]]


def league_table(
    entries: Sequence[Entry],
    *,
    in_target: np.ndarray,
    in_development_target: np.ndarray,
    min_speakers: int,
    verdicts: Mapping[str, Verdict],
    recommended: str,
) -> pd.DataFrame:
    """One row per method in the order of `entries`, columns `LEAGUE_COLUMNS`.

    Args:
        entries: best first by the selection rule.
        in_target: which test speakers are in the target cohorts, bool (n_speakers,).
        in_development_target: which development speakers are.
        min_speakers: rates of fewer are withheld, and those of everyone else with them.
        verdicts: by method.
        recommended: method of the one the rule recommends; "" for none.
    """
    table = pd.DataFrame([_row(entry, in_target, verdicts, recommended) for entry in entries], columns=list(LEAGUE_COLUMNS))
    if not splits_openly(in_target, min_speakers=min_speakers):
        table[["worst", "worst_sd", "general", "general_sd"]] = np.nan
    if not splits_openly(in_development_target, min_speakers=min_speakers):
        table["development_worst"] = np.nan
    return table


def _row(entry: Entry, in_target: np.ndarray, verdicts: Mapping[str, Verdict], recommended: str) -> dict[str, object]:
    rates = [rates_of(counts, in_target) for counts in entry.test]
    forgotten = [counts.rate for counts in next(iter(entry.forgetting.values()), ())]
    spreads = {
        "worst": [rate.worst for rate in rates],
        "general": [rate.general for rate in rates],
        "overall": [rate.overall for rate in rates],
        "forgetting": forgotten,
    }
    return {
        "method": entry.method,
        "setting": entry.row["setting"],
        "step": int(entry.row["step"]),
        "n_seeds": len(entry.candidates),
        "development_worst": float(entry.row["worst"]),
        "development_overall": float(entry.row["overall"]),
        "within_cap": bool(entry.row["within_cap"]),
        **{name: float(np.mean(values)) if values else np.nan for name, values in spreads.items()},
        **{f"{name}_sd": float(np.std(values, ddof=1)) if len(values) > 1 else np.nan for name, values in spreads.items()},
        "outcome": verdicts[entry.method].outcome,
        "chosen": entry.method == recommended,
        "train_s": float(np.mean([one.trained.wall_s for one in entry.candidates])),
    }


def curve_table(
    table: pd.DataFrame, chosen: pd.DataFrame, *, base: Rates, in_target: np.ndarray, min_speakers: int
) -> pd.DataFrame:
    """One row per candidate and one for the base, columns `CURVE_COLUMNS`.

    Args:
        table: of `candidate_table`.
        chosen: of `chosen_by_method`.
        base: rates of the base model on the development speakers.
        in_target: which of them are in the target cohorts, bool (n_speakers,).
        min_speakers: rates of fewer are withheld, and those of everyone else with them.
    """
    picked = {(row.block, row.setting, row.step) for row in chosen.itertuples()}
    rows: list[dict[str, object]] = [
        {"method": BASE, "strength": np.nan, "step": 0, "seed": BASE_SEED, **vars(base), "forgetting": np.nan, "chosen": False}
    ]
    rows += [
        {
            "method": row.block,
            "strength": row.strength,
            "step": row.step,
            "seed": row.seed,
            "worst": row.worst,
            "general": row.general,
            "overall": row.overall,
            "forgetting": np.nan,
            "chosen": (row.block, row.setting, row.step) in picked,
        }
        for row in table.itertuples()
    ]
    curve = pd.DataFrame(rows, columns=list(CURVE_COLUMNS))
    if not splits_openly(in_target, min_speakers=min_speakers):
        curve[["worst", "general"]] = np.nan
    return curve
