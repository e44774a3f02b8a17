"""Which source column is which of fairasr's: an explicit mapping, and suggestions where it is missing."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import pandas as pd

from fairasr.core.manifest import KNOWN
from fairasr.core.similar import did_you_mean
from fairasr.ingest.identity import NO_SPEAKERS

OTHER_NAMES = {
    "utterance_id": ("id", "utt_id", "utt", "utterance", "path", "audio_filepath", "file", "filename", "segment_id"),
    "speaker_id": ("speaker", "spk", "spk_id", "client_id", "user_id", "talker"),
    "reference": ("text", "sentence", "transcript", "transcription", "ref", "normalized_text"),
    "hypothesis": ("pred_text", "prediction", "predicted", "hyp", "asr_text", "recognised", "recognized"),
    "latitude_deg": ("lat", "latitude"),
    "longitude_deg": ("lon", "lng", "long", "longitude"),
    "zip_code": ("zip", "zipcode", "zcta", "postal_code"),
    "duration_s": ("duration", "dur", "seconds", "length_s"),
    "audio_path": ("audio_filepath", "audio", "wav", "file_path"),
}
"""Names other tools use. Suggested, never assumed: `text` is a reference in one tool's table and a hypothesis in another's."""

OPTIONAL = ("latitude_deg", "longitude_deg", "zip_code", "duration_s", "audio_path")
OURS = KNOWN | {"system", "hypothesis"}
TEXT_AS_IT_IS = ("utterance_id", "speaker_id", "reference", "system", "hypothesis")
WIDE = "hypothesis:"
"""Prefix of a column that holds one system's hypotheses: "hypothesis:whisper"."""


def mapped(table: pd.DataFrame, columns: Mapping[str, str], *, what: str) -> tuple[pd.DataFrame, list[str]]:
    """`table` with fairasr's names first and the other columns after, and a sentence per mapping that cannot be done.

    One source column may serve several names: it keeps its own place too if its name is one of fairasr's. A column that gives
    way to a mapped one of its name is left out.
    """
    absent = {name: source for name, source in columns.items() if source not in table}
    problems = [
        f"{what} has no column '{source}', which is mapped to '{name}'{or_similar(source, list(table.columns))}"
        for name, source in absent.items()
    ]
    chosen = {name: source for name, source in columns.items() if name not in absent}
    used_up = set(chosen.values()) - OURS
    rest = [name for name in table.columns if name not in chosen and name not in used_up]
    out = {name: table[source] for name, source in chosen.items()} | {name: table[name] for name in rest}
    return pd.DataFrame({name: pd.Series(values.to_numpy(dtype=object), dtype=object) for name, values in out.items()}), problems


def without_empty_cells(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with blank cells made missing, except where "" says something: references, hypotheses and ids."""
    out = table.copy(deep=False)
    for name in table.columns:
        if name in TEXT_AS_IT_IS or name.startswith(WIDE) or name == "embedding":
            continue
        if any(value is not None and not value.strip() for value in table[name].unique()):
            filled = [value if value is None or value.strip() else None for value in table[name]]
            out[name] = pd.Series(filled, index=table.index, dtype=object)
    return out


def missing_columns(table: pd.DataFrame, *, speaker_ids: bool) -> list[str]:
    """A sentence per column that every corpus needs and this one lacks, with what the file has instead."""
    needed = {"utterance_id": "a non-empty string", "reference": "a string ('' is silence)"}
    if speaker_ids:
        needed["speaker_id"] = "a non-empty string"
    problems = []
    for name, wording in needed.items():
        if name not in table:
            remedy = f" {NO_SPEAKERS}" if name == "speaker_id" else ""
            problems.append(f"column '{name}' is missing ({wording}){_suggestion(name, list(table.columns))}{remedy}")
    return problems


def unmapped_columns(table: pd.DataFrame) -> list[str]:
    """A sentence per column that looks like one of fairasr's under another name and was kept as an attribute."""
    sentences = []
    for name in OPTIONAL:
        if name not in table and (found := _known_by(name, list(table.columns))):
            sentences.append(
                f"Column '{found}' was kept as an attribute; if it is {name}, map it: columns={{'{name}': '{found}'}}."
            )
    return sentences


def _suggestion(name: str, present: list[str]) -> str:
    candidate = _known_by(name, present) or next(iter(difflib.get_close_matches(name, present, n=1)), None)
    has = f"; the file has {', '.join(present[:12])}{', ...' if len(present) > 12 else ''}."
    return f"{has} If it is '{candidate}', map it: columns={{'{name}': '{candidate}'}}." if candidate else has


def _known_by(name: str, present: list[str]) -> str | None:
    lowered = {column.lower(): column for column in present if column not in KNOWN}
    return next((lowered[other] for other in OTHER_NAMES.get(name, ()) if other in lowered), None)


def or_similar(source: str, present: list[str]) -> str:
    """The end of a sentence on a column that is not among those `present`: the one it may be, or what there is."""
    return did_you_mean(source, present) or f"; it has {', '.join(present[:12])}{', ...' if len(present) > 12 else ''}."
