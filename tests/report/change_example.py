"""A made-up fine-tuning job and its comparison: 6 methods, 3 seeds, 9 regions, 2 of them withheld, one forgetting set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fairasr.comparing import compared
from fairasr.core import Comparison, Counts, MitigationResult, Partition, Provenance
from fairasr.core.mitigation import CURVE_COLUMNS, LEAGUE_COLUMNS

SIZES = {"r1": 60, "r2": 80, "r3": 70, "r4": 90, "r5": 40, "r6": 55, "r7": 30, "tiny": 4, "few": 8}
RATES = {"r1": 0.32, "r2": 0.21, "r3": 0.18, "r4": 0.15, "r5": 0.12, "r6": 0.16, "r7": 0.14, "tiny": 0.6, "few": 0.2}
TARGET = ("r1",)
SEEDS = (0, 1, 2)
METHODS = {
    "ewc (strength = 10)": (0.78, 0.96, 0.97),
    "interpolation (alpha = 0.5)": (0.82, 1.0, 1.04),
    "replay": (0.8, 1.02, 1.05),
    "plain": (0.72, 1.12, 1.5),
    "lora (rank = 8)": (0.86, 1.0, 1.03),
    "group-dro": (0.9, 1.01, 1.1),
}
"""Method -> rate after / before of the target, of everyone else and on the forgetting set."""

BOXES = {
    label: [25.0 + 7 * (i // 3), -122.0 + 17 * (i % 3), 32.0 + 7 * (i // 3), -105.0 + 17 * (i % 3)] for i, label in enumerate(SIZES)
}


def counts(system: str, words: np.ndarray, errors: np.ndarray) -> Counts:
    """Counts with one row per speaker."""
    table = pd.DataFrame(
        {
            "speaker_id": [f"s{i:04d}" for i in range(len(words))],
            "cell": "",
            "n_utterances": 4,
            "n_ref_words": words,
            "errors": errors,
        }
    )
    return Counts(table=table, system=system, normaliser="english@2", numerator=("errors",))


def changed(before: np.ndarray, ratio: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Errors of a new system: most of those before, and some new ones."""
    kept = rng.binomial(before, np.minimum(ratio, 0.95))
    return kept + rng.poisson(np.maximum(ratio - 0.95, 0) * before)


def speakers(rates: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Words and errors before."""
    words = rng.integers(80, 260, len(rates))
    return words, rng.binomial(words, np.minimum(rates * np.exp(0.3 * rng.standard_normal(len(rates))), 0.9))


def comparison(methods: tuple[str, ...] = tuple(METHODS), **other: Any) -> Comparison:
    """The chosen setting of every method against the base."""
    rng = np.random.default_rng(5)
    labels = np.repeat(list(SIZES), list(SIZES.values()))
    words, errors = speakers(np.array([RATES[label] for label in labels]), rng)
    set_words, set_errors = speakers(np.full(200, 0.08), rng)
    after, forgotten = {}, {}
    for name in methods:
        target, rest, general = METHODS[name]
        ratio = np.where(labels == "r1", target, rest)
        after[name] = [counts(name, words, changed(errors, ratio, rng)) for _ in SEEDS]
        forgotten[name] = [counts(name, set_words, changed(set_errors, np.full(200, general), rng)) for _ in SEEDS]
    index = pd.Index([f"s{i:04d}" for i in range(len(labels))], name="speaker_id")
    settings: dict[str, Any] = {
        "before": "conformer-s",
        "against": "plain" if "plain" in methods else "",
        "target": TARGET,
        "forgetting": {"read speech": (counts("conformer-s", set_words, set_errors), forgotten)},
        "seed": 0,
        "title": "Accents by region, spring collection",
        "map_layer": {"kind": "boxes", "boxes": BOXES},
        "notes": ("Recordings are of one paragraph that everyone read.",),
        "provenance": Provenance(
            command="fairasr mitigate job.toml", seed=0, version="0.1.0", inputs={"utterances.csv": "9f" * 32}
        ),
    }
    partition = Partition(
        method="geo-tree",
        labels=pd.Series(labels, index=index),
        descriptions={label: f"region {i + 1}: north of {25 + 7 * (i // 3)}.0°" for i, label in enumerate(SIZES)},
        used_scores=True,
    )
    return compared(counts("conformer-s", words, errors), after, partition, **(settings | other))


def curve() -> pd.DataFrame:
    """Candidates on development speakers: two swept methods, two that are not."""
    rng = np.random.default_rng(9)
    rows: list[dict[str, Any]] = [{"method": "base", "strength": np.nan, "step": 0, "seed": -1, "worst": 0.32, "overall": 0.19}]
    swept = {
        "ewc": [
            (strength, 0.235 + 0.08 * share, 0.193 - 0.011 * share)
            for strength, share in zip((0.1, 1, 10, 100, 1e3), np.linspace(0, 0.95, 5), strict=True)
        ],
        "l2-sp": [
            (strength, 0.238 + 0.078 * share, 0.196 - 0.009 * share)
            for strength, share in zip((0.1, 1, 10, 100), np.linspace(0, 0.9, 4), strict=True)
        ],
        "plain": [(np.nan, 0.23, 0.199)],
        "replay": [(np.nan, 0.252, 0.187)],
    }
    for method, settings in swept.items():
        for strength, worst, overall in settings:
            for step in (200, 400):
                for seed in SEEDS:
                    noise = rng.normal(scale=0.002, size=2) + (0.012 if step == 200 else 0.0)
                    chosen = step == 400 and strength in (10, 100 if method == "l2-sp" else 10)
                    rows.append(
                        {
                            "method": method,
                            "strength": strength,
                            "step": step,
                            "seed": seed,
                            "worst": worst + noise[0],
                            "overall": overall + noise[1] / 4,
                            "chosen": chosen or (step == 400 and not np.isfinite(strength)),
                        }
                    )
    table = pd.DataFrame(rows)
    table["general"] = table["overall"] - 0.03
    table["forgetting"] = np.nan
    table["chosen"] = table["chosen"].eq(True)
    return table[list(CURVE_COLUMNS)]


def mitigation(**other: Any) -> MitigationResult:
    """The job; keywords replace its fields."""
    compared_systems = comparison()
    rows = []
    for position, system in enumerate(compared_systems.systems):
        rates = system.change.changes.set_index("cohort")["rate_after"]
        rows.append(
            {
                "method": system.after,
                "setting": system.after.partition("(")[2].rstrip(")"),
                "step": 400,
                "n_seeds": 3,
                "development_worst": rates["r1"] + 0.004,
                "development_overall": rates["all"] - 0.002,
                "within_cap": system.after != "plain",
                "worst": rates["r1"],
                "worst_sd": 0.004,
                "general": rates["all"] - 0.02,
                "general_sd": 0.002,
                "overall": rates["all"],
                "overall_sd": 0.0021,
                "forgetting": system.forgetting["read speech"].changes["rate_after"].iloc[0],
                "forgetting_sd": 0.001,
                "outcome": system.verdict.outcome,
                "chosen": position == 0 and system.verdict.outcome == "accepted",
                "train_s": 184.2 + 7 * position,
            }
        )
    result: dict[str, Any] = {
        "comparison": compared_systems,
        "league": pd.DataFrame(rows)[list(LEAGUE_COLUMNS)],
        "curve": curve(),
        "recommended": rows[0]["method"] if rows[0]["chosen"] else "",
        "rule": "the lowest rate of the target cohorts among those whose overall rate is at most 1.01 times that of the base model",
        "job": {"model": {"path": "models/base"}, "seeds": list(SEEDS), "methods": {"ewc": {"strength": [0.1, 1, 10]}}},
        "speakers": {
            "training": 900,
            "training target": 130,
            "development": 210,
            "development target": 31,
            "test": 437,
            "test target": 60,
        },
        "seeds": SEEDS,
        "runs": (
            {"method": "plain", "setting": "", "seed": 0, "step": 400, "folder": "runs/1", "audio_s": 3600.0, "wall_s": 190.0},
        ),
    }
    return MitigationResult(**(result | other))
