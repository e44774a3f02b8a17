"""A made-up audit of two speaker verifiers that holds every shape a page can meet: withheld, not estimable, a map, none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fairasr.core import UNDEFINED, Estimate, GroupReport, Provenance, VerificationResult, VerifierResult
from fairasr.core.verification import CROSSED_COLUMNS, GROUP_COLUMNS, GROUP_TEXT

OVERALL = 0.05


def group(label: str, eer: float, *, n_speakers: int = 40, suppressed: str = "", **other: Any) -> dict[str, Any]:
    """One row of groups; a suppressed one holds no number."""
    row: dict[str, Any] = {"cohort": label, "description": f"region {label}", "suppressed": suppressed}
    if suppressed:
        return row | {name: np.nan for name in GROUP_COLUMNS if name not in GROUP_TEXT}
    rates = {"eer": eer, "min_dcf": 5 * eer, "far": 0.8 * eer, "frr": 1.3 * eer, "wer": 2 * eer}
    for name, rate in rates.items():
        row |= {name: rate, f"{name}_lo": 0.8 * rate, f"{name}_hi": 1.25 * rate}
    row |= {"difference_to_overall": eer - OVERALL}
    row |= {"difference_to_overall_lo": 0.8 * eer - OVERALL, "difference_to_overall_hi": 1.25 * eer - OVERALL}
    return row | {"n_speakers": n_speakers, "n_target": 10 * n_speakers, "n_nontarget": 20 * n_speakers} | other


def report(method: str, *rows: dict[str, Any], **other: Any) -> GroupReport:
    """The groups of one method, with a DET curve each."""
    groups = pd.DataFrame(list(rows), columns=list(GROUP_COLUMNS))
    shown = [row["cohort"] for row in rows if not row["suppressed"]]
    crossed = [{"first": shown[0], "second": shown[1], "n_nontarget": 90, "far": 0.01, "far_lo": 0.005, "far_hi": 0.02}]
    rates = np.geomspace(0.002, 0.4, 30)
    det = {label: tuple((float(far), float(0.002 * (i + 1) / far)) for far in rates) for i, label in enumerate(["", *shown])}
    return GroupReport(
        method=method,
        groups=groups,
        crossed=pd.DataFrame(crossed, columns=list(CROSSED_COLUMNS)),
        gap=Estimate(value=0.05, lo=0.01, hi=0.09),
        spread=Estimate(value=0.02, lo=0.01, hi=0.03),
        det=det,
        notes=("2 speakers have no second utterance and are in trials of two speakers only.",),
        **other,
    )


def verification(**other: Any) -> VerificationResult:
    """Two verifiers, a way of grouping with a map and one without."""
    tree = report(
        "geo-tree",
        group("r1", 0.09),
        group("r2", 0.04),
        group("r3", np.nan, n_target=0, eer_lo=np.nan, eer_hi=np.nan, difference_to_overall=np.nan),
        group("r4", 0.0, suppressed="small"),
        group("r5", 0.0, suppressed="complementary"),
        map={"kind": "boxes", "boxes": {f"r{i}": [25 + 4 * i, -100, 29 + 4 * i, -80] for i in range(1, 6)}},
    )
    sex = report("declared:sex", group("male", 0.06), group("female", 0.045))
    systems = tuple(
        VerifierResult(
            system=name,
            eer=Estimate(value=OVERALL, lo=0.04, hi=0.06),
            min_dcf=Estimate(value=0.4, lo=0.3, hi=0.5),
            threshold=0.71,
            n_target=1200,
            n_nontarget=4000,
            reports={"geo-tree": tree, "declared:sex": sex},
        )
        for name in ("plain", "pairwise weighting")
    )
    empty = VerifierResult(
        system="constant", eer=UNDEFINED, min_dcf=UNDEFINED, threshold=np.nan, n_target=0, n_nontarget=0, reports={}
    )
    made: dict[str, Any] = {
        "title": "Made-up verifiers",
        "data": {"n_speakers": 120, "n_trials": 5200, "n_target": 1200, "n_nontarget": 4000, "min_speakers": 10, "wer": 0.1},
        "systems": (*systems, empty),
        "warnings": ("The scores of 'constant' are all alike.",),
        "recogniser": "whisper",
        "provenance": Provenance(command="fairasr verify audit", seed=0, inputs={"trials.csv": "00"}, settings={"p_target": 0.01}),
    }
    return VerificationResult(**(made | other))
