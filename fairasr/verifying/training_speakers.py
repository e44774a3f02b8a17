"""Who a speaker encoder is trained on: unusable recordings set aside, speakers excluded, speakers kept out for the audit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fairasr.core import Manifest
from fairasr.core.errors import IngestError, TrainingError

if TYPE_CHECKING:
    from fairasr.models import Recordings


@dataclass(frozen=True, kw_only=True)
class TrainingSpeakers:
    """Who is in what part.

    Attributes:
        rows: rows of the manifest that are trained on, int (n_rows,).
        held_out: speakers kept out for the audit, sorted.
        excluded: speakers of the manifest that were named as not to be trained on, sorted.
        set_aside: utterance_id -> why its recording cannot be used; of speakers to be trained on alone.
    """

    rows: np.ndarray
    held_out: tuple[str, ...]
    excluded: tuple[str, ...]
    set_aside: Mapping[str, str]


def chosen_speakers(
    manifest: Manifest,
    recordings: Recordings,
    *,
    held_out_share: float,
    excluded: frozenset[str],
    seed: int,
    progress: Callable[[str, int, int], None] | None = None,
) -> TrainingSpeakers:
    """Divide the speakers, and hear every recording that may be trained on once.

    Args:
        manifest: the utterances.
        recordings: of them, by row.
        held_out_share: of the speakers that are not excluded, in 0..1; at least one speaker unless 0.
        excluded: not to be trained on; those that are not in the manifest do not matter.
        seed: of the choice; the same speakers give the same choice, whatever the order of rows.
        progress: told "listening", recordings heard, recordings in all.

    Raises:
        TrainingError: a share out of range, no speaker identities, none of `excluded` is in the manifest, or no
            recording can be used.
    """
    from fairasr.models import UnreadableAudioError
    from fairasr.verification.encoder_model import require_voice

    if not 0 <= held_out_share < 1:
        raise TrainingError(f"the share of speakers kept out is {held_out_share}, not in 0..1. Choose one such as 0.2.")
    if not manifest.has_speaker_ids:
        raise TrainingError(f"manifest '{manifest.source}' names no speakers, and an encoder learns who is who. Name them.")
    there = set(manifest.speaker_ids)
    named = sorted(excluded & there)
    if excluded and not named:
        raise TrainingError(
            f"none of the {len(excluded):,} speakers to be excluded is among the {len(there):,} of '{manifest.source}' "
            f"(first: {min(excluded)!r}). Give the file that names them as they are named there."
        )
    candidates = np.array(sorted(there - excluded), dtype=object)
    n_held = max(1, round(held_out_share * len(candidates))) if held_out_share and len(candidates) else 0
    held = set(np.random.default_rng(seed).permutation(candidates)[:n_held].tolist())
    speakers = manifest.table["speaker_id"].to_numpy(dtype=object)
    wanted = np.flatnonzero([speaker not in held and speaker not in excluded for speaker in speakers])
    utterances = manifest.table["utterance_id"].to_numpy(dtype=object)
    usable, set_aside = [], {}
    for done, row in enumerate(wanted.tolist(), start=1):
        try:
            require_voice(recordings.read(row), sample_rate_hz=recordings.sample_rate_hz)
            usable.append(row)
        except UnreadableAudioError as error:
            set_aside[str(utterances[row])] = str(error)
        if progress is not None:
            progress("listening", done, len(wanted))
    if not usable:
        first = next(iter(set_aside.items()), None)
        raise TrainingError(
            f"none of the {len(wanted):,} recordings of {len(candidates) - n_held:,} speakers can be trained on"
            + (f" (first: {first[0]!r}: {first[1]})" if first else "")
            + ". Check the column 'audio_path' and the audio folder."
        )
    return TrainingSpeakers(rows=np.array(usable), held_out=tuple(sorted(held)), excluded=tuple(named), set_aside=set_aside)


def read_speakers(path: Path) -> frozenset[str]:
    """Speakers named in a text file, one on a line.

    Raises:
        IngestError: it cannot be read, or names nobody.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise IngestError(
            f"the file of speakers {path} cannot be read ({error}). Give a text file, one speaker_id on a line."
        ) from error
    named = frozenset(line.strip() for line in lines if line.strip())
    if not named:
        raise IngestError(f"the file of speakers {path} names nobody. Give a text file, one speaker_id on a line.")
    return named
