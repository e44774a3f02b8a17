"""Which layout a source has, and its reader."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from fairasr.core.errors import IngestError
from fairasr.ingest.columns import mapped
from fairasr.ingest.common_voice import REQUIRED, read_common_voice
from fairasr.ingest.kaldi import read_kaldi, read_kaldi_text
from fairasr.ingest.nemo import read_nemo
from fairasr.ingest.nist_stm import read_stm
from fairasr.ingest.nist_trn import read_trn, read_trn_reference
from fairasr.ingest.raw import RawCorpus
from fairasr.ingest.systems import DEFAULT_SYSTEM, LONG, stacked
from fairasr.ingest.table import DELIMITED, JSON_LINES, PARQUET, read_table

LAYOUTS = ("table", "nemo", "kaldi", "common-voice", "trn", "stm")
TABLES = (*DELIMITED, *JSON_LINES, *PARQUET)
FIRST_BYTES = 65_536


def layout_of(source: Path) -> str:
    """The layout that `source` looks like, from its name and its first line.

    Raises:
        IngestError: it is a folder without Kaldi's files.
    """
    if source.is_dir():
        if (source / "text").is_file() and (source / "utt2spk").is_file():
            return "kaldi"
        raise IngestError(
            f"'{source}' is a folder without Kaldi's text and utt2spk. Give a file in it, or a recipe= that names its files."
        )
    suffix = source.suffix.lower()
    if suffix in (".trn", ".stm"):
        return suffix[1:]
    if suffix in JSON_LINES and '"audio_filepath"' in _first_line(source):
        return "nemo"
    if suffix in DELIMITED and set(REQUIRED) <= set(_first_line(source).split("\t")):
        return "common-voice"
    return "table"


def read_layout(source: Path, layout: str, *, encoding: str, delimiter: str | None) -> RawCorpus:
    """`source` read as `layout`, one of LAYOUTS or "auto".

    Raises:
        IngestError: no such layout, or the source is not of it.
    """
    if layout not in ("auto", *LAYOUTS):
        raise IngestError(f"there is no layout {layout!r}; there are auto, {', '.join(LAYOUTS)}.")
    if not source.exists():
        raise IngestError(f"'{source}' does not exist. Check the path.")
    chosen = layout_of(source) if layout == "auto" else layout
    if chosen == "kaldi":
        return read_kaldi(source, encoding=encoding)
    readers = {"nemo": read_nemo, "common-voice": read_common_voice, "trn": read_trn_reference, "stm": read_stm}
    if chosen in readers:
        return readers[chosen](source, encoding=encoding)
    table, notes = read_table(source, encoding=encoding, delimiter=delimiter)
    return RawCorpus(
        utterances=table,
        folder=source.parent,
        files=(source,),
        notes=(f"'{source.name}' was read as a table of {len(table):,} rows.", *notes),
    )


def read_hypotheses(
    source: Path | pd.DataFrame,
    *,
    columns: Mapping[str, str],
    system: str | None,
    layout: str = "table",
    encoding: str = "utf-8",
    delimiter: str | None = None,
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Hypotheses in long form from a second file: a table, a NIST trn or stm, or a Kaldi text; also problems and notes.

    A .txt file is a Kaldi text where the utterances are a Kaldi folder (`layout`), and a table elsewhere.

    Raises:
        IngestError: the file cannot be read.
    """
    suffix = source.suffix.lower() if isinstance(source, Path) else ""
    if isinstance(source, Path) and (suffix not in TABLES or (layout == "kaldi" and suffix == ".txt")):
        return _transcripts(source, system=system, encoding=encoding)
    table, notes = read_table(source, encoding=encoding, delimiter=delimiter)
    name = f"'{source.name}'" if isinstance(source, Path) else "the table of hypotheses"
    table, problems = mapped(table, columns, what=name)
    if "utterance_id" not in table:
        return (
            stacked(table.iloc[:0].assign(utterance_id=None), system=system),
            [*problems, f"{name} lacks 'utterance_id'; it has {', '.join(table.columns)}."],
            notes,
        )
    long = stacked(table, system=system)
    if not long["system"].size:
        problems.append(
            f"{name} has no column 'hypothesis'; it has {', '.join(table.columns)}. In long form it has {', '.join(LONG)}."
        )
    return long, problems, notes


def _transcripts(source: Path, *, system: str | None, encoding: str) -> tuple[pd.DataFrame, list[str], list[str]]:
    notes: list[str] = []
    if source.suffix.lower() == ".trn":
        table, notes = read_trn(source, encoding=encoding)
    elif source.suffix.lower() == ".stm":
        raw = read_stm(source, encoding=encoding)
        table = raw.utterances.rename(columns={"reference": "hypothesis"})[["utterance_id", "hypothesis"]]
    else:
        table = read_kaldi_text(source / "text" if source.is_dir() else source, encoding=encoding)
    return table.assign(system=system or DEFAULT_SYSTEM)[list(LONG)].astype(object), [], notes


def _first_line(source: Path) -> str:
    with source.open("rb") as stream:
        return stream.readline(FIRST_BYTES).decode("utf-8", errors="replace").strip("\ufeff\r\n ")
