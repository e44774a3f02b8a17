"""What a job found, with the rule and the model that it recommends; and how it is written."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fairasr.core import MitigationResult, sha256_of
from fairasr.core.atomic import write_file
from fairasr.core.errors import OutputError
from fairasr.discovery import CohortRule, rule_record
from fairasr.mitigating.card import OF_SEEDS, card_of
from fairasr.models import Trainable

MODEL = "model"
CARD = "README.md"


@dataclass(frozen=True, kw_only=True)
class Mitigated:
    """What `fairasr.mitigate` returns.

    Attributes:
        result: league table, curve, comparison, verdicts.
        rule: the cohorts it worked for.
        found_on: SHA-256 of the files whose utterances the rule was found on.
        model: the recommended model; None where the rule recommends to keep the base model.
    """

    result: MitigationResult
    rule: CohortRule
    found_on: tuple[str, ...] = ()
    model: Trainable | None

    @property
    def league(self) -> pd.DataFrame:
        """One row per method, best first by the selection rule."""
        return self.result.league

    def write(self, folder: str | Path) -> list[Path]:
        """Write report.html, report.json, tables and rules/ into `folder`, and the recommended model into its folder `model`.

        The model that a job recommended there before is replaced, or removed where none is recommended now. Under torchrun only the
        main process writes.

        Raises:
            OutputError: it cannot be written, or its folder `model` holds a model that no job has recommended; what was there
                before still is.
        """
        from fairasr.report import write_mitigation
        from fairasr.training.world import is_main

        if not is_main():
            return []
        folder = Path(folder)
        _require_ours(folder / MODEL)
        written = write_mitigation(self.result, folder)
        record = rule_record(self.rule, found_on=self.found_on)
        rule = json.dumps(record, sort_keys=True, ensure_ascii=False, indent=1).encode() + b"\n"
        written.append(write_file(folder / "rules" / "cohorts.json", rule))
        if self.model is None:
            _remove(folder / MODEL)
        else:
            written.append(_save(self.model, self.result, folder / MODEL))
        return written


def _require_ours(place: Path) -> None:
    card = place / CARD
    if place.exists() and not (card.is_file() and OF_SEEDS in card.read_text(encoding="utf-8", errors="replace")):
        raise OutputError(
            f"'{place}' is where the recommended model goes, and what is there now was not written by a job. Move it away, or give "
            "another folder."
        )


def _save(model: Trainable, result: MitigationResult, place: Path) -> Path:
    """The model with its card in a new folder, which takes the place of the former one whole; where the card is."""
    from fairasr.training.whole_folder import remove_unfinished, whole_folder

    remove_unfinished(place.parent)
    with whole_folder(place) as staged:
        model.save(staged)
        weights = {str(path.relative_to(staged)): sha256_of(path) for path in sorted(staged.rglob("*.safetensors"))}
        write_file(staged / CARD, card_of(result, weights=weights).encode())
        _remove(place)
    return place / CARD


def _remove(place: Path) -> None:
    """Remove the folder, at once for who looks at its name.

    Raises:
        OutputError: it cannot be; it is still there.
    """
    from fairasr.training.whole_folder import UNFINISHED

    if not place.exists():
        return
    aside = place.with_name(f"{UNFINISHED}former-{place.name}")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        place.rename(aside)
    except OSError as error:
        raise OutputError(
            f"cannot remove '{place}', which holds a model of an earlier run: {error.strerror or error}. Remove it by hand."
        ) from error
    shutil.rmtree(aside, ignore_errors=True)
