"""The utterances of an audit as files beside its report: every text with its errors, and the words that were confused.

Kept only where asked for: transcripts are private, and no other file of an audit holds any. No speaker and no place is in them.
"""

from __future__ import annotations

import hashlib
import io
import json
import os.path
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from fairasr.core import Manifest

UTTERANCES_NAME, CONFUSIONS_NAME = "utterances.arrow", "confusions.parquet"
UTTERANCES_FORMAT, CONFUSIONS_FORMAT = "fairasr-utterances", "fairasr-confusions"
UTTERANCES_VERSION = 1
METADATA_KEY = b"fairasr"
ROWS_PER_BATCH = 1 << 16
COUNT_COLUMNS = ("substitutions", "deletions", "insertions", "n_ref")


@dataclass(frozen=True, kw_only=True)
class ListedCohorts:
    """Which cohorts of one system and method may be listed utterance by utterance, and who is in them.

    Attributes:
        labels: in the order of the report; none that is suppressed.
        codes: cohort of each speaker, a position in `labels`, -1 where it may not be told: int array (n_speakers,).
        partial: labels whose cohort is listed without some of its speakers, because another system's report withholds them.
    """

    labels: tuple[str, ...]
    codes: np.ndarray
    partial: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KeptSystem:
    """One system: what it wrote and where it erred.

    Attributes:
        system: name.
        texts: utterance_id -> hypothesis; absent where there was no output.
        counts: `COUNT_COLUMNS` -> int array (n_utterances,).
        cohorts: method -> its cohorts.
    """

    system: str
    texts: Mapping[str, str]
    counts: Mapping[str, np.ndarray]
    cohorts: Mapping[str, ListedCohorts]


@dataclass(frozen=True, kw_only=True)
class KeptUtterances:
    """All that the two files hold; texts stay where they are until they are written, a batch at a time.

    Attributes:
        manifest: the utterances.
        systems: in the order of the audit.
        is_confirmation: whether a speaker is of the confirmation half: bool array (n_speakers,).
        normaliser: name of the profile both texts went through before they were compared.
        unit: "word" or "character".
        confusions: system, method, then cohort, kind, reference, hypothesis, n, n_speakers, per_1000, per_1000_all.
    """

    manifest: Manifest
    systems: tuple[KeptSystem, ...]
    is_confirmation: np.ndarray
    normaliser: str
    unit: str
    confusions: pd.DataFrame


def identity_of(report: bytes) -> str:
    """By what a file knows the report.json it was written with: its SHA-256, 64 hex digits."""
    return hashlib.sha256(report).hexdigest()


def utterance_writer(kept: KeptUtterances, *, report_identity: str) -> Callable[[BinaryIO], None]:
    """What writes `kept` to an open file as Arrow IPC, uncompressed, so that it can be read in place; rows as in the manifest."""

    def write(stream: BinaryIO) -> None:
        import pyarrow as pa

        audio = _Audio.of(kept.manifest)
        schema = _schema(kept, audio, report_identity=report_identity)
        dictionaries = [
            pa.array(cohorts.labels, type=pa.string()) for system in kept.systems for cohorts in system.cohorts.values()
        ]
        with pa.ipc.new_file(stream, schema) as sink:
            for start in range(0, len(kept.manifest), ROWS_PER_BATCH):
                rows = slice(start, min(start + ROWS_PER_BATCH, len(kept.manifest)))
                sink.write_batch(pa.record_batch(_columns(kept, rows, schema, audio, dictionaries), schema=schema))

    return write


def confusions_parquet(kept: KeptUtterances, *, report_identity: str) -> bytes:
    """The confusions as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(kept.confusions, preserve_index=False).replace_schema_metadata(
        _metadata(format=CONFUSIONS_FORMAT, version=UTTERANCES_VERSION, report=report_identity)
    )
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


@dataclass(frozen=True, kw_only=True)
class _Audio:
    """Where the recordings are: the folder above all of them, as an absolute path and as their own paths begin."""

    root: str | None
    prefix: str

    @classmethod
    def of(cls, manifest: Manifest) -> _Audio:
        if "audio_path" not in manifest.table:
            return cls(root=None, prefix="")
        folders = {os.path.dirname(path) for path in manifest.table["audio_path"].tolist() if isinstance(path, str)}
        if not folders:
            return cls(root=None, prefix="")
        absolute = {folder: os.path.isabs(folder) for folder in folders}
        if len(set(absolute.values())) > 1:
            root = os.path.commonpath([os.path.abspath(folder) for folder in folders])
            return cls(root=root, prefix="")
        prefix = os.path.commonpath(list(folders))
        return cls(root=os.path.abspath(prefix), prefix=prefix)

    def below_root(self, path: object) -> str | None:
        """`path` as seen from the root; None stays None."""
        if not isinstance(path, str) or self.root is None:
            return None
        if self.prefix and path.startswith(os.path.join(self.prefix, "")):
            return path[len(os.path.join(self.prefix, "")) :]
        return os.path.relpath(os.path.abspath(path), self.root)


def _metadata(**about: Any) -> dict[bytes, bytes]:
    return {METADATA_KEY: json.dumps(about, sort_keys=True).encode()}


def _schema(kept: KeptUtterances, audio: _Audio, *, report_identity: str) -> Any:
    import pyarrow as pa

    fields = [
        ("utterance_id", pa.string()),
        ("reference", pa.large_string()),
        ("audio_path", pa.string()),
        ("duration_s", pa.float32()),
        ("is_confirmation", pa.bool_()),
    ]
    for system in kept.systems:
        fields.append((f"hypothesis:{system.system}", pa.large_string()))
        for name in COUNT_COLUMNS:
            narrow = int(system.counts[name].max(initial=0)) < 1 << 16
            fields.append((f"{name}:{system.system}", pa.uint16() if narrow else pa.uint32()))
        for method, cohorts in system.cohorts.items():
            index = pa.int16() if len(cohorts.labels) < 1 << 15 else pa.int32()
            fields.append((f"cohort:{system.system}:{method}", pa.dictionary(index, pa.string())))
    about = _metadata(
        format=UTTERANCES_FORMAT,
        version=UTTERANCES_VERSION,
        report=report_identity,
        normaliser=kept.normaliser,
        unit=kept.unit,
        systems=[system.system for system in kept.systems],
        methods={system.system: list(system.cohorts) for system in kept.systems},
        partial={
            system.system: {method: list(cohorts.partial) for method, cohorts in system.cohorts.items()} for system in kept.systems
        },
        audio_root=audio.root,
    )
    return pa.schema(fields, metadata=about)


def _columns(kept: KeptUtterances, rows: slice, schema: Any, audio: _Audio, dictionaries: Sequence[Any]) -> list[Any]:
    """The columns of `schema` for some rows; `dictionaries` are the labels of each cohort column, in their order."""
    import pyarrow as pa

    table, n_rows = kept.manifest.table.iloc[rows], rows.stop - rows.start
    speakers = kept.manifest.speaker_positions[rows]
    ids = table["utterance_id"].tolist()
    paths = table["audio_path"].tolist() if "audio_path" in table else [None] * n_rows
    lengths = table["duration_s"].to_numpy(dtype=float, na_value=np.nan) if "duration_s" in table else np.full(n_rows, np.nan)
    columns = [
        _texts(ids, pa.string()),
        _texts(table["reference"].tolist(), pa.large_string()),
        _texts([audio.below_root(path) for path in paths], pa.string()),
        pa.array(lengths, type=pa.float32(), mask=np.isnan(lengths)),
        pa.array(kept.is_confirmation[speakers]),
    ]
    labels = iter(dictionaries)
    for system in kept.systems:
        columns.append(_texts([system.texts.get(key) for key in ids], pa.large_string()))
        columns += [
            pa.array(system.counts[name][rows], type=schema.field(f"{name}:{system.system}").type) for name in COUNT_COLUMNS
        ]
        for method, cohorts in system.cohorts.items():
            codes = cohorts.codes[speakers]
            index_type = schema.field(f"cohort:{system.system}:{method}").type.index_type
            # Under a null the index is 0, not the true one: what may not be told is not in the file at all.
            indices = pa.array(np.maximum(codes, 0), type=index_type, mask=codes < 0)
            columns.append(pa.DictionaryArray.from_arrays(indices, next(labels)))
    return columns


def _texts(values: Sequence[str | None], kind: Any) -> Any:
    """Texts as an Arrow array; half a surrogate pair, which UTF-8 cannot write, is spelled out."""
    import pyarrow as pa

    try:
        return pa.array(values, type=kind)
    except UnicodeEncodeError:
        spelled = [None if value is None else value.encode("utf-8", "backslashreplace").decode() for value in values]
        return pa.array(spelled, type=kind)
