"""A made-up audit that holds every shape a report can meet: 3 systems, 4 methods, withheld, unknown, NaN, tests not run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fairasr.core import (
    UNDEFINED,
    UNKNOWN,
    AuditResult,
    ChangeReport,
    DisparityReport,
    Estimate,
    Gaps,
    Provenance,
    Spread,
    SystemResult,
)
from fairasr.core.disparity import COHORT_COLUMNS

TEXT = ("cohort", "description", "role", "suppressed")
US_STATES = {"48": "Texas", "06": "California", "36": "New York", "12": "Florida", "13": "Georgia", "17": "Illinois"}


def estimate(value: float, half_width: float) -> Estimate:
    """An interval that is symmetric about the value."""
    return Estimate(value=value, lo=value - half_width, hi=value + half_width)


def cohort(
    label: str, description: str, rate: float = np.nan, *, overall: float = 0.14, n_speakers: int = 40, **other: Any
) -> dict[str, Any]:
    """One row of a cohort table whose interval narrows with the speakers."""
    half_width = 0.25 / np.sqrt(n_speakers) if n_speakers else np.nan
    row: dict[str, Any] = {
        "cohort": label,
        "description": description,
        "role": "",
        "suppressed": "",
        "n_speakers": n_speakers,
        "n_utterances": 10 * n_speakers,
        "n_ref_words": 97 * n_speakers,
        "rate": rate,
        "rate_lo": max(rate - half_width, 0.0),
        "rate_hi": rate + half_width,
        "difference_to_overall": rate - overall,
        "difference_to_overall_lo": rate - overall - half_width,
        "difference_to_overall_hi": rate - overall + half_width,
        "apparent_rate": rate * 1.1,
        "rate_shrunken": overall + 0.7 * (rate - overall),
        "substitution_rate": 0.6 * rate,
        "deletion_rate": 0.25 * rate,
        "insertion_rate": 0.15 * rate,
        "n_missing": 1,
        "n_empty": 2,
        "n_loops": 0,
        "n_set_aside": 0,
        "p_value": min(1.0, 0.005 * np.exp(12 * abs(half_width / max(abs(rate - overall), 1e-3)) ** 1.0 / 4)),
        "p_holm": 0.9 if abs(rate - overall) < 1.5 * half_width else 0.02,
        "p_bh": 0.4 if abs(rate - overall) < 1.5 * half_width else 0.01,
    }
    return row | other


def withheld(label: str, description: str, reason: str) -> dict[str, Any]:
    """A row whose every number is missing."""
    row = dict.fromkeys(COHORT_COLUMNS, np.nan)
    return row | {"cohort": label, "description": description, "role": "", "suppressed": reason}


def table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Cohort table with the columns in their order."""
    return pd.DataFrame(rows)[list(COHORT_COLUMNS)]


def gaps(
    bottom: tuple[str, ...],
    top: tuple[str, ...],
    *,
    worst: float,
    best: float,
    basis: str = "confirmation",
    half_width: float = 0.04,
) -> Gaps:
    """Gaps that agree with each other; half widths are made up."""
    return Gaps(
        basis=basis,
        bottom=bottom,
        top=top,
        bottom_rate=estimate(worst, half_width),
        top_rate=estimate(best, half_width / 2),
        overall_rate=estimate(0.14, 0.006),
        relative_to_top=estimate(worst / best - 1, 8 * half_width),
        relative_to_bottom=estimate(1 - best / worst, 2 * half_width),
        relative_to_overall=estimate(worst / 0.14 - 1, 7 * half_width),
        difference_to_overall=estimate(worst - 0.14, half_width),
        difference_to_rest=estimate(worst - 0.135, half_width),
        bottom_n_speakers=84,
        top_n_speakers=91,
        n_speakers=1000,
        bottom_share_speakers=0.084,
        bottom_share_words=0.079,
    )


def geo_tree(system: str, *, shift: float = 0.0) -> DisparityReport:
    """30 regions: 27 shown (one without speakers to judge it), 2 withheld, the unknown."""
    rng = np.random.default_rng(7)
    rates = np.sort(0.14 + shift + 0.05 * rng.standard_normal(26))[::-1]
    sides = ["north of 40.1°, west of 100.0°", "south of 33.2°, east of 95.5°", "between 35.0° and 40.1°, east of 80.2°"]
    rows = [
        cohort(
            f"r{i:02d}",
            f"{sides[i % 3]} (leaf {i})" + " and the islands before it" * (i == 25),
            float(rate),
            n_speakers=int(rng.integers(12, 60)),
        )
        for i, rate in enumerate(rates)
    ]
    for row in rows[:3]:
        row["role"] = "bottom"
    for row in rows[-3:]:
        row["role"] = "top"
    rows.append(cohort("r26", "north of 61.0°", n_speakers=0, p_value=np.nan, p_holm=np.nan, p_bh=np.nan))
    rows.append(withheld("r27", "west of 150.0°", "small"))
    rows.append(withheld("r28", "south of 20.5°", "complementary"))
    rows.append(cohort(UNKNOWN, "no coordinates", 0.15, n_speakers=22))
    boxes = {f"r{i:02d}": [25 + 4 * (i // 6), -125 + 10 * (i % 6), 29 + 4 * (i // 6), -115 + 10 * (i % 6)] for i in range(29)}
    bottom, top = ("r00", "r01", "r02"), ("r23", "r24", "r25")
    return DisparityReport(
        method="geo-tree",
        system=system,
        rate_name="WER",
        cohorts=table(rows),
        honest=gaps(bottom, top, worst=0.225 + shift, best=0.09),
        apparent=gaps(bottom, top, worst=0.27 + shift, best=0.08, basis="apparent"),
        other=(gaps(("band 1",), ("band 10",), worst=0.21 + shift, best=0.1, basis="cross-fit"),),
        spread=Spread(n_cohorts=27, mean=0.141, max=0.243, variance=0.0021, percentile_90=0.201),
        cohorts_basis="confirmation",
        cohorts_overall=estimate(0.14, 0.006),
        p_value=0.005,
        p_adjusted=0.015,
        n_permutations=199,
        stability={"rank_correlation": 0.71, "adjusted_rand": 0.83},
        settings={"max_depth": 5, "min_speakers": 20, "criterion": "poisson"},
        notes=("22 of 1,000 speakers have no coordinates; they are counted as unknown.",),
        map={"kind": "boxes", "boxes": boxes},
    )


def zip_demographics(system: str) -> DisparityReport:
    """Two cohorts, the partitions tried, and rates by state."""
    rows = [
        cohort("bottom", "zip codes with a high share of renters", 0.171, n_speakers=402, role="bottom"),
        cohort("rest", "all other zip codes", 0.128, n_speakers=555, role="top"),
        cohort(UNKNOWN, "zip code not in the census table", 0.139, n_speakers=43),
    ]
    areas = [cohort(state, name, 0.1 + 0.02 * i, n_speakers=30 + i) for i, (state, name) in enumerate(US_STATES.items())]
    areas.append(withheld("02", "Alaska", "small"))
    tried = [("renters", 402.0, 0.336, 0.01), ("median age", 510.0, 0.041, 0.62), ("density", np.nan, np.nan, np.nan)]
    partitions = pd.DataFrame(
        [
            {
                "partition": name,
                "description": f"zip codes with high {name}",
                "suppressed": "" if n_speakers > 0 else "small",
                "bottom_n_speakers": n_speakers,
                "bottom_rate": 0.128 * (1 + gap),
                "rest_rate": 0.128 * (1 + 0 * gap),
                "relative_to_top": gap,
                "relative_to_top_lo": gap - 0.1,
                "relative_to_top_hi": gap + 0.1,
                "apparent_relative_to_top": 1.2 * gap,
                "p_value": p_value,
            }
            for name, n_speakers, gap, p_value in tried
        ]
    )
    return DisparityReport(
        method="zip-demographics",
        system=system,
        rate_name="WER",
        cohorts=table(rows),
        honest=gaps(("bottom",), ("rest",), worst=0.171, best=0.128, half_width=0.012),
        apparent=gaps(("bottom",), ("rest",), worst=0.182, best=0.122, basis="apparent", half_width=0.012),
        spread=Spread(n_cohorts=3, mean=0.146, max=0.171, variance=0.0003, percentile_90=0.165),
        cohorts_basis="confirmation",
        cohorts_overall=estimate(0.14, 0.006),
        p_value=0.01,
        p_adjusted=0.02,
        n_permutations=199,
        stability={"rank_correlation": 1.0},
        settings={"table": "zcta.parquet", "shares": ["renters", "density"]},
        notes=("43 of 1,000 speakers have a zip code that is not in the census table.",),
        map={"kind": "areas", "boundaries": "us_states"},
        areas=table(areas),
        partitions=partitions,
    )


def speaker_kmeans(system: str) -> DisparityReport:
    """Clusters without a clear gap; no permutations were run."""
    rng = np.random.default_rng(3)
    rates = np.sort(0.14 + 0.012 * rng.standard_normal(8))[::-1]
    rows = [
        cohort(f"k{i}", f"voices like cluster {i}", float(rate), n_speakers=120, p_value=np.nan, p_holm=np.nan, p_bh=np.nan)
        for i, rate in enumerate(rates)
    ]
    rows[0]["role"], rows[-1]["role"] = "bottom", "top"
    points = {f"k{i}": [float(np.cos(i)), float(np.sin(2 * i))] for i in range(8)}
    return DisparityReport(
        method="speaker-kmeans",
        system=system,
        rate_name="WER",
        cohorts=table(rows),
        honest=gaps(("k0",), ("k7",), worst=0.148, best=0.133, half_width=0.02),
        apparent=gaps(("k0",), ("k7",), worst=0.19, best=0.11, basis="apparent", half_width=0.02),
        spread=Spread(n_cohorts=8, mean=0.14, max=0.16, variance=0.0002, percentile_90=0.155),
        cohorts_basis="confirmation",
        cohorts_overall=estimate(0.14, 0.006),
        settings={"k": 8},
        map={"kind": "projection", "points": points, "axes": ["first component (31 %)", "second component (18 %)"]},
    )


def declared(system: str) -> DisparityReport:
    """Groups by a column, one of them too small; its gap cannot be estimated."""
    rows = [
        cohort("hausa", "accent: hausa", 0.161, n_speakers=64),
        cohort("igbo", "accent: igbo", 0.15, n_speakers=80),
        withheld("ijaw", "accent: ijaw", "small"),
    ]
    nothing = gaps((), (), worst=0.1, best=0.1)
    unknown = {name: UNDEFINED for name, value in vars(nothing).items() if isinstance(value, Estimate) and name != "overall_rate"}
    empty = {"bottom_n_speakers": 0, "top_n_speakers": 0, "bottom_share_speakers": np.nan, "bottom_share_words": np.nan}
    return DisparityReport(
        method="declared:accent",
        system=system,
        rate_name="WER",
        cohorts=table(rows),
        honest=Gaps(**{**vars(nothing), **unknown, **empty}),
        apparent=Gaps(**{**vars(nothing), **unknown, **empty, "basis": "apparent"}),
        spread=Spread(n_cohorts=2, mean=0.1555, max=0.161, variance=0.00003, percentile_90=0.16),
        cohorts_basis="confirmation",
        cohorts_overall=estimate(0.14, 0.006),
        p_value=0.4,
        p_adjusted=0.4,
        n_permutations=199,
    )


def system_result(name: str, *, shift: float = 0.0) -> SystemResult:
    """One system under all four methods."""
    reports = [geo_tree(name, shift=shift), zip_demographics(name), speaker_kmeans(name), declared(name)]
    return SystemResult(
        system=name,
        overall=estimate(0.14 + shift / 2, 0.006),
        totals={
            "n_utterances": 20_000,
            "n_ref_words": 194_000,
            "hits": 171_000,
            "substitutions": 16_296,
            "deletions": 6_790,
            "insertions": 4_074,
            "n_missing": 12,
            "n_empty": 31,
            "n_loops": 0,
        },
        reports={report.method: report for report in reports},
        normaliser="english 1",
        rate_name="WER",
    )


def comparison(after: str) -> ChangeReport:
    """Another system against the focus, over all and for two cohorts."""
    rows = [("all", 1000, 0.012, ""), ("r00", 34, 0.05, ""), ("r27", np.nan, np.nan, "small")]
    return ChangeReport(
        before="conformer-large",
        after=after,
        rate_name="WER",
        changes=pd.DataFrame(
            [
                {
                    "cohort": label,
                    "n_speakers": n,
                    "rate_before": 0.14 + 0 * change,
                    "rate_after": 0.14 + change,
                    "change": change,
                    "change_lo": change - 0.008,
                    "change_hi": change + 0.008,
                    "p_value": 0.004 + 0 * change,
                    "suppressed": suppressed,
                }
                for label, n, change, suppressed in rows
            ]
        ),
    )


def example(**other: Any) -> AuditResult:
    """The audit; keywords replace its fields."""
    sensitivity = pd.DataFrame(
        [
            {
                "normaliser": normaliser,
                "system": "conformer-large",
                "method": method,
                "relative_to_top": gap,
                "lo": lo,
                "hi": lo + 0.5,
                "flips": flips,
            }
            for normaliser, method, gap, lo, flips in [
                ("none 1", "geo-tree", 1.31, 1.0, False),
                ("basic 1", "speaker-kmeans", 0.3, 0.02, True),
            ]
        ]
    )
    result: dict[str, Any] = {
        "title": "Voice assistant, spring collection",
        "data": {
            "n_utterances": 20_000,
            "n_speakers": 2_000,
            "n_ref_words": 194_000,
            "has_speaker_ids": True,
            "discovery_speakers": 1_000,
            "confirmation_speakers": 1_000,
            "min_speakers": 10,
            "bottom_share": 0.1,
            "folds": 0,
            "basis": "confirmation",
            "set_aside": {"reference is empty": 14, "duration is not positive": 3},
            "missing": {"latitude_deg": 412, "zip_code": 800, "group_accent": 0},
        },
        "warnings": (
            "412 of 20,000 utterances have no coordinates.",
            "Texts were normalised with english 1; another normaliser changes one finding.",
        ),
        "systems": (
            system_result("conformer-large"),
            system_result("whisper-small", shift=0.03),
            system_result("vendor-b", shift=-0.01),
        ),
        "focus": "conformer-large",
        "skipped": {"declared:age": "column 'group_age' has no value in any row."},
        "comparisons": (comparison("whisper-small"), comparison("vendor-b")),
        "sensitivity": sensitivity,
        "provenance": Provenance(
            command="fairasr audit utterances.parquet --seed 0 -o report",
            seed=0,
            version="0.1.0",
            inputs={"utterances.parquet": "9f" * 32},
            settings={"min_speakers": 10, "permutations": 199, "normaliser": "english"},
        ),
    }
    return AuditResult(**(result | other))
