"""Kaldi data folder: text and utt2spk, with spk2gender, utt2lang, segments, wav.scp, reco2dur where there are."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fairasr.core.errors import IngestError
from fairasr.ingest.raw import RawCorpus
from fairasr.ingest.text_file import read_text
from fairasr.ingest.text_table import text_table

GENDERS = {"m": "male", "f": "female"}
OPTIONAL = ("spk2gender", "utt2lang", "segments", "wav.scp", "reco2dur")


def read_kaldi(folder: Path, *, encoding: str = "utf-8") -> RawCorpus:
    """One row per line of `text`; an utterance that `utt2spk` lacks has no speaker.

    `duration_s` comes from `segments`, or from `reco2dur` where an utterance is a whole recording. With `segments`, audio paths are
    not taken: a recording holds other speakers too.

    Raises:
        IngestError: `text` or `utt2spk` is missing, a line has too few fields, a key repeats, or `wav.scp` names a command.
    """
    missing = [name for name in ("text", "utt2spk") if not (folder / name).is_file()]
    if missing:
        raise IngestError(
            f"'{folder.name}' is no Kaldi data folder: it lacks {' and '.join(missing)}. Give the folder that holds text and "
            "utt2spk."
        )
    present = [folder / name for name in ("text", "utt2spk", *OPTIONAL) if (folder / name).is_file()]
    side = {path.name: _pairs(path, encoding=encoding) for path in present if path.name not in ("text", "segments")}
    text = read_kaldi_text(folder / "text", encoding=encoding)
    utterances, speakers = list(text["utterance_id"]), side["utt2spk"]
    speaker_of = [speakers.get(utterance) for utterance in utterances]
    columns: dict[str, list[str | None]] = {
        "utterance_id": utterances,
        "speaker_id": speaker_of,
        "reference": list(text["hypothesis"]),
    }
    if "spk2gender" in side:
        genders = side["spk2gender"]
        columns["gender"] = [
            None if (found := genders.get(speaker or "")) is None else GENDERS.get(found, found) for speaker in speaker_of
        ]
    if "utt2lang" in side:
        columns["language"] = [side["utt2lang"].get(utterance) for utterance in utterances]
    if (folder / "segments").is_file():
        lengths = _segment_lengths(folder / "segments", encoding=encoding)
        columns["duration_s"] = [lengths.get(utterance) for utterance in utterances]
    elif "reco2dur" in side:
        columns["duration_s"] = [side["reco2dur"].get(utterance) for utterance in utterances]
    if "wav.scp" in side:
        _refuse_commands(side["wav.scp"])
        if "segments" not in {path.name for path in present}:
            columns["audio_path"] = [side["wav.scp"].get(utterance) for utterance in utterances]
    return RawCorpus(
        utterances=text_table(columns),
        folder=folder,
        files=tuple(present),
        notes=(f"'{folder.name}' was read as a Kaldi data folder ({', '.join(path.name for path in present)}).",),
    )


def read_kaldi_text(path: Path, *, encoding: str = "utf-8") -> pd.DataFrame:
    """A Kaldi `text` file as columns utterance_id and hypothesis; an id alone on its line is "": silence, or heard nothing.

    Raises:
        IngestError: the file cannot be read.
    """
    pairs = [_split(line) for line in _lines(path, encoding=encoding)]
    return text_table({"utterance_id": [key for key, _ in pairs], "hypothesis": [value for _, value in pairs]})


def _lines(path: Path, *, encoding: str) -> list[str]:
    lines = read_text(path, encoding=encoding).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [line for line in lines if line.strip()]


def _split(line: str) -> tuple[str, str]:
    key, *rest = line.strip().split(maxsplit=1)
    return key, rest[0] if rest else ""


def _pairs(path: Path, *, encoding: str) -> dict[str, str]:
    pairs = [_split(line) for line in _lines(path, encoding=encoding)]
    lacking = [key for key, value in pairs if not value]
    if lacking:
        raise IngestError(
            f"'{path.name}': {len(lacking):,} of {len(pairs):,} lines have a key and no value (first: {lacking[0]!r}). Mend or "
            "remove them."
        )
    table = dict(pairs)
    if len(table) != len(pairs):
        keys = [key for key, _ in pairs]
        first = next(key for position, key in enumerate(keys) if key in keys[:position])
        raise IngestError(
            f"'{path.name}': {len(pairs) - len(table):,} of {len(pairs):,} lines repeat a key (first: {first!r}). Remove the "
            "copies."
        )
    return table


def _segment_lengths(path: Path, *, encoding: str) -> dict[str, str]:
    lengths: dict[str, str] = {}
    broken: list[str] = []
    lines = _lines(path, encoding=encoding)
    for line in lines:
        try:
            utterance, _recording, start, end = line.split()
            lengths[utterance] = f"{float(end) - float(start):.6f}"
        except ValueError:
            broken.append(line)
    if broken:
        raise IngestError(
            f"'segments': {len(broken):,} of {len(lines):,} lines are not '<utterance> <recording> <start> <end>' (first: "
            f"{broken[0][:80]!r}). Mend them."
        )
    return lengths


def _refuse_commands(paths: dict[str, str]) -> None:
    commands = [key for key, value in paths.items() if "|" in value]
    if commands:
        raise IngestError(
            f"'wav.scp': {len(commands):,} of {len(paths):,} entries are shell commands (first: {commands[0]!r}), which fairasr "
            "never runs. Write the audio to files and name those, or remove wav.scp: an audit of transcripts needs no audio."
        )
