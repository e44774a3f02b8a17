"""What a job found, with the rule and the model that it recommends; and how it is written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fairasr.core import MitigationResult, sha256_of
from fairasr.core.atomic import write_file
from fairasr.discovery import CohortRule, rule_record
from fairasr.mitigating.card import card_of
from fairasr.models import Trainable

MODEL = "model"
WEIGHTS_FILE = "model.safetensors"


@dataclass(frozen=True, kw_only=True)
class Mitigated:
    """What `fairasr.mitigate` returns.

    Attributes:
        result: league table, curve, comparison, verdicts.
        rule: the cohorts it worked for.
        model: the recommended model; None where the rule recommends to keep the base model.
    """

    result: MitigationResult
    rule: CohortRule
    model: Trainable | None

    @property
    def league(self) -> pd.DataFrame:
        """One row per method, best first by the selection rule."""
        return self.result.league

    def write(self, folder: str | Path) -> list[Path]:
        """Write report.html, report.json, tables and rules/ into `folder`, and the recommended model into its folder `model`.

        Under torchrun only the main process writes.

        Raises:
            OutputError: it cannot be written; what was there before still is.
        """
        from fairasr.report import write_mitigation
        from fairasr.training.world import is_main

        if not is_main():
            return []
        folder = Path(folder)
        written = write_mitigation(self.result, folder)
        record = rule_record(self.rule, found_on=self.result.comparison.provenance.inputs.values())
        rule = json.dumps(record, sort_keys=True, ensure_ascii=False, indent=1).encode() + b"\n"
        written.append(write_file(folder / "rules" / "cohorts.json", rule))
        if self.model is not None:
            place = folder / MODEL
            place.mkdir(exist_ok=True)
            self.model.save(place)
            written.append(
                write_file(place / "README.md", card_of(self.result, weights_sha256=sha256_of(place / WEIGHTS_FILE)).encode())
            )
        return written
