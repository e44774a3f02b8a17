"""NIST trn: one utterance a line, its words and then (speaker-utterance)."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from fairasr.core.errors import IngestError
from fairasr.ingest.raw import RawCorpus
from fairasr.ingest.text_file import read_text
from fairasr.ingest.text_table import text_table

LINE = re.compile(r"^(?P<words>.*?)\s*\((?P<identifier>[^()\s]+)\)\s*$")
ALTERNATIVES = re.compile(r"\{([^{}]*)\}")
OPTIONAL_WORD = re.compile(r"\((\S+?)\)")
NOTHING = "@"


def read_trn_reference(path: Path, *, encoding: str = "utf-8") -> RawCorpus:
    """One row per line of a reference trn; the speaker is what stands before the first "-" of the id, else before the first "_".

    The first mark, not the last: too few speakers widen intervals, too many would make them too narrow.

    Raises:
        IngestError: the file cannot be read, or a line has no id.
    """
    table, notes = read_trn(path, encoding=encoding)
    speakers = [_speaker_of(identifier) for identifier in table["utterance_id"]]
    named = {speaker for speaker in speakers if speaker is not None}
    utterances = text_table(
        {"utterance_id": list(table["utterance_id"]), "speaker_id": speakers, "reference": list(table["hypothesis"])}
    )
    how = f"{len(named):,} speakers were taken from the ids, as what stands before the first '-' or '_' (first: {speakers[0]!r})."
    return RawCorpus(
        utterances=utterances, folder=path.parent, files=(path,), notes=(f"'{path.name}' was read as NIST trn; {how}", *notes)
    )


def read_trn(path: Path, *, encoding: str = "utf-8") -> tuple[pd.DataFrame, list[str]]:
    """A trn file as columns utterance_id and hypothesis, and what was simplified.

    Of alternatives "{ um / uh / @ }" the first is taken ("@" is nothing), and "(word)" that sclite may delete is a word: both
    can only add errors over sclite's, and are counted in the notes. Lines beginning ";;" are comments.

    Raises:
        IngestError: the file cannot be read, or a line does not end in "(id)".
    """
    lines = read_text(path, encoding=encoding).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = [line for line in lines if line.strip() and not line.startswith(";;")]
    matches = [LINE.match(line) for line in lines]
    broken = [line for line, match in zip(lines, matches, strict=True) if match is None]
    if broken:
        raise IngestError(
            f"'{path.name}': {len(broken):,} of {len(lines):,} lines do not end in '(speaker-utterance)' (first: "
            f"{broken[0][:80]!r}). Mend them."
        )
    found = [match for match in matches if match is not None]
    plain = [_plain(match["words"]) for match in found]
    simplified = sum(text != match["words"] for text, match in zip(plain, found, strict=True))
    notes = (
        [f"'{path.name}': {simplified:,} of {len(found):,} lines have alternatives or optional words; the first of each was taken."]
        if simplified
        else []
    )
    return text_table({"utterance_id": [match["identifier"] for match in found], "hypothesis": plain}), notes


def _plain(words: str) -> str:
    if "{" not in words and "(" not in words:
        return words
    chosen = ALTERNATIVES.sub(lambda match: match[1].split("/")[0].strip(), words)
    return " ".join(word for word in OPTIONAL_WORD.sub(r"\1", chosen).split() if word != NOTHING)


def _speaker_of(identifier: str) -> str | None:
    for mark in ("-", "_"):
        speaker, found, _ = identifier.partition(mark)
        if found and speaker:
            return speaker
    return None
