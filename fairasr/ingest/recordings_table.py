"""read_recordings: a corpus for those who look at voices alone, so that its utterances need no reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

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
    table, _ = read_table(source, **given)
    identifier = columns.get("utterance_id", "utterance_id")
    if "reference" in table or identifier not in table:
        return read(source, **options)
    if isinstance(source, pd.DataFrame):
        # A table from memory has no folder to look for recordings in.
        source = source.drop(columns=["audio_path"], errors="ignore")
    # Something must stand in the references' place while the table is read: what every row has, and is then taken out again.
    corpus = read(source, **{**options, "columns": {**columns, "reference": identifier}})
    manifest = corpus.manifest
    aside = manifest.set_aside.assign(reference="") if "reference" in manifest.set_aside else manifest.set_aside
    return replace(
        corpus,
        manifest=replace(manifest, table=manifest.table.assign(reference=""), set_aside=aside),
        notes=(*corpus.notes, NO_REFERENCES),
    )


def _is_table(source: Path | pd.DataFrame, layout: str) -> bool:
    if isinstance(source, pd.DataFrame):
        return True
    if layout not in ("auto", "table") or not source.is_file():
        return False
    is_readable = source.suffix.lower() in (*DELIMITED, *JSON_LINES, *PARQUET)
    return is_readable and (layout == "table" or layout_of(source) == "table")
