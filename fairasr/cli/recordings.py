"""How verbs that listen, and those that judge voices, read a corpus: its utterances need no reference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fairasr.cli.options import Reading, pairs

if TYPE_CHECKING:
    from fairasr.ingest import Corpus


def recordings_of(reading: Reading, *, source: Path | None = None) -> Corpus:
    """The corpus that `reading` names, or the same options on `source`; vectors are not read.

    Raises:
        IngestError: as `read_recordings`.
    """
    from fairasr.ingest.recordings_table import read_recordings

    return read_recordings(
        source or reading.source,
        hypotheses=reading.hypothesis_files,
        recipe=reading.recipe,
        variant=reading.variant,
        columns=pairs(reading.column or (), "--column"),
        layout=reading.layout,
        system=reading.system,
        speaker_ids=not reading.no_speaker_ids,
        bad_rows=reading.bad_rows,
        encoding=reading.encoding,
        delimiter=reading.delimiter,
    )
