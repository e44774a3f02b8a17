"""NeMo manifest: JSONL with audio_filepath, text, pred_text, duration, speaker and any other key."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fairasr.core.errors import IngestError
from fairasr.ingest.json_lines import read_json_lines
from fairasr.ingest.raw import RawCorpus

NAMES = {
    "speaker_id": ("speaker_id", "speaker"),
    "reference": ("reference", "text", "sentence", "normalized_text", "transcript", "transcription"),
    "hypothesis": ("hypothesis", "pred_text"),
    "duration_s": ("duration_s", "duration"),
    "audio_path": ("audio_path", "audio_filepath"),
}
"""fairasr's name -> keys tried in turn; the reference's in the order of the Open ASR Leaderboard's result files."""


def read_nemo(path: Path, *, encoding: str = "utf-8") -> RawCorpus:
    """One row per line of a NeMo manifest. A line without `pred_text`, or with null, is a failed utterance.

    The utterance_id is the key `utterance_id` or `id` where there is one, else `audio_filepath`, with "@offset" where there is one.

    Raises:
        IngestError: the file cannot be read, or no line has `audio_filepath`.
    """
    table = read_json_lines(path, encoding=encoding)
    if "audio_filepath" not in table:
        raise IngestError(
            f"'{path.name}' is no NeMo manifest: no line has 'audio_filepath'. It has {', '.join(table.columns)}. Pass "
            "layout='table'."
        )
    identifier = _identifiers(table)
    renamed = table.rename(
        columns={found: name for name, keys in NAMES.items() if (found := next((k for k in keys if k in table), None))}
    )
    if isinstance(identifier, pd.Series):
        renamed.insert(0, "utterance_id", identifier)
    else:
        renamed = renamed.rename(columns={identifier: "utterance_id"})
    return RawCorpus(utterances=renamed, folder=path.parent, files=(path,), notes=(f"'{path.name}' was read as a NeMo manifest.",))


def _identifiers(table: pd.DataFrame) -> pd.Series | str:
    for key in ("utterance_id", "id"):
        if key in table:
            return key
    if "offset" not in table:
        return table["audio_filepath"].copy()
    return pd.Series(
        [
            path if offset is None else f"{path}@{offset}"
            for path, offset in zip(table["audio_filepath"], table["offset"], strict=True)
        ],
        dtype=object,
    )
