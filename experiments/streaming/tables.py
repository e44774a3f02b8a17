"""Tables of what was measured: rates over seeds with intervals, and differences to a reference, paired by recording.

    python experiments/streaming/tables.py FOLDER MIXTURES > tables.md

FOLDER is what the runs were written to, MIXTURES the folder of the mixtures.

An interval is over test recordings, errors of all seeds added up; beside it stand the rates of the seeds. It says nothing about
other speakers: there are six.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fairasr.statistics.rates import overall_rate

REFERENCES = {"ablation": "lstm", "compute": "dense", "equal-compute": "learned-3"}
ONE_OUTPUT = "one-output"
"""What segmenters are compared with."""
FIGURES = {
    "counting_accuracy": "counted right",
    "majority_accuracy": "always the same number",
    "counting_error": "counted too many",
    "end_latency_median_s": "end latency, median [s]",
    "end_latency_p90_s": "90 % below [s]",
    "early_rate": "ended early",
    "start_latency_median_s": "start latency, median [s]",
}
"""Of `TurnMetrics`, means over seeds."""
BANDS = ("all", "0 %", "0-20 %", "20-40 %", ">40 %")


@cache
def bands() -> pd.Series:
    """Band of overlap of each mixture."""
    return pd.read_csv(Path(sys.argv[2]) / "mixtures.csv", index_col="utterance_id")["overlap_band"]


def results(folder: Path) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """(family, variant) -> what was found with each seed."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("*/*.json")):
        one = json.loads(path.read_text(encoding="utf-8"))
        found.setdefault((one["run"]["family"], one["run"]["name"]), []).append(one)
    return found


def counts(runs: list[dict[str, Any]], *, band: str = "all") -> pd.DataFrame:
    """Errors and words of each test recording, added over seeds; of turns in one band of overlap."""
    parts = []
    for run in runs:
        if "strings" in run:
            strings = pd.DataFrame(run["strings"]).rename(columns={"utterance_id": "unit"})
            parts.append(strings[["unit", "errors", "words"]])
        else:
            turns = pd.DataFrame(run["turns"])
            kept = turns if band == "all" else turns[turns["mixture_id"].map(bands()) == band]
            named = kept.rename(columns={"mixture_id": "unit", "n_errors": "errors", "n_ref_words": "words"})
            parts.append(named[["unit", "errors", "words"]])
    return pd.concat(parts).groupby("unit")[["errors", "words"]].sum()


def percent(runs: list[dict[str, Any]], *, band: str = "all") -> str:
    table = counts(runs, band=band)
    rate = overall_rate(table["errors"].to_numpy(), table["words"].to_numpy())
    return f"{100 * rate.value:.1f} [{100 * rate.lo:.1f}, {100 * rate.hi:.1f}]"


def difference(runs: list[dict[str, Any]], reference: list[dict[str, Any]], *, band: str = "all") -> str:
    """Points more than the reference, over seeds that both have, with a 95 % interval."""
    seeds = {run["run"]["seed"] for run in runs} & {run["run"]["seed"] for run in reference}
    ours, theirs = (counts([run for run in side if run["run"]["seed"] in seeds], band=band) for side in (runs, reference))
    more = (ours["errors"] - theirs["errors"]).to_numpy(dtype=float)
    words = ours["words"].to_numpy(dtype=float)
    value, n = more.sum() / words.sum(), len(words)
    reach = 1.96 * np.sqrt(n / (n - 1) * np.square(more - value * words).sum()) / words.sum()
    return f"{100 * value:+.1f} [{100 * (value - reach):+.1f}, {100 * (value + reach):+.1f}]"


def row(cells: list[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def table(head: list[str], rows: list[list[object]]) -> str:
    return "\n".join([row(head), row(["---"] * len(head)), *map(row, rows)]) + "\n"


def mean(runs: list[dict[str, Any]], *names: str) -> float:
    """Mean over seeds of a figure; NaN where there is none."""
    values = []
    for run in runs:
        value: Any = run
        for name in names:
            value = value.get(name, {}) if isinstance(value, dict) else {}
        values.append(value if isinstance(value, (int, float)) else np.nan)
    return float(np.mean(values))


def of_strings(found: dict[tuple[str, str], list[dict[str, Any]]], family: str) -> str:
    reference = found.get(("compute" if family == "equal-compute" else family, REFERENCES[family]), [])
    rows: list[list[object]] = []
    for (own, name), runs in found.items():
        if own == family:
            seeds = " / ".join(f"{100 * run['wer']:.1f}" for run in runs)
            gates = [mean(runs, "gate_rate", kind) for kind in ("speech", "pauses")]
            spent = mean(runs, "encoder_mflop_per_s")
            rows.append(
                [
                    name,
                    f"{runs[0]['n_parameters']:,}",
                    percent(runs),
                    seeds,
                    difference(runs, reference) if reference else "",
                    f"{100 * spent / mean(reference, 'encoder_mflop_per_s'):.0f} %" if reference else "",
                    f"{spent:.1f} / {mean(runs, 'total_mflop_per_s'):.1f}",
                    "" if np.isnan(gates[0]) else f"{100 * gates[0]:.0f} % / {100 * gates[1]:.0f} %",
                ]
            )
    than = REFERENCES[family]
    head = ["variant", "parameters", "WER, %", "seeds", f"points more than {than}"]
    return table([*head, f"of the encoder compute of {than}", "MFLOP/s, encoder / whole", "gates open, speech / pauses"], rows)


def of_turns(found: dict[tuple[str, str], list[dict[str, Any]]], own_family: str) -> str:
    errors: list[list[object]] = []
    figures: list[list[object]] = []
    reference = found.get((own_family, ONE_OUTPUT), [])
    for (family, name), runs in found.items():
        if family != own_family:
            continue
        seeds = " / ".join(f"{100 * run['wer']:.1f}" for run in runs)
        frames = " / ".join(f"{mean(runs, 'activity', kind):.2f}" for kind in ("f1", "f1_always"))
        errors.append([name, f"{runs[0]['n_parameters']:,}", *(percent(runs, band=band) for band in BANDS), seeds, frames])
        if reference and name != ONE_OUTPUT:
            errors.append(["points more than one output", "", *(difference(runs, reference, band=band) for band in BANDS), "", ""])
        for place, band in enumerate(runs[0]["bands"]):
            own = pd.DataFrame([run["bands"][place] for run in runs])[list(FIGURES)].mean()
            figures.append([name, band["band"], *(f"{own[key]:.2f}" for key in FIGURES)])
    head = ["variant", "parameters", *(f"ORC-WER {band}" for band in BANDS), "seeds", "F1 of frames with speech / always said"]
    return table(head, errors) + "\n" + table(["variant", "overlap", *FIGURES.values()], figures)


def main() -> None:
    found = results(Path(sys.argv[1]))
    for family in ("ablation", "compute", "equal-compute"):
        if any(own == family for own, _ in found):
            print(f"## {family}\n\n{of_strings(found, family)}")
    for family in ("turns", "turns-longer"):
        if any(own == family for own, _ in found):
            print(f"## {family}\n\n{of_turns(found, family)}")


if __name__ == "__main__":
    main()
