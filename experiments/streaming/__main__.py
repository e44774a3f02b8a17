"""The streaming recognisers on spoken digits: what each part is worth, what computation buys, what a second output buys.

python experiments/streaming ablation --strings FOLDER --mixtures FOLDER --out FOLDER
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from families import FAMILIES
from runs import carried_out

from fairasr.core.turns import read_turns


def as_one(mixtures: Path) -> None:
    """The mixtures with plain references, turns by start: what a recogniser of one output is trained on."""
    import pandas as pd

    path = mixtures / "as-one.csv"
    if not path.is_file():
        table = pd.read_csv(mixtures / "mixtures.csv", dtype=str, keep_default_na=False)
        table["reference"] = [" ".join(turn.text for turn in read_turns(text)) for text in table["reference"]]
        table.to_csv(path, index=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("family", choices=[*FAMILIES])
    parser.add_argument("--strings", type=Path, required=True, help="folder of `fairasr mix` with one turn in each")
    parser.add_argument("--mixtures", type=Path, required=True, help="folder of `fairasr mix` with up to three")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", default="", help="names of variants, comma-separated")
    parser.add_argument("--seeds", default="0,1,2")
    chosen = parser.parse_args()
    as_one(chosen.mixtures)
    runs = [run for run in FAMILIES[chosen.family]() if not chosen.only or run.name in chosen.only.split(",")]
    runs = [run for run in runs if str(run.seed) in chosen.seeds.split(",")]
    folders = {"strings": chosen.strings, "mixtures": chosen.mixtures, "out": chosen.out}
    with ProcessPoolExecutor(chosen.processes) as pool:
        for done in [pool.submit(carried_out, run, **folders) for run in runs]:
            print(done.result(), flush=True)


if __name__ == "__main__":
    main()
