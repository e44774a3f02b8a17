"""Audio as it is found: stereo, at any rate, in several formats, and cut short."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest

from fairasr.models.audio import read_audio
from fairasr.models.base import UnreadableAudioError
from fairasr.models.wav_header import missing_bytes

soundfile = pytest.importorskip("soundfile")


def tone(rate_hz: int, *, seconds: float = 1.0, frequency_hz: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * frequency_hz * np.arange(int(seconds * rate_hz)) / rate_hz)


def wav_bytes(samples: np.ndarray, rate_hz: int, **options: str) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate_hz, format="WAV", **options)
    return stream.getvalue()


@pytest.mark.parametrize("ending", ["wav", "flac"])
@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100])
def test_stereo_at_any_rate_is_the_mean_of_its_channels_at_the_wanted_rate(tmp_path: Path, ending: str, rate_hz: int) -> None:
    path = tmp_path / f"a.{ending}"
    soundfile.write(path, np.column_stack([tone(rate_hz), np.zeros(rate_hz)]), rate_hz)
    samples = read_audio(path, sample_rate_hz=16_000)
    assert samples.dtype == np.float32
    assert len(samples) == 16_000
    np.testing.assert_allclose(samples[1_000:-1_000], 0.5 * tone(16_000)[1_000:-1_000], atol=3e-3)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW"])
@pytest.mark.parametrize("kept", [0.95, 0.5, 0.05])
def test_a_wav_that_holds_less_than_its_header_promises_is_refused(tmp_path: Path, subtype: str, kept: float) -> None:
    content = wav_bytes(tone(8_000), 8_000, subtype=subtype)
    path = tmp_path / "cut.wav"
    path.write_bytes(content)
    assert len(read_audio(path, sample_rate_hz=8_000)) == 8_000
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(UnreadableAudioError, match=r"cut short: its header promises [\d,]+ bytes more"):
        read_audio(path, sample_rate_hz=8_000)
    assert missing_bytes(path) == len(content) - int(kept * len(content))


@pytest.mark.parametrize("promised", [0xFFFFFFFF, 0xFFFFFFFF - 36])
def test_a_wav_written_to_a_pipe_knows_no_length_and_is_read(tmp_path: Path, promised: int) -> None:
    content = wav_bytes(tone(8_000), 8_000)
    place = content.index(b"data")
    path = tmp_path / "piped.wav"
    path.write_bytes(content[: place + 4] + struct.pack("<I", promised) + content[place + 8 :])
    assert len(read_audio(path, sample_rate_hz=8_000)) == 8_000


def test_chunks_before_and_after_the_sound_are_passed_over(tmp_path: Path) -> None:
    content = wav_bytes(tone(8_000), 8_000)
    place = content.index(b"data")
    note = b"note" + struct.pack("<I", 3) + b"abc\0"
    path = tmp_path / "noted.wav"
    whole = content[:place] + note + content[place:] + note
    path.write_bytes(whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:])
    assert missing_bytes(path) == 0
    assert len(read_audio(path, sample_rate_hz=8_000)) == 8_000
    path.write_bytes(path.read_bytes()[: -len(note) - 10])
    assert missing_bytes(path) == 10


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEdata", b"RIFX" + bytes(60)])
def test_a_header_that_is_no_header_promises_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.wav"
    path.write_bytes(content)
    assert missing_bytes(path) == 0
    with pytest.raises(UnreadableAudioError):
        read_audio(path, sample_rate_hz=8_000)


def test_a_flac_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.flac"
    soundfile.write(path, np.random.default_rng(0).normal(scale=0.1, size=16_000), 16_000)
    path.write_bytes(path.read_bytes()[:-2_000])
    with pytest.raises(UnreadableAudioError, match="cannot be read as audio"):
        read_audio(path, sample_rate_hz=16_000)
