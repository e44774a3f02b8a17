"""NIST stm: file, channel, speaker, begin, end, <labels>, words; the labels are the 1995 convention for scores by subgroup."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from fairasr.core.errors import IngestError
from fairasr.ingest.raw import RawCorpus
from fairasr.ingest.text_file import read_text
from fairasr.ingest.text_table import text_table

IGNORED = "IGNORE_TIME_SEGMENT_IN_SCORING"
LABELS = re.compile(r"^<([^<>]*)>\s*")
HEADING = re.compile(r'^;;\s*(CATEGORY|LABEL)\s+"([^"]*)"\s+"([^"]*)"')


@dataclass
class _Categories:
    """Categories of labels as the comments declare them: names by position, and the words each label stands for.

    `loose` are labels declared before any category: they hold in every position.
    """

    names: list[str] = field(default_factory=list)
    words: list[dict[str, str]] = field(default_factory=list)
    loose: dict[str, str] = field(default_factory=dict)

    def declare(self, kind: str, identifier: str, name: str) -> None:
        if kind == "CATEGORY":
            self.names.append(re.sub(r"\W+", "_", name.strip().lower()).strip("_"))
            self.words.append({})
        elif self.words:
            self.words[-1][identifier] = name or identifier
        else:
            self.loose[identifier] = name or identifier

    def column(self, position: int) -> str:
        named = self.names[position] if position < len(self.names) else ""
        return named or f"label_{position + 1}"

    def word(self, position: int, label: str) -> str | None:
        declared = self.words[position] if position < len(self.words) else {}
        return (declared | self.loose).get(label, label) or None


def read_stm(path: Path, *, encoding: str = "utf-8") -> RawCorpus:
    """One row per segment: the utterance_id is "file-channel-begin-end", times in seconds with three decimals.

    Each label position becomes an attribute column named by its CATEGORY (else label_1, label_2, ...), its values by their LABEL;
    positions with one value throughout (such as "O", overall) make no groups and are left out. Segments marked
    IGNORE_TIME_SEGMENT_IN_SCORING are set aside.

    Raises:
        IngestError: the file cannot be read, or a line is no segment.
    """
    lines = read_text(path, encoding=encoding).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    categories = _Categories()
    rows: list[dict[str, str | None]] = []
    broken: list[str] = []
    for line in lines:
        heading = HEADING.match(line)
        if heading:
            categories.declare(*heading.groups())
        elif line.strip() and not line.startswith(";;"):
            row = _segment(line)
            if row is None:
                broken.append(line)
            else:
                rows.append(row)
    if broken:
        raise IngestError(
            f"'{path.name}': {len(broken):,} of {len(broken) + len(rows):,} lines are not 'file channel speaker begin end "
            f"<labels> words' (first: {broken[0][:80]!r}). Mend them."
        )
    if not rows:
        raise IngestError(f"'{path.name}' has no segments: there is nothing to audit.")
    return _corpus(path, rows, categories)


def _segment(line: str) -> dict[str, str | None] | None:
    fields = line.split(maxsplit=5)
    if len(fields) < 5:
        return None
    file, channel, speaker, begin, end = fields[:5]
    try:
        begin_s, end_s = float(begin), float(end)
    except ValueError:
        return None
    words = fields[5] if len(fields) > 5 else ""
    labels = LABELS.match(words)
    return {
        "utterance_id": f"{file}-{channel}-{begin_s:.3f}-{end_s:.3f}",
        "speaker_id": speaker,
        "reference": words[labels.end() :].strip() if labels else words.strip(),
        "duration_s": f"{end_s - begin_s:.6f}",
        "labels": labels[1] if labels else "",
    }


def _corpus(path: Path, rows: list[dict[str, str | None]], categories: _Categories) -> RawCorpus:
    labels = [(row["labels"] or "").split(",") for row in rows]
    columns: dict[str, list[str | None]] = {
        name: [row[name] for row in rows] for name in ("utterance_id", "speaker_id", "reference", "duration_s")
    }
    for position in range(max(len(parts) for parts in labels)):
        values = [categories.word(position, parts[position].strip()) if position < len(parts) else None for parts in labels]
        if len(set(values)) > 1:
            columns[categories.column(position)] = values
    table = text_table(columns)
    ignored = table["reference"].str.contains(IGNORED, regex=False).to_numpy(dtype=bool)
    notes = [f"'{path.name}' was read as NIST stm."]
    aside: pd.DataFrame = table[ignored].assign(reason=f"marked {IGNORED}").reset_index(drop=True)
    if ignored.any():
        notes.append(f"'{path.name}': {ignored.sum():,} of {len(table):,} segments are marked {IGNORED} and were set aside.")
    return RawCorpus(
        utterances=table[~ignored].reset_index(drop=True), folder=path.parent, files=(path,), set_aside=aside, notes=tuple(notes)
    )
