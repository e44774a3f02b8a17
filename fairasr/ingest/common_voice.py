"""Common Voice TSV: client_id, path, sentence, accents, gender; quotes are part of the text."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fairasr.core.errors import IngestError
from fairasr.ingest.raw import RawCorpus
from fairasr.ingest.table import read_table

NAMES = {"client_id": "speaker_id", "sentence": "reference", "accents": "accent", "path": "utterance_id"}
REQUIRED = ("client_id", "path", "sentence")
GENDERS = {"male_masculine": "male", "female_feminine": "female"}
"""The newer vocabulary's words for what the older releases called male and female; other values of either stay as they are."""


def read_common_voice(path: Path, *, encoding: str = "utf-8") -> RawCorpus:
    """One row per clip. `gender` is in the older vocabulary; `gender_as_given` keeps the raw value where releases are mixed.

    The clip's file name is the utterance_id, and below the folder `clips` its audio. `accents` is the speaker's own words.

    Raises:
        IngestError: the file cannot be read, or lacks client_id, path or sentence.
    """
    table, notes = read_table(path, encoding=encoding, delimiter="\t", quoted=False)
    missing = [name for name in REQUIRED if name not in table]
    if missing:
        raise IngestError(
            f"'{path.name}' is no Common Voice table: it lacks {', '.join(missing)}; it has {', '.join(table.columns)}. Pass "
            "layout='table' and map the columns."
        )
    audio = "clips/" + table["path"]
    renamed = table.rename(columns={old: new for old, new in NAMES.items() if new not in table})
    if (path.parent / "clips").is_dir():
        renamed["audio_path"] = audio
    if "gender" in renamed:
        renamed = _one_vocabulary(renamed)
    return RawCorpus(
        utterances=renamed, folder=path.parent, files=(path,), notes=(f"'{path.name}' was read as a Common Voice table.", *notes)
    )


def _one_vocabulary(table: pd.DataFrame) -> pd.DataFrame:
    mapped = table["gender"].replace(GENDERS)
    if mapped.equals(table["gender"]):
        return table
    return table.assign(gender=mapped, gender_as_given=table["gender"])
