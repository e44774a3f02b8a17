"""Rules of the columns every utterance needs: its id, its speaker, its reference."""

from __future__ import annotations

import pandas as pd

from fairasr.core.schema import is_identifier
from fairasr.ingest.breach import Breach

NO_SPEAKERS = (
    "Pass speaker_ids=False (--no-speaker-ids) if the corpus names no speakers: each utterance then stands for one, intervals "
    "are too narrow where a speaker has several, and every result says so."
)


def identity_breaches(table: pd.DataFrame) -> list[Breach]:
    """Rows without an id of their own, without a speaker or without a reference ("" is silence and is fine)."""
    breaches = []
    if "utterance_id" in table:
        named = is_identifier(table["utterance_id"])
        repeats = table["utterance_id"].duplicated(keep="first").to_numpy() & named
        breaches += [
            Breach(
                column="utterance_id", wording="have no id", rows=~named, remedy="Name each utterance.", reason="no utterance_id"
            ),
            Breach(
                column="utterance_id",
                wording="repeat an earlier value",
                rows=repeats,
                remedy="Give each utterance one id, and one row (several systems need a column 'system').",
                reason="utterance_id repeats an earlier one",
            ),
        ]
    if "speaker_id" in table:
        unnamed = ~is_identifier(table["speaker_id"])
        breaches.append(
            Breach(column="speaker_id", wording="name no speaker", rows=unnamed, remedy=NO_SPEAKERS, reason="no speaker_id")
        )
    if "reference" in table:
        unknown = table["reference"].isna().to_numpy()
        breaches.append(
            Breach(
                column="reference",
                wording="have no reference (a missing value; '' would be silence)",
                rows=unknown,
                remedy="Transcribe them, or pass bad_rows='set-aside' to count them apart.",
                reason="no reference",
            )
        )
    return breaches
