"""Hypotheses on disk, as parquet: utterance_id, system, hypothesis or the reason why there is none; who wrote them, of what."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairasr.core.atomic import write_file
from fairasr.core.errors import IngestError

SUFFIXES = (".parquet",)
"""CSV cannot tell a failed utterance (null) from one in which nothing was heard ("")."""

METADATA_KEY = "fairasr"
COLUMNS = ("utterance_id", "hypothesis", "reason", "recording_sha256")
FORMAT = "fairasr-hypotheses"
FORMAT_VERSION = 2
"""1 did not say which recording a text is of."""


@dataclass(frozen=True, kw_only=True)
class HypothesisFile:
    """What one model wrote of some utterances, in the order of the file.

    Attributes:
        system: name of the system.
        model_sha256: of the model's weights, by which a later run knows that it goes on with the same model; "" if not known.
        texts: utterance_id -> text.
        failures: utterance_id -> why it has no text.
        recordings: utterance_id -> SHA-256 of the recording that its text is of.
    """

    system: str
    model_sha256: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    recordings: Mapping[str, str] = field(default_factory=dict)


def write_hypotheses(found: HypothesisFile, path: str | Path, *, order: list[str]) -> None:
    """Write to `path` in one step: a reader sees the old file or the whole new one.

    Args:
        found: what was heard.
        path: a .parquet file.
        order: the utterances; those that have neither a text nor a failure yet are left out.

    Raises:
        IngestError: the ending is not .parquet.
        OutputError: the file cannot be written; an earlier one is still there.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = _parquet(path)
    done = [identifier for identifier in order if identifier in found.texts or identifier in found.failures]
    table = pa.table(
        {
            "utterance_id": pa.array(done, pa.string()),
            "system": pa.array([found.system] * len(done), pa.string()),
            "hypothesis": pa.array([found.texts.get(identifier) for identifier in done], pa.string()),
            "reason": pa.array([found.failures.get(identifier) for identifier in done], pa.string()),
            "recording_sha256": pa.array([found.recordings.get(identifier) for identifier in done], pa.string()),
        }
    )
    written_by = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "system": found.system,
        "model_sha256": found.model_sha256,
    }
    content = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: json.dumps(written_by)}), content)
    write_file(path, content.getvalue())


def read_hypotheses(path: str | Path) -> HypothesisFile:
    """The hypotheses that `write_hypotheses` wrote.

    Raises:
        IngestError: no such file, a damaged one, or one that something else wrote.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = _parquet(path)
    if not path.is_file():
        raise IngestError(f"there is no file of hypotheses {path}. Make one with `fairasr transcribe`.")
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise IngestError(
            f"'{path}' cannot be read as hypotheses: {str(error).splitlines()[0]} Remove it, or write to another file."
        ) from error
    written_by = _written_by(table, path)
    identifiers, texts, reasons, recordings = (table.column(name).to_pylist() for name in COLUMNS)
    return HypothesisFile(
        system=str(written_by["system"]),
        model_sha256=str(written_by["model_sha256"]),
        texts={identifier: text for identifier, text in zip(identifiers, texts, strict=True) if text is not None},
        failures={key: reason or "" for key, text, reason in zip(identifiers, texts, reasons, strict=True) if text is None},
        recordings={identifier: sha256 for identifier, sha256 in zip(identifiers, recordings, strict=True) if sha256 is not None},
    )


def _written_by(table: Any, path: Path) -> dict[str, Any]:
    try:
        written_by = json.loads((table.schema.metadata or {})[METADATA_KEY.encode()])
        ours = written_by["format"] == FORMAT
    except (LookupError, TypeError, ValueError):
        ours = False
    if not ours:
        raise IngestError(f"'{path}' was not written by `fairasr transcribe`, so it is left alone. Write to another file.")
    if written_by.get("format_version") != FORMAT_VERSION:
        raise IngestError(
            f"'{path}' has format version {written_by.get('format_version')!r}; this fairasr goes on with version "
            f"{FORMAT_VERSION}. Write to another file."
        )
    lacking = [name for name in COLUMNS if name not in table.schema.names]
    lacking += [name for name in ("system", "model_sha256") if name not in written_by]
    if lacking:
        raise IngestError(f"'{path}' lacks {', '.join(lacking)}, so it is left alone. Write to another file.")
    return dict(written_by)


def _parquet(path: str | Path) -> Path:
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise IngestError(f"hypotheses are kept in {' or '.join(SUFFIXES)} files, not {path.name!r}. Choose this ending.")
    return path
