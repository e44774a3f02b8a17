"""The made-up speech corpus: the same bytes for the same seed, a table that the reader takes, speakers where they belong."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fairasr.core.errors import MissingExtraError, ModelError, OutputError
from fairasr.geography import distance_to_land_km
from fairasr.ingest import read
from fairasr.models.audio import read_audio
from fairasr.testing.speech import ACCENTS, CAUTION, MAJORITY, RECIPE, WORDS, write_speech_corpus
from fairasr.testing.speech.accents import JITTER_DEG
from fairasr.testing.speech.recording import SAMPLE_RATE_HZ, recorded
from fairasr.testing.speech.speakers import VARIANTS, Speaker
from fairasr.testing.speech.synthesis import Saying, Spoken, synthesised

pytest.importorskip("espeakng_loader", reason="the synthesiser is an extra: speech-demo")
pytest.importorskip("soundfile", reason="recordings need an extra: train")

EACH_ACCENT = {accent.name: 2 for accent in ACCENTS}


def write(folder: Path, *, seed: int = 3, n_speakers: dict[str, int] = EACH_ACCENT, prefix: str = "speaker") -> Path:
    return write_speech_corpus(folder, seed=seed, n_speakers=n_speakers, utterances_per_speaker=2, prefix=prefix)


@pytest.fixture(scope="module")
def table_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("speech"))


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def a_saying(voice: str, text: str = "carl saw a bird") -> Saying:
    return Saying(voice=voice, rate_wpm=160, pitch=50, pitch_range=50, seed=1, text=text)


def a_speaker(*, shift: float = 1.0, snr_db: float = 60.0) -> Speaker:
    return Speaker(voice="en-us", rate_wpm=160, pitch=50, pitch_range=50, shift=shift, snr_db=snr_db, tilt=0.0)


def tone(frequency_hz: float, *, sample_rate_hz: int = 22_050) -> Spoken:
    moments_s = np.arange(sample_rate_hz) / sample_rate_hz
    samples = (8000 * np.sin(2 * np.pi * frequency_hz * moments_s)).astype(np.int16)
    return Spoken(samples=samples, sample_rate_hz=sample_rate_hz)


def strongest_hz(samples: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(samples)) ** 2
    return float(np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)[power.argmax()])


def test_same_seed_gives_same_bytes_and_another_seed_other_ones(table_path: Path, tmp_path: Path) -> None:
    first = digests(table_path.parent)
    assert len(first) == 2 + 2 * 2 * len(ACCENTS)
    assert digests(write(tmp_path / "again").parent) == first
    other = digests(write(tmp_path / "other", seed=4).parent)
    assert {*first.values()} & {*other.values()} == {first["corpus.toml"]}


def test_its_recipe_is_read_and_its_caution_goes_into_every_report(table_path: Path) -> None:
    corpus = read(table_path.parent, recipe=str(table_path.with_name(RECIPE)))
    bare = read(table_path).manifest.table
    assert corpus.manifest.table[list(bare)].equals(bare)
    assert CAUTION in corpus.notes
    assert "no stand-in for people" in CAUTION


def test_the_reader_takes_it_and_durations_are_those_of_the_recordings(table_path: Path) -> None:
    table = read(table_path).manifest.table
    assert len(table) == 2 * 2 * len(ACCENTS)
    for row in table.itertuples():
        samples = read_audio(table_path.parent / row.audio_path, sample_rate_hz=SAMPLE_RATE_HZ)
        assert len(samples) / SAMPLE_RATE_HZ == pytest.approx(row.duration_s, abs=1e-3)
        assert np.abs(samples).max() == pytest.approx(0.5, abs=0.01)
        assert 0.4 < row.duration_s < 6


def test_sentences_have_4_to_8_words_of_a_vocabulary_of_30_to_60(table_path: Path) -> None:
    assert 30 <= len(WORDS) <= 60
    for reference in read(table_path).manifest.table["reference"]:
        words = reference.split()
        assert 4 <= len(words) <= 8
        assert {*words} <= {*WORDS}


def test_speakers_live_near_a_town_of_their_accent_and_stay_there(table_path: Path) -> None:
    table = read(table_path).manifest.table
    assert table["accent"].nunique() == len(ACCENTS)
    for accent in ACCENTS:
        rows = table[table["accent"] == accent.name]
        assert rows["speaker_id"].nunique() == 2
        assert (rows.groupby("speaker_id")["latitude_deg"].nunique() == 1).all()
        for row in rows.itertuples():
            nearest = min(
                max(abs(row.latitude_deg - t.latitude_deg), abs(row.longitude_deg - t.longitude_deg)) for t in accent.towns
            )
            assert nearest <= JITTER_DEG + 1e-9


def test_no_town_puts_a_speaker_into_the_sea() -> None:
    corners = [
        (town.latitude_deg + north * JITTER_DEG, town.longitude_deg + east * JITTER_DEG)
        for accent in ACCENTS
        for town in accent.towns
        for north in (-1, 0, 1)
        for east in (-1, 0, 1)
    ]
    assert len(corners) > 9 * len(ACCENTS)
    latitude, longitude = np.array(corners).T
    assert distance_to_land_km(latitude, longitude).max() < 20


def test_two_prefixes_share_no_speaker(table_path: Path, tmp_path: Path) -> None:
    first = read(table_path).manifest
    second = read(write(tmp_path, prefix="other")).manifest
    assert len(first.speaker_ids) == len(second.speaker_ids) == 2 * len(ACCENTS)
    assert not {*first.speaker_ids} & {*second.speaker_ids}


def test_every_voice_of_every_accent_speaks() -> None:
    voices = [accent.voice for accent in ACCENTS] + [f"en-us+{variant}" for variant in VARIANTS if variant]
    spoken = list(synthesised([a_saying(voice) for voice in voices]))
    assert len(spoken) == len(voices) > 40
    # Every variant is told apart from the plain voice: an unknown variant would be the plain voice again.
    assert len({one.samples.tobytes() for one in spoken}) == len(voices)
    for one in spoken:
        assert 0.5 < len(one.samples) / one.sample_rate_hz < 4
        assert np.abs(one.samples).max() > 1000


def test_accents_differ_in_how_a_word_sounds() -> None:
    sayings = [a_saying(accent.voice, text="path") for accent in ACCENTS]
    assert len({one.samples.tobytes() for one in synthesised(sayings)}) == len(ACCENTS)


def test_an_unknown_voice_is_named() -> None:
    with pytest.raises(ModelError, match="no voice 'xx-nowhere'"):
        list(synthesised([a_saying("en-us"), a_saying("xx-nowhere")]))


def test_a_synthesiser_that_dies_says_how_far_it_came(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "worker.py"
    broken.write_text("import sys; sys.stdout.buffer.write((22050).to_bytes(4, 'little') + (9).to_bytes(4, 'little') + b'12')")
    monkeypatch.setattr("fairasr.testing.speech.synthesis.WORKER", broken)
    with pytest.raises(ModelError, match="gave up after 0 of 1 utterances"):
        list(synthesised([a_saying("en-us")]))


def test_without_the_synthesiser_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairasr.testing.speech.synthesis.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"fairasr\[speech-demo\]"):
        list(synthesised([a_saying("en-us")]))


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="0 of 2 recordings"):
        write(tmp_path / "taken", n_speakers={MAJORITY: 1})


def test_an_older_table_does_not_outlive_its_recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, n_speakers={MAJORITY: 1})
    monkeypatch.setattr("fairasr.testing.speech.synthesis.WORKER", tmp_path / "not-there.py")
    with pytest.raises(ModelError):
        write(tmp_path, seed=4, n_speakers={MAJORITY: 1})
    assert not path.exists()


def test_an_accent_that_is_not_there_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no accent 'Martian'"):
        write(tmp_path, n_speakers={"Martian": 1})


def test_a_shift_moves_frequencies_by_its_factor() -> None:
    for shift in (0.9, 1.0, 1.12):
        samples = recorded(tone(1000.0), a_speaker(shift=shift), seed=0)
        assert strongest_hz(samples) == pytest.approx(1000.0 * shift, rel=0.003)
        assert len(samples) / SAMPLE_RATE_HZ == pytest.approx(1 / shift, rel=0.003)


def test_noise_has_the_level_that_was_asked_for() -> None:
    quiet = recorded(tone(1000.0), a_speaker(snr_db=200.0), seed=0).astype(float)
    for snr_db in (10.0, 20.0):
        noisy = recorded(tone(1000.0), a_speaker(snr_db=snr_db), seed=0).astype(float)
        scale = (noisy @ quiet) / (quiet @ quiet)
        measured = 10 * np.log10(np.mean((scale * quiet) ** 2) / np.mean((noisy - scale * quiet) ** 2))
        assert measured == pytest.approx(snr_db, abs=0.5)


def test_importing_it_imports_no_torch() -> None:
    program = "import sys, fairasr.testing.speech; sys.exit('torch' in sys.modules or 'espeakng_loader' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
