"""read_recordings: a corpus for those who look at voices alone, so that its utterances need no reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from fairasr.core import sha256_of
from fairasr.ingest.corpus import Corpus, read
from fairasr.ingest.layouts import layout_of
from fairasr.ingest.table import DELIMITED, JSON_LINES, PARQUET, read_table

NO_REFERENCES = "The table has no references; voices need none."


def read_recordings(source: str | Path | pd.DataFrame, **options: Any) -> Corpus:
    """As `read`, with its options; but a table without a column of references is read as if nothing had been said.

    Raises:
        IngestError: as `read`.
    """
    if not isinstance(source, pd.DataFrame):
        source = Path(source)
    columns = options.get("columns") or {}
    if options.get("recipe") is not None or "reference" in columns or not _is_table(source, options.get("layout", "auto")):
        return read(source, **options)
    given = {name: options[name] for name in ("encoding", "delimiter") if name in options}
    table, notes = read_table(source, **given)
    if "reference" in table:
        return read(source, **options)
    # Where the recordings lie is of no matter here, and a table from memory has no folder to look for them in.
    voices = table.drop(columns=["audio_path"], errors="ignore").assign(reference="")
    corpus = read(voices, **{**options, "layout": "auto"})
    if isinstance(source, pd.DataFrame):
        return replace(corpus, notes=(*corpus.notes, NO_REFERENCES))
    digest = sha256_of(source)
    return replace(
        corpus,
        manifest=replace(corpus.manifest, source=source.name),
        inputs={source.name: digest, **{name: value for name, value in corpus.inputs.items() if name != "DataFrame"}},
        utterances_sha256=(digest,),
        title=source.stem,
        notes=(*notes, *corpus.notes, NO_REFERENCES),
    )


def _is_table(source: Path | pd.DataFrame, layout: str) -> bool:
    if isinstance(source, pd.DataFrame):
        return True
    if layout not in ("auto", "table") or not source.is_file():
        return False
    is_readable = source.suffix.lower() in (*DELIMITED, *JSON_LINES, *PARQUET)
    return is_readable and (layout == "table" or layout_of(source) == "table")
