"""The recordings of a manifest: read by row, none outside the audio folder, those of late kept in memory."""

from __future__ import annotations

import copy
from collections import OrderedDict
from pathlib import Path

import numpy as np

from fairasr.core import Manifest
from fairasr.core.errors import IngestError
from fairasr.core.provenance import sha256_of
from fairasr.models.audio import read_audio, soundfile_module
from fairasr.models.base import UnreadableAudioError

KEPT_BYTES = 1 << 30
"""Decoding a compressed file costs more than keeping its samples; a gigabyte holds about four hours at 16 kHz."""


class _Kept:
    """Recordings read of late, by their row in the manifest that was read: those used longest ago give way.

    Args:
        room: bytes they may take.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._samples: OrderedDict[int, np.ndarray] = OrderedDict()

    def get(self, row: int) -> np.ndarray | None:
        """Samples of `row`, which counts as a use; None where they are not kept."""
        if row in self._samples:
            self._samples.move_to_end(row)
        return self._samples.get(row)

    def add(self, row: int, samples: np.ndarray) -> None:
        """Keep `samples`, unless they alone take more than the room."""
        self._samples[row] = samples
        self._room -= samples.nbytes
        while self._room < 0:
            _, oldest = self._samples.popitem(last=False)
            self._room += oldest.nbytes


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
        self._rows = np.arange(len(self._audio_paths))
        self._kept = _Kept(kept_bytes)
        self._sha256: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, row: int) -> np.ndarray:
        """Mono samples of `row`, float32 (n_samples,) in -1..1 at `sample_rate_hz`; not to be changed.

        Raises:
            UnreadableAudioError: there is no such recording, it cannot be read, or it is empty.
        """
        original = int(self._rows[row])
        samples = self._kept.get(original)
        if samples is None:
            samples = read_audio(self._below_root(self._audio_paths[original]), sample_rate_hz=self.sample_rate_hz)
            samples.flags.writeable = False
            self._kept.add(original, samples)
        return samples

    def sha256(self, row: int) -> str:
        """SHA-256 of the file of `row`, 64 hex digits: the same for the same recording, wherever it lies. Read once.

        Raises:
            UnreadableAudioError: there is no such recording, or it cannot be read.
        """
        original = int(self._rows[row])
        if original not in self._sha256:
            path = self._below_root(self._audio_paths[original])
            try:
                self._sha256[original] = sha256_of(path)
            except OSError as error:
                raise UnreadableAudioError(error.strerror or str(error)) from error
        return self._sha256[original]

    def of_rows(self, rows: np.ndarray) -> Recordings:
        """The recordings of some rows, numbered anew; what either reads is kept for both, in the memory of the whole."""
        part = copy.copy(self)
        part._rows = self._rows[rows]
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
