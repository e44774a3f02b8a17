"""What a run may go on with: texts or vectors of an earlier one, of utterances that are still there and of the same recordings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fairasr.core.errors import IngestError
from fairasr.models.base import UnreadableAudioError
from fairasr.models.recordings import Recordings

REMEDY = "Write to another file, or remove this one."


def require_none_lost(known: Iterable[str], utterance_ids: Iterable[str], *, path: str | Path, what: str) -> None:
    """Refuse to write over utterances that this run has not.

    Args:
        known: utterances of the file.
        utterance_ids: of this run.
        path: the file.
        what: is in it: "hypotheses", "embeddings".

    Raises:
        IngestError: the file holds others.
    """
    known, ours = list(known), set(utterance_ids)
    others = [identifier for identifier in known if identifier not in ours]
    if others:
        raise IngestError(
            f"'{path}' holds {len(others):,} of {len(known):,} {what} of utterances that are not in this manifest "
            f"(first: {others[0]!r}), which would be lost. Write to another file."
        )


def require_same_recordings(
    known: Mapping[str, str], utterance_ids: Sequence[str], recordings: Recordings, *, path: str | Path, what: str
) -> None:
    """Refuse to take what was found in one recording for what is in another under the same utterance_id.

    What cannot be read any more is not compared: whoever deletes recordings after they were heard keeps their texts.

    Args:
        known: utterance_id -> SHA-256 of the recording that the earlier run read; "" where it is not known.
        utterance_ids: of this run, one for each of `recordings`.
        recordings: as they are now.
        path: the file of the earlier run.
        what: is in it: "hypotheses", "embeddings".

    Raises:
        IngestError: recordings differ.
    """
    compared, changed = 0, []
    for row, identifier in enumerate(utterance_ids):
        if not known.get(identifier):
            continue
        try:
            now = recordings.sha256(row)
        except UnreadableAudioError:
            continue
        compared += 1
        if now != known[identifier]:
            changed.append(identifier)
    if changed:
        raise IngestError(
            f"'{path}' holds {what} of other recordings: {len(changed):,} of {compared:,} have changed under the same utterance_id "
            f"(first: {changed[0]!r}). {REMEDY}"
        )
