"""DisparityReport: which cohorts one system fails, by how much, how sure that is. ChangeReport: two systems, paired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import pandas as pd

from fairasr.core.estimate import Estimate, estimate_from, plain
from fairasr.core.rate import Rate, rate_from

COHORT_COLUMNS: Mapping[str, str] = {
    "cohort": "label of the cohort",
    "description": "who they are, in words",
    "role": "bottom, top or '': whether the discovery speakers put it among the worst or the best",
    "suppressed": "'' or why no number may be shown: 'small' (fewer speakers than the minimum) or 'complementary' "
    "(it would give a small one away by subtraction)",
    "n_speakers": "speakers the estimate rests on",
    "n_utterances": "their utterances",
    "n_ref_words": "their reference words (the rate's denominator)",
    "rate": "pooled error rate",
    "rate_lo": "lower end of its 95 % interval",
    "rate_hi": "upper end of its 95 % interval",
    "difference_to_overall": "rate minus the overall rate",
    "difference_to_overall_lo": "lower end of its 95 % interval",
    "difference_to_overall_hi": "upper end of its 95 % interval",
    "apparent_rate": "rate on the speakers the cohort was found on; NaN where the finding used no scores",
    "rate_shrunken": "empirical-Bayes rate, for maps",
    "substitution_rate": "substitutions / denominator",
    "deletion_rate": "deletions / denominator",
    "insertion_rate": "insertions / denominator",
    "n_missing": "utterances without a hypothesis, scored as deletions",
    "n_empty": "utterances in which the system heard nothing",
    "n_loops": "utterances in which the system looped or made words up",
    "n_set_aside": "rows of its speakers that could not be used",
    "p_value": "two-sided permutation p, cohort against the rest; null: which speaker is in the cohort does "
    "not matter for the rate",
    "p_holm": "Holm-adjusted over the cohorts of the report",
    "p_bh": "Benjamini-Hochberg-adjusted over the cohorts of the report",
}
"""Columns of `DisparityReport.cohorts` and their meanings; a suppressed row has NaN in every number."""

ALL, TARGET, OTHER = "all", "target", ""
TARGET_TOGETHER, SMALL_TOGETHER = "the target cohorts together", "the small cohorts together"
"""Roles of the rows of a `ChangeReport`; the rows of everyone and of pooled cohorts are labelled by them too."""

CHANGE_COLUMNS: Mapping[str, str] = {
    "cohort": "label of the cohort",
    "role": "ALL everyone, TARGET a cohort that was to gain, OTHER any other, TARGET_TOGETHER several targets pooled, "
    "SMALL_TOGETHER the suppressed cohorts pooled",
    "suppressed": "'' or why no number may be shown, as in COHORT_COLUMNS",
    "n_speakers": "speakers the estimate rests on",
    "rate_before": "pooled error rate of the system in use",
    "rate_before_lo": "lower end of its 95 % interval",
    "rate_before_hi": "upper end of its 95 % interval",
    "rate_after": "pooled error rate of the new system",
    "rate_after_lo": "lower end of its 95 % interval",
    "rate_after_hi": "upper end of its 95 % interval",
    "change": "rate after minus rate before; below 0 is a gain",
    "change_lo": "lower end of its 95 % interval, paired by speaker",
    "change_hi": "upper end of its 95 % interval, paired by speaker",
    "relative_change": "rate after / rate before - 1",
    "relative_change_lo": "lower end of its 95 % interval, paired by speaker",
    "relative_change_hi": "upper end of its 95 % interval, paired by speaker; infinite where the errors before are too few",
    "relative_change_least": "one-sided 95 % bound: the relative change is at least this",
    "relative_change_most": "one-sided 95 % bound: the relative change is at most this",
    "p_value": "two-sided; null: the two systems are exchangeable for every speaker",
    "p_harm": "one-sided; null: the relative loss is at most the margin",
}
"""Columns of `ChangeReport.changes` and their meanings; a suppressed row has NaN in every number."""

CHANGE_TEXT = ("cohort", "role", "suppressed")
"""Those of `CHANGE_COLUMNS` that hold text."""


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """The gap between the bottom and the top cohorts, in every convention, on one set of speakers.

    Attributes:
        basis: "confirmation" (rule frozen on other speakers), "cross-fit" (each speaker judged by a rule fitted without them),
            or "apparent" (on the speakers the rule was fitted on: too large, shown only beside an honest one).
        bottom, top: labels pooled on each side (bands of ranks for cross-fit).
        bottom_rate, top_rate, overall_rate: pooled error rates.
        relative_to_top: bottom / top - 1.
        relative_to_bottom: 1 - top / bottom.
        relative_to_overall: bottom / overall - 1.
        difference_to_overall: bottom - overall.
        difference_to_rest: bottom - everyone else.
        bottom_n_speakers, top_n_speakers: speakers on each side; NaN where withheld, because with them a suppressed cohort
            could be computed.
        n_speakers: speakers in all.
        bottom_share_speakers, bottom_share_words: what part of all is in the bottom cohorts; NaN where withheld.
    """

    basis: str
    bottom: tuple[str, ...]
    top: tuple[str, ...]
    bottom_rate: Estimate
    top_rate: Estimate
    overall_rate: Estimate
    relative_to_top: Estimate
    relative_to_bottom: Estimate
    relative_to_overall: Estimate
    difference_to_overall: Estimate
    difference_to_rest: Estimate
    bottom_n_speakers: float
    top_n_speakers: float
    n_speakers: int
    bottom_share_speakers: float
    bottom_share_words: float


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How the rates spread over the cohorts shown (Trinh et al. 2022 report mean, max and variance)."""

    n_cohorts: int
    mean: float
    max: float
    variance: float
    percentile_90: float


@dataclass(frozen=True, kw_only=True)
class DisparityReport:
    """Cohorts of one partition under one system. Small cohorts are already suppressed: no output can show them.

    Attributes:
        method: discovery method ("geo-tree", "declared:accent").
        system: whose errors.
        rate_name: "WER", "CER", or the name of `measure`.
        cohorts: one row per cohort, columns `COHORT_COLUMNS`, worst first, suppressed and unknown last.
        honest: the headline gap; its `basis` says which estimate it is.
        apparent: the gap on the speakers the cohorts were found and ranked on; optimism = apparent - honest.
        other: further honest estimates (the confirmation half beside a cross-fit headline).
        p_value: of the whole procedure, one-sided: speakers' counts permuted over their covariates, discovery, ranking
            and confirmation rerun. Null: covariates say nothing about the rate. None: not run.
        p_adjusted: Holm over the methods of the audit; None: not run.
        n_permutations: permutations behind p_value.
        stability: "rank_correlation" of cohort rates between the halves, "adjusted_rand" of rules fitted on different folds.
        spread: over the cohorts shown.
        cohorts_basis: whose errors `cohorts` shows: "confirmation" speakers, or "everyone" where finding the cohorts used no
            scores (or where double dipping was allowed).
        cohorts_overall: pooled rate of those speakers, which `difference_to_overall` in `cohorts` is from.
        settings: of the discovery method.
        notes: sentences the reader needs (unmatched zip codes, disagreeing speakers, suppression, double dipping).
        map: what to draw, or None: {"kind": "boxes", "boxes": {label: [south, west, north, east]}},
            {"kind": "projection", "points": {label: [x, y]}, "axes": [wording, wording]},
            {"kind": "points", "points": {label: [latitude, longitude]}, "boundaries": ...}, {"kind": "areas", "boundaries":
            "us_states"}, and with "areas": "cohorts" where the cohorts themselves are the areas, by their labels.
        areas: for a map of kind "areas", rates by area: columns of `cohorts`, `cohort` = id of the area in the boundaries.
        partitions: for methods that try several partitions, each with its honest gap; None otherwise.
        measure: what the rate is made of and written in, where it is not one of errors; None for WER and CER.
    """

    method: str
    system: str
    rate_name: str
    cohorts: pd.DataFrame
    honest: Gaps
    apparent: Gaps
    spread: Spread
    cohorts_basis: str
    cohorts_overall: Estimate
    other: tuple[Gaps, ...] = ()
    p_value: float | None = None
    p_adjusted: float | None = None
    n_permutations: int = 0
    stability: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    map: Mapping[str, Any] | None = None
    areas: pd.DataFrame | None = None
    partitions: pd.DataFrame | None = None
    measure: Rate | None = None

    @property
    def by_cohort(self) -> pd.DataFrame:
        """`cohorts` indexed by label."""
        return self.cohorts.set_index("cohort")

    @property
    def worst(self) -> str:
        """Label the discovery speakers rank worst."""
        return self.honest.bottom[0] if self.honest.bottom else ""

    def to_json(self) -> dict[str, Any]:
        """Plain data; `disparity_from` reads it back. Without `measure` for errors: such reports are as they always were."""
        data = {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.name != "measure"}
        return data if self.measure is None else {**data, "measure": self.measure.to_json()}


@dataclass(frozen=True, kw_only=True)
class ChangeReport:
    """Two systems on the same utterances, paired by speaker.

    Attributes:
        before, after: names of the systems.
        rate_name: "WER", "CER", ...
        changes: one row per cohort, columns `CHANGE_COLUMNS`, "all" first.
        margin: relative loss that `p_harm` tolerates.
    """

    before: str
    after: str
    rate_name: str
    changes: pd.DataFrame
    margin: float = 0.01


def _plain(value: Any) -> Any:
    if isinstance(value, (Gaps, Spread)):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple) and value and isinstance(value[0], Gaps):
        return [_plain(item) for item in value]
    return plain(value)


def gaps_from(data: Mapping[str, Any]) -> Gaps:
    """The Gaps that `to_json` wrote."""
    read: dict[str, Any] = dict(data)
    for key, value in data.items():
        if isinstance(value, Mapping):
            read[key] = estimate_from(value)
        elif isinstance(value, list):
            read[key] = tuple(value)
        elif value is None:
            read[key] = float("nan")
    return Gaps(**read)


def disparity_from(data: Mapping[str, Any]) -> DisparityReport:
    """The DisparityReport that `to_json` wrote."""
    read = dict(data)
    for name in ("cohorts", "areas", "partitions"):
        if read[name] is not None:
            read[name] = pd.DataFrame(read[name])
    read["honest"], read["apparent"] = gaps_from(data["honest"]), gaps_from(data["apparent"])
    read["other"] = tuple(gaps_from(item) for item in data["other"])
    spread: dict[str, Any] = {key: float("nan") if value is None else value for key, value in data["spread"].items()}
    read["spread"] = Spread(**spread)
    read["cohorts_overall"] = estimate_from(data["cohorts_overall"])
    read["notes"] = tuple(data["notes"])
    read["measure"] = rate_from(data.get("measure"))
    return DisparityReport(**read)


def change_from(data: Mapping[str, Any]) -> ChangeReport:
    """The ChangeReport whose fields `plain` wrote; numbers that were missing are NaN."""
    rows = pd.DataFrame(data["changes"], columns=[name for name in CHANGE_COLUMNS if any(name in row for row in data["changes"])])
    numbers = [name for name in rows.columns if name not in CHANGE_TEXT]
    rows[numbers] = rows[numbers].astype(float)
    return ChangeReport(**{**data, "changes": rows})
