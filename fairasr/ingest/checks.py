"""All rules of the utterance table at once, and what is done with rows that break them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fairasr.core.errors import SchemaError
from fairasr.ingest.audio_paths import audio_path_breaches, located
from fairasr.ingest.breach import Breach, blanked, committed, unusable_rows
from fairasr.ingest.columns import WIDE
from fairasr.ingest.coordinates import coordinate_breaches
from fairasr.ingest.duration import duration_breaches
from fairasr.ingest.identity import identity_breaches
from fairasr.ingest.numbers import numbers_in
from fairasr.ingest.zip_codes import zip_code_breaches

NUMBERS = ("latitude_deg", "longitude_deg", "duration_s")


@dataclass(frozen=True, kw_only=True, eq=False)
class Checked:
    """One table and the rules its rows break."""

    table: pd.DataFrame
    breaches: Sequence[Breach]

    @property
    def sentences(self) -> list[str]:
        """One sentence per broken rule."""
        return [breach.sentence(self.table) for breach in self.breaches]

    @property
    def usable(self) -> np.ndarray:
        """Rows that can be used: bool array (n_rows,)."""
        return ~unusable_rows(self.table, self.breaches)[0]


def checked_utterances(table: pd.DataFrame, folder: Path, *, points_on_land: bool = True, also: Sequence[Breach] = ()) -> Checked:
    """The utterance table and every rule its rows break, `also` those of its counts."""
    breaches = [
        *identity_breaches(table),
        *duration_breaches(table),
        *coordinate_breaches(table, on_land=points_on_land),
        *zip_code_breaches(table),
        *audio_path_breaches(table, folder),
        *also,
    ]
    return Checked(table=table, breaches=committed(breaches))


def usable_table(checked: Checked, folder: Path, *, without: Sequence[str] = ()) -> pd.DataFrame:
    """The rows that can be used, bad optional values left out, numbers cast, audio located, hypotheses and vectors taken off.

    So are the columns in `without`.
    """
    table = blanked(checked.table, checked.breaches)[checked.usable].reset_index(drop=True)
    for name in NUMBERS:
        if name in table:
            table[name] = numbers_in(table[name])
    if "audio_path" in table:
        table["audio_path"] = located(table["audio_path"], folder)
    return table.drop(columns=[*_outputs(table), *without])


def unusable_table(checked: Checked, *, without: Sequence[str] = ()) -> pd.DataFrame:
    """The rows that cannot be used, as given, with `reason`; hypotheses, vectors and the columns in `without` taken off."""
    unusable, reasons = unusable_rows(checked.table, checked.breaches)
    rows = checked.table[unusable].assign(reason=reasons[unusable]).reset_index(drop=True)
    return rows.drop(columns=[*_outputs(rows), *without])


def refuse(what: str, sentences: Sequence[str]) -> None:
    """Raise one SchemaError that says them all, if there are any.

    Raises:
        SchemaError: `sentences` is not empty.
    """
    if sentences:
        raise SchemaError(
            f"'{what}' breaks {len(sentences)} rule{'s' if len(sentences) > 1 else ''} (rows count from 0):\n"
            + "\n".join(f"  - {sentence}" for sentence in sentences)
        )


def _outputs(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if name in ("hypothesis", "system", "embedding") or name.startswith(WIDE)]
