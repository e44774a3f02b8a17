"""Which recordings test mixtures are made of: no recording, and where asked no speaker, is in both parts."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from fairasr.core.errors import IngestError

TRAIN, TEST = "train", "test"


def divided(
    *,
    speakers: np.ndarray,
    references: np.ndarray,
    files: np.ndarray,
    held_out: float,
    hold_out: Literal["recordings", "speakers"],
    generator: np.random.Generator,
) -> np.ndarray:
    """Part of each recording, TRAIN or TEST: object array (n_recordings,).

    Of recordings, every speaker gives the share `held_out`, spread evenly over what they say: with 50 recordings of each word
    and a tenth held out, 5 of each word are. A file that several rows name is one
    recording, and all of them are in the part of the first.

    Args:
        speakers: of each recording, str array (n_recordings,).
        references: what is said in each, str array (n_recordings,).
        files: number of the file of each, int array (n_recordings,).
        held_out: share of the recordings of each speaker, or of the speakers.
        hold_out: what is divided.
        generator: of the draws.

    Raises:
        IngestError: one part has no recordings, or speakers are divided and several speak in one file.
    """
    is_first = ~pd.Series(files).duplicated().to_numpy()
    if hold_out == "speakers":
        n_speakers = pd.Series(speakers).groupby(files).transform("nunique").to_numpy()
        if (n_speakers > 1).any():
            raise IngestError(
                f"{(n_speakers > 1).sum():,} of {len(speakers):,} recordings are in files that are listed under several speakers "
                f"(first: of {speakers[(n_speakers > 1).argmax()]!r}), so the parts would share them. Name one speaker per file, "
                "or hold out recordings."
            )
    of_files = _divided(
        speakers=speakers[is_first],
        references=references[is_first],
        held_out=held_out,
        hold_out=hold_out,
        generator=generator,
    )
    part_of = dict(zip(files[is_first].tolist(), of_files, strict=True))
    return np.array([part_of[file] for file in files.tolist()], dtype=object)


def _divided(
    *,
    speakers: np.ndarray,
    references: np.ndarray,
    held_out: float,
    hold_out: Literal["recordings", "speakers"],
    generator: np.random.Generator,
) -> np.ndarray:
    """As `divided`, of files that each are there once."""
    parts = np.full(len(speakers), TRAIN, dtype=object)
    names = np.unique(speakers)
    if hold_out == "speakers":
        n_held_out = round(held_out * len(names))
        if not 0 < n_held_out < len(names):
            raise IngestError(
                f"{held_out:g} of {len(names)} speakers are {n_held_out}: one part would have no speaker. Hold out recordings, or "
                "another share."
            )
        parts[np.isin(speakers, generator.permutation(names)[:n_held_out])] = TEST
        return parts
    for name in names:
        rows = generator.permutation(np.flatnonzero(speakers == name))
        rows = rows[np.argsort(references[rows], kind="stable")]
        # Systematic sampling: every so many along what is said, from a random start, so that each word gives its share.
        steps = np.floor(generator.random() + held_out * np.arange(len(rows) + 1))
        parts[rows[np.diff(steps) > 0]] = TEST
    empty = [part for part in (TRAIN, TEST) if not (parts == part).any()]
    if empty:
        raise IngestError(
            f"of {len(speakers):,} recordings, {held_out:g} of each speaker's held out, none is left for the part {empty[0]!r}. "
            "Hold out another share, or speakers."
        )
    return parts
