"""Three mixtures of two, one and two turns, what a recogniser wrote of them, and the table of their turns."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fairasr.core.turns import read_turns
from fairasr.ingest import read
from fairasr.mixtures import ScoredTurns, score_turns

REFERENCES = {
    "m1": "<0.00-2.00> one two <1.00-3.00> three four",
    "m2": "<0.00-1.00> five",
    "m3": "<0.00-1.00> six <2.00-3.00> seven",
}
HYPOTHESES = {
    "m1": "<0.10-2.10 0> One, two! <1.10-3.20 1> three nine",
    "m2": "<0.10-1.00 0> five <0.20-0.90 1> five five",
    "m3": "<2.10-3.30 0> seven",
}
SPEAKERS = {"m1": ["ann", "bob"], "m2": ["cid"], "m3": ["bob", "ann"]}
ACCENTS = {"ann": "north", "bob": "south", "cid": "north"}


def write_world(
    folder: Path, *, references: dict[str, str] = REFERENCES, hypotheses: dict[str, str] = HYPOTHESES, with_turns: bool = True
) -> None:
    """mixtures.csv, hypotheses.csv and, if asked for, turns.csv in `folder`."""
    folder.mkdir(exist_ok=True)
    pd.DataFrame(
        {
            "utterance_id": list(references),
            "reference": list(references.values()),
            "speaker_id": ["+".join(SPEAKERS[name]) for name in references],
            "part": ["train" if name == "m2" else "test" for name in references],
        }
    ).to_csv(folder / "mixtures.csv", index=False)
    pd.DataFrame({"utterance_id": list(hypotheses), "system": "sts", "hypothesis": list(hypotheses.values())}).to_csv(
        folder / "hypotheses.csv", index=False
    )
    if with_turns:
        rows = [
            {
                "turn_id": f"{name}-{number}",
                "utterance_id": name,
                "speaker_id": speaker,
                "start_s": turn.start_s,
                "end_s": turn.end_s,
                "reference": turn.text,
                "accent": ACCENTS[speaker],
            }
            for name, text in references.items()
            for number, (turn, speaker) in enumerate(zip(read_turns(text), SPEAKERS[name], strict=True), start=1)
        ]
        pd.DataFrame(rows).to_csv(folder / "turns.csv", index=False)


def scored(folder: Path, **options: object) -> ScoredTurns:
    """What `score_turns` makes of the world in `folder`."""
    corpus = read(folder / "mixtures.csv", hypotheses=folder / "hypotheses.csv")
    turns = folder / "turns.csv"
    return score_turns(corpus, turns=turns if turns.exists() else None, **options)  # type: ignore[arg-type]
