"""An audit of 126 regions and 1,000,000 utterances, written as the product writes one."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from fairasr.core import AuditResult, DisparityReport, Estimate, Gaps, Manifest, Provenance, Spread, SystemResult
from fairasr.core.disparity import COHORT_COLUMNS
from fairasr.report import write_audit
from fairasr.report.utterance_file import COUNT_COLUMNS, KeptSystem, KeptUtterances, ListedCohorts

N_UTTERANCES, N_SPEAKERS, GRID = 1_000_000, 50_000, (9, 14)
N_REGIONS = GRID[0] * GRID[1]
LABELS = tuple(f"r{number:03d}" for number in range(N_REGIONS))
PLACES = {"us": (30.0, -120.0, 48.0, -76.0), "world": (-35.0, -120.0, 65.0, 150.0)}
"""South, west, north and east of the regions of each result: all of them hold land."""

VOCABULARY, ZIPF_EXPONENT, MEAN_WORDS, MOST_WORDS = 20_000, 1.1, 8.0, 60
CORRECT_ROWS, ERROR_RATE = 0.635, 0.33
KINDS = {"substitutions": 0.65, "deletions": 0.2, "insertions": 0.15}
SYSTEM, METHOD = "cloud", "geo-tree"


def words_of(seed: int) -> np.ndarray:
    """The vocabulary, the most frequent word first."""
    generator = np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    return np.array(["".join(generator.choice(letters, size=n)) for n in generator.integers(2, 9, size=VOCABULARY)], dtype=object)


def utterances(seed: int) -> KeptUtterances:
    """A million utterances of 8 words on average from a Zipf vocabulary, 12 % of their words wrong, as the product keeps them."""
    generator = np.random.default_rng(seed)
    words, weights = words_of(seed), np.arange(1, VOCABULARY + 1) ** -ZIPF_EXPONENT
    lengths = np.minimum(generator.geometric(1 / MEAN_WORDS, size=N_UTTERANCES), MOST_WORDS)
    rows, starts = np.repeat(np.arange(N_UTTERANCES), lengths), np.concatenate([[0], np.cumsum(lengths)])
    drawn = generator.choice(VOCABULARY, p=weights / weights.sum(), size=(2, len(rows)))
    is_wrong = (generator.random(len(rows)) < ERROR_RATE) & (generator.random(N_UTTERANCES) > CORRECT_ROWS)[rows]
    kinds = np.where(is_wrong, 1 + generator.choice(3, p=list(KINDS.values()), size=len(rows)), 0)
    heard = np.repeat(np.where(kinds == 1, drawn[1], drawn[0]), np.array([1, 1, 0, 2])[kinds])
    ends = np.cumsum(np.bincount(rows, weights=np.array([1, 1, 0, 2])[kinds], minlength=N_UTTERANCES)).astype(int)
    counts = {name: np.bincount(rows[kinds == 1 + i], minlength=N_UTTERANCES) for i, name in enumerate(KINDS)} | {"n_ref": lengths}
    said, written = words[drawn[0]].tolist(), words[heard].tolist()
    ids = [f"u{row:07d}" for row in range(N_UTTERANCES)]
    speakers = generator.integers(N_SPEAKERS, size=N_UTTERANCES)
    table = pd.DataFrame({"utterance_id": ids, "speaker_id": [f"s{speaker:05d}" for speaker in speakers]})
    table["reference"] = [" ".join(said[start:end]) for start, end in pairwise(starts)]
    texts = [" ".join(written[start:end]) for start, end in pairwise([0, *ends.tolist()])]
    cohorts = ListedCohorts(labels=LABELS, codes=generator.integers(N_REGIONS, size=N_SPEAKERS))
    names = np.array(["", *LABELS]).repeat(50)
    confusions = pd.DataFrame({"system": SYSTEM, "method": METHOD, "cohort": names, "kind": "substitution"}).assign(
        reference=words[generator.integers(1000, size=len(names))],
        hypothesis=words[generator.integers(1000, size=len(names))],
        n=generator.integers(3, 400, size=len(names)),
        n_speakers=3,
        per_1000=generator.random(len(names)),
        per_1000_all=generator.random(len(names)),
    )
    system = KeptSystem(system=SYSTEM, texts=dict(zip(ids, texts, strict=True)), counts=counts, cohorts={METHOD: cohorts})
    return KeptUtterances(
        manifest=Manifest(table=table),
        systems=(system,),
        is_confirmation=generator.random(N_SPEAKERS) < 0.5,
        normaliser="english",
        unit="word",
        confusions=confusions,
    )


def audit(kept: KeptUtterances, place: str) -> AuditResult:
    """An audit whose cohorts are 126 boxes on the map; rates are those of the utterances, intervals are made up."""
    south, west, north, east = PLACES[place]
    latitudes, longitudes = np.linspace(south, north, GRID[0] + 1), np.linspace(west, east, GRID[1] + 1)
    corners = [(float(latitudes[i]), float(longitudes[j])) for i in range(GRID[0]) for j in range(GRID[1])]
    height, width = (north - south) / GRID[0], (east - west) / GRID[1]
    boxes = {label: [low, left, low + height, left + width] for label, (low, left) in zip(LABELS, corners, strict=True)}
    counts, judged = kept.systems[0].counts, kept.is_confirmation[kept.manifest.speaker_positions]
    codes = kept.systems[0].cohorts[METHOD].codes[kept.manifest.speaker_positions][judged]
    table = pd.DataFrame({name: np.bincount(codes, weights=counts[name][judged]) for name in COUNT_COLUMNS})
    table["rate"] = table[list(KINDS)].sum(axis=1) / table["n_ref"] + np.random.default_rng(1).normal(0, 0.03, size=N_REGIONS)
    overall, noise = float(table["rate"].mean()), 0.004
    table = table.assign(
        cohort=LABELS, description=[f"region {label[1:]} of {N_REGIONS}" for label in LABELS], role="", suppressed=""
    )
    table["n_speakers"] = np.bincount(kept.systems[0].cohorts[METHOD].codes[kept.is_confirmation])
    table = table.assign(n_utterances=np.bincount(codes), n_ref_words=table["n_ref"], apparent_rate=table["rate"])
    table = table.assign(
        rate_shrunken=table["rate"], difference_to_overall=table["rate"] - overall, p_value=0.01, p_holm=0.03, p_bh=0.02
    )
    for name in ("rate", "difference_to_overall"):
        table[f"{name}_lo"], table[f"{name}_hi"] = table[name] - noise, table[name] + noise
    for kind in KINDS:
        table[f"{kind[:-1]}_rate"] = table[kind] / table["n_ref"]
    table = table.assign(n_missing=0, n_empty=0, n_loops=0, n_set_aside=0).sort_values("rate", ascending=False, ignore_index=True)
    worst, best = (Estimate(value=value, lo=value - noise, hi=value + noise) for value in table["rate"].iloc[[0, -1]])
    middle, gap = Estimate(value=overall, lo=overall - noise, hi=overall + noise), Estimate(value=0.4, lo=0.3, hi=0.5)
    names = ("relative_to_top", "relative_to_bottom", "relative_to_overall", "difference_to_overall", "difference_to_rest")
    gaps = Gaps(
        basis="confirmation",
        bottom=(table["cohort"].iloc[0],),
        top=(table["cohort"].iloc[-1],),
        bottom_rate=worst,
        top_rate=best,
        overall_rate=middle,
        **dict.fromkeys(names, gap),
        **dict.fromkeys(("bottom_n_speakers", "top_n_speakers", "n_speakers"), 200),
        **dict.fromkeys(("bottom_share_speakers", "bottom_share_words"), 0.01),
    )
    table.loc[0, "role"], table.loc[N_REGIONS - 1, "role"] = "bottom", "top"
    report = DisparityReport(
        method=METHOD,
        system=SYSTEM,
        rate_name="WER",
        cohorts=table[list(COHORT_COLUMNS)],
        honest=gaps,
        apparent=gaps,
        spread=Spread(n_cohorts=N_REGIONS, mean=overall, max=worst.value, variance=0.001, percentile_90=worst.value),
        cohorts_basis="confirmation",
        cohorts_overall=middle,
        p_value=0.005,
        p_adjusted=0.005,
        n_permutations=199,
        map={"kind": "boxes", "boxes": boxes},
    )
    totals = {"n_utterances": N_UTTERANCES, "n_ref_words": int(counts["n_ref"].sum())} | {k: int(counts[k].sum()) for k in KINDS}
    system = SystemResult(
        system=SYSTEM, overall=middle, totals=totals, reports={METHOD: report}, normaliser="english 1", rate_name="WER"
    )
    data = {"n_utterances": N_UTTERANCES, "n_speakers": N_SPEAKERS, "n_ref_words": totals["n_ref_words"], "has_speaker_ids": True}
    data |= {
        "discovery_speakers": N_SPEAKERS // 2,
        "confirmation_speakers": N_SPEAKERS // 2,
        "min_speakers": 20,
        "bottom_share": 0.1,
    }
    data |= {"folds": 0, "basis": "confirmation", "set_aside": {}, "missing": {}}
    made_with = Provenance(command="benchmarks/dashboard.py", seed=0)
    return AuditResult(title=f"A million utterances, {place}", data=data, systems=(system,), focus=SYSTEM, provenance=made_with)


def write_audits(root: Path) -> None:
    """Write one audit for each of `PLACES`, each into its folder, of the same utterances."""
    kept = utterances(seed=0)
    for place in PLACES:
        write_audit(audit(kept, place), root / place, rules={}, utterances=kept)
