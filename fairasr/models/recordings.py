"""The recordings of a manifest: read by row, none outside the audio folder, those of late kept in memory."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np

from fairasr.core import Manifest
from fairasr.core.errors import IngestError
from fairasr.models.audio import read_audio, soundfile_module
from fairasr.models.base import UnreadableAudioError

KEPT_BYTES = 1 << 30
"""Decoding a compressed file costs more than keeping its samples; a gigabyte holds about four hours at 16 kHz."""


class Recordings:
    """Samples of each row of a manifest.

    Args:
        manifest: needs the column `audio_path`, relative to `audio_root` or absolute below it.
        audio_root: folder of the recordings; no file outside it is opened.
        sample_rate_hz: what samples are resampled to.
        kept_bytes: memory for recordings read before.

    Raises:
        IngestError: no `audio_path`, or no such folder.
        MissingExtraError: soundfile is not installed.
    """

    def __init__(self, manifest: Manifest, *, audio_root: str | Path, sample_rate_hz: int, kept_bytes: int = KEPT_BYTES) -> None:
        soundfile_module()
        audio_root = Path(audio_root)
        if "audio_path" not in manifest.table:
            raise IngestError(
                f"manifest '{manifest.source}' has no column 'audio_path', so there is nothing to listen to. "
                "Name the recordings in it."
            )
        if not audio_root.is_dir():
            raise IngestError(f"there is no audio folder {audio_root}. Give the folder that the column 'audio_path' starts from.")
        self.sample_rate_hz = sample_rate_hz
        self._audio_root = audio_root.resolve()
        self._audio_paths = manifest.table["audio_path"].to_numpy(dtype=object)
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()
        self._room = kept_bytes

    def __len__(self) -> int:
        return len(self._audio_paths)

    def read(self, row: int) -> np.ndarray:
        """Mono samples of `row`, float32 (n_samples,) in -1..1 at `sample_rate_hz`; not to be changed.

        Raises:
            UnreadableAudioError: there is no such recording, it cannot be read, or it is empty.
        """
        if row in self._kept:
            self._kept.move_to_end(row)
            return self._kept[row]
        samples = read_audio(self._below_root(self._audio_paths[row]), sample_rate_hz=self.sample_rate_hz)
        samples.flags.writeable = False
        self._kept[row] = samples
        self._room -= samples.nbytes
        while self._room < 0:
            _, oldest = self._kept.popitem(last=False)
            self._room += oldest.nbytes
        return samples

    def of_rows(self, rows: np.ndarray) -> Recordings:
        """The recordings of some rows, numbered anew."""
        part = Recordings.__new__(Recordings)
        part.sample_rate_hz, part._audio_root = self.sample_rate_hz, self._audio_root
        part._audio_paths, part._kept, part._room = self._audio_paths[rows], OrderedDict(), self._room
        return part

    def _below_root(self, audio_path: object) -> Path:
        if not isinstance(audio_path, str) or not audio_path:
            raise UnreadableAudioError("no recording is named")
        if "\0" in audio_path:
            raise UnreadableAudioError("its path holds a NUL byte")
        path = (self._audio_root / audio_path).resolve()
        if not path.is_relative_to(self._audio_root):
            raise UnreadableAudioError("it is outside the audio folder")
        return path
