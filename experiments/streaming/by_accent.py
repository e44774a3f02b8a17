"""Which accent pays: rates of every variant by accent, through the audit that errors go through.

    python experiments/streaming/by_accent.py FOLDER STRINGS MIXTURES > by_accent.md

FOLDER is what the runs were written to, STRINGS and MIXTURES the folders of `fairasr mix`. Counts of all seeds are added up; a
variant that has not run with all of them is left out. The unit is a string, or a speaker in a mixture: six speakers say nothing
about groups of people, and every accent was trained on.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
from tables import results, table

import fairasr as fa

COMPUTE = fa.Rate(name="compute", numerator="kiloflop", denominator="audio_ms", unit="MFLOP/s")
ERRORS = fa.Rate(name="word error rate", numerator="errors", denominator="words")
LOST = fa.Rate(name="lost turns", numerator="lost", denominator="turns", share=True)


def of_strings(run: dict[str, Any]) -> pd.DataFrame:
    """Counts of each string."""
    spent = pd.DataFrame(run["compute"]).set_index("utterance_id")
    heard = pd.DataFrame(run["strings"]).set_index("utterance_id")
    kiloflop, audio_ms = spent["encoder_flops"] / 1e3, 1e3 * spent["audio_s"]
    return heard[["errors", "words"]].assign(kiloflop=kiloflop.round(), audio_ms=audio_ms.round()).astype(int)


def of_turns(run: dict[str, Any]) -> pd.DataFrame:
    """Counts of each speaker in each mixture; words between turns are errors of a row of no turn."""
    heard = pd.DataFrame(run["turns"])
    heard["unit"] = heard["mixture_id"] + " " + heard["speaker_id"]
    heard = heard.rename(columns={"n_errors": "errors", "n_ref_words": "words"}).assign(turns=heard["n_ref_words"] > 0)
    return heard.groupby("unit")[["errors", "words", "lost", "turns"]].sum().astype(int)


def by_accent(rate: fa.Rate, runs: dict[str, list[pd.DataFrame]], accents: pd.Series) -> str:
    """Markdown: a row for each variant, a column for each accent, with intervals."""
    n_seeds = max(map(len, runs.values()))
    runs = {name: parts for name, parts in runs.items() if len(parts) == n_seeds}
    sums = {name: pd.concat(parts).groupby(level=0).sum() for name, parts in runs.items()}
    denominator = next(iter(sums.values()))[rate.denominator]
    units = pd.DataFrame({"utterance_id": denominator.index, "speaker_id": denominator.index})
    units["accent"], units[rate.denominator] = units["utterance_id"].map(accents), denominator.to_numpy()
    for name, own in sums.items():
        units[f"{rate.numerator}:{name}"] = own[rate.numerator].loc[denominator.index].to_numpy()
    audit = fa.audit(units, rate=rate, groups=["accent"], n_permutations=0, seed=0)
    rows: list[list[object]] = []
    scale = 1 if rate.unit else 100
    for name in runs:
        found = audit.system(name).reports["declared:accent"].by_cohort.sort_index()
        shown = found[["rate", "rate_lo", "rate_hi"]] * scale
        rows.append([name, *(f"{value:.1f} [{lo:.1f}, {hi:.1f}]" for value, lo, hi in shown.to_numpy())])
    return table([f"{rate.name}, {rate.unit or '%'}", *found.index], rows)


def main() -> None:
    found = results(Path(sys.argv[1]))
    strings, mixtures = (Path(folder) for folder in sys.argv[2:4])
    of_string = pd.read_csv(strings / "mixtures.csv", index_col="utterance_id")["accent"]
    turns = pd.read_csv(mixtures / "turns.csv")
    turns["unit"] = turns["utterance_id"] + " " + turns["speaker_id"]
    of_speaker = turns.groupby("unit")["accent"].first()
    for family, rates in (("ablation", [ERRORS]), ("compute", [ERRORS, COMPUTE]), ("equal-compute", [ERRORS, COMPUTE])):
        runs = {name: [of_strings(run) for run in own] for (of, name), own in found.items() if of == family}
        for rate in rates if runs else ():
            print(f"## {family}\n\n{by_accent(rate, runs, of_string)}")
    for family in ("turns", "turns-longer"):
        runs = {name: [of_turns(run) for run in own] for (of, name), own in found.items() if of == family}
        for rate in (ERRORS, LOST) if runs else ():
            print(f"## {family}\n\n{by_accent(rate, runs, of_speaker)}")


if __name__ == "__main__":
    main()
