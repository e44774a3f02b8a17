"""Selection: strength and checkpoint of every method, chosen on development speakers by the rule of the job."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fairasr.core import Counts
from fairasr.mitigating.candidates import Candidate
from fairasr.mitigating.job import SelectionRule


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Pooled rates of one model on one set of speakers.

    Attributes:
        worst: of the target cohorts.
        general: of everyone else.
        overall: of all.
    """

    worst: float
    general: float
    overall: float


def rates_of(counts: Counts, in_target: np.ndarray) -> Rates:
    """Rates of the speakers inside and outside the target; NaN over nothing.

    Args:
        counts: one row per speaker.
        in_target: bool (n_speakers,), in the order of the rows.
    """

    def rate(inside: np.ndarray) -> float:
        words = counts.denominators[inside].sum()
        return float(counts.numerators[inside].sum() / words) if words else float("nan")

    everyone = np.ones(len(in_target), dtype=bool)
    return Rates(worst=rate(in_target), general=rate(~in_target), overall=rate(everyone))


def splits_openly(in_target: np.ndarray, *, min_speakers: int) -> bool:
    """Whether rates of the target and of everyone else may be shown: neither side has so few speakers that it is suppressed."""
    n_target = int(in_target.sum())
    return min(n_target, len(in_target) - n_target) >= min_speakers


def candidate_table(candidates: list[Candidate], rates: list[Rates]) -> pd.DataFrame:
    """One row per candidate: block, strength, step, seed, worst, general, overall, position in `candidates`."""
    return pd.DataFrame(
        [
            {
                "block": one.block,
                "setting": one.setting,
                "strength": one.strength,
                "step": one.step,
                "seed": one.seed,
                "worst": rate.worst,
                "general": rate.general,
                "overall": rate.overall,
                "position": position,
            }
            for position, (one, rate) in enumerate(zip(candidates, rates, strict=True))
        ]
    )


def chosen_by_method(table: pd.DataFrame, rule: SelectionRule, *, base_overall: float) -> pd.DataFrame:
    """One row per block, best first by the rule: block, setting, strength, step, worst, overall (means over seeds), within_cap.

    Args:
        table: of `candidate_table`.
        rule: of the job.
        base_overall: overall rate of the base model on the same speakers.
    """
    keys = ["block", "setting", "strength", "step"]
    means = table.groupby(keys, sort=False, dropna=False)[["worst", "overall"]].mean().reset_index()
    means["within_cap"] = means["overall"] <= rule.overall_cap * base_overall
    best = [_best(of_block) for _, of_block in means.groupby("block", sort=False)]
    chosen = pd.DataFrame(best).reset_index(drop=True)
    order = np.lexsort((chosen["block"], _wanted(chosen), ~chosen["within_cap"].to_numpy(dtype=bool)))
    return chosen.iloc[order].reset_index(drop=True)


def _wanted(candidates: pd.DataFrame) -> np.ndarray:
    """What the rule lowers: the target's rate within the cap, the overall rate beyond it."""
    return np.where(candidates["within_cap"], candidates["worst"], candidates["overall"])


def _best(candidates: pd.DataFrame) -> pd.Series:
    within = candidates[candidates["within_cap"]] if candidates["within_cap"].any() else candidates
    # Among equals the earliest: the weakest change and the fewest steps.
    return within.iloc[int(np.argmin(_wanted(within)))]
