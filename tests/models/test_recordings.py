"""Recordings: each file is decoded once while there is room for it, whichever part of the manifest asks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

import fairasr.models.recordings as under_test
from fairasr.core import Manifest
from fairasr.models import Recordings

RATE_HZ = 8_000
N_SAMPLES = 100
N_BYTES = 4 * N_SAMPLES


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """Six recordings; number i holds i / 10."""
    names = [f"{i}.wav" for i in range(6)]
    for i, name in enumerate(names):
        soundfile.write(tmp_path / name, np.full(N_SAMPLES, i / 10), RATE_HZ, subtype="FLOAT")
    return Manifest(table=pd.DataFrame({"utterance_id": names, "speaker_id": names, "reference": "a", "audio_path": names}))


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file was decoded."""
    counted: Counter[str] = Counter()
    really = under_test.read_audio

    def read_audio(path: Path, *, sample_rate_hz: int) -> np.ndarray:
        counted[path.name] += 1
        return really(path, sample_rate_hz=sample_rate_hz)

    monkeypatch.setattr(under_test, "read_audio", read_audio)
    return counted


def whole(manifest: Manifest, folder: Path, *, kept_bytes: int) -> Recordings:
    return Recordings(manifest, audio_root=folder, sample_rate_hz=RATE_HZ, kept_bytes=kept_bytes)


def test_a_part_of_a_part_holds_the_recordings_of_its_rows(manifest: Manifest, tmp_path: Path) -> None:
    part = whole(manifest, tmp_path, kept_bytes=0).of_rows(np.array([5, 3, 1, 0])).of_rows(np.array([2, 0]))
    assert len(part) == 2
    assert [float(part.read(row)[0]) for row in range(2)] == pytest.approx([0.1, 0.5])


def test_what_one_part_has_read_no_other_decodes_again(manifest: Manifest, tmp_path: Path, decoded: Counter[str]) -> None:
    recordings = whole(manifest, tmp_path, kept_bytes=6 * N_BYTES)
    for row in range(6):
        recordings.read(row)
    parts = [recordings.of_rows(np.array([4, 2])), recordings.of_rows(np.array([3])).of_rows(np.array([0]))]
    assert [float(part.read(row)[0]) for part in parts for row in range(len(part))] == pytest.approx([0.4, 0.2, 0.3])
    assert decoded == dict.fromkeys((f"{i}.wav" for i in range(6)), 1)


def test_parts_share_one_room_and_what_was_used_longest_ago_gives_way(
    manifest: Manifest, tmp_path: Path, decoded: Counter[str]
) -> None:
    recordings = whole(manifest, tmp_path, kept_bytes=2 * N_BYTES)
    part = recordings.of_rows(np.array([2, 1]))
    recordings.read(1)
    part.read(0)  # number 2
    part.read(1)  # number 1 again: kept, and used last
    recordings.read(0)  # takes the place of number 2
    part.read(1)
    assert decoded == {"0.wav": 1, "1.wav": 1, "2.wav": 1}
    part.read(0)
    assert decoded["2.wav"] == 2


def test_samples_that_are_kept_cannot_be_changed(manifest: Manifest, tmp_path: Path) -> None:
    samples = whole(manifest, tmp_path, kept_bytes=N_BYTES).read(0)
    with pytest.raises(ValueError, match="read-only"):
        samples[0] = 1
