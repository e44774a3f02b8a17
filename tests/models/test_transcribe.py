"""Transcribing a manifest, with a stand-in for the recogniser: batches, failures, resuming, and what is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairasr.core import Manifest
from fairasr.core.errors import IngestError, OutputError
from fairasr.ingest import read
from fairasr.models import Recordings, TakesCohorts, read_hypotheses, transcribe_manifest, transcribe_to_file

soundfile = pytest.importorskip("soundfile")
RATE_HZ = 1_000


class LengthAndMean:
    """A stand-in recogniser: says how many samples it heard and their mean; remembers the lengths of what it was given."""

    name = "length-and-mean"
    sample_rate_hz = RATE_HZ

    def __init__(self) -> None:
        self.given: list[list[int]] = []

    def transcribe(self, recordings: Sequence[np.ndarray]) -> list[str]:
        self.given.append([len(samples) for samples in recordings])
        return [f"{len(samples)} {samples.mean():.2f}" for samples in recordings]


class WithCohorts(LengthAndMean):
    cohort_labels = ("a", "b")

    def batch(self, recordings: object, references: object, *, cohorts: object = None) -> dict[str, object]:
        return {}

    def transcribe(self, recordings: Sequence[np.ndarray], *, cohorts: Sequence[str] | None = None) -> list[str]:
        return [f"{len(samples)} {cohort}" for samples, cohort in zip(recordings, cohorts or ["?"] * 99, strict=False)]


def manifest_of(audio_paths: Sequence[str | None]) -> Manifest:
    identifiers = [f"u{i}" for i in range(len(audio_paths))]
    table = pd.DataFrame({"utterance_id": identifiers, "speaker_id": "s", "reference": "a", "audio_path": list(audio_paths)})
    return Manifest(table=table)


def recordings_of(manifest: Manifest, folder: Path, *, rate_hz: int = RATE_HZ) -> Recordings:
    return Recordings(manifest, audio_root=folder, sample_rate_hz=rate_hz)


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    """Recordings 0.wav to 39.wav of 100 to 490 samples, in no order, and some that cannot be used."""
    folder = tmp_path / "audio"
    folder.mkdir()
    for i, n_tens in enumerate(np.random.default_rng(0).permutation(40)):
        soundfile.write(folder / f"{i}.wav", np.full(100 + 10 * n_tens, 0.25), RATE_HZ)
    soundfile.write(folder / "silent.wav", np.zeros(500), RATE_HZ)
    soundfile.write(folder / "nan.wav", np.array([0.1, np.nan, 0.2]), RATE_HZ, subtype="FLOAT")
    soundfile.write(folder / "empty.wav", np.zeros(0), RATE_HZ)
    (folder / "text.wav").write_text("not audio")
    return folder


def n_samples_of(audio: Path, i: int) -> int:
    return int(soundfile.info(audio / f"{i}.wav").frames)


def test_every_recording_gets_its_own_text_in_the_order_of_the_manifest(audio: Path) -> None:
    manifest = manifest_of([f"{i}.wav" for i in range(40)])
    model, seen = LengthAndMean(), []
    found = transcribe_manifest(
        model, manifest, recordings_of(manifest, audio), batch_s=4, progress=lambda done, total: seen.append((done, total))
    )
    assert list(found.hypotheses.texts.items()) == [(f"u{i}", f"{n_samples_of(audio, i)} 0.25") for i in range(40)]
    assert found.hypotheses.system == "length-and-mean"
    assert not found.failures
    lengths = [length for batch in model.given for length in batch]
    assert lengths == sorted(lengths), "similar lengths together"
    # At least 4,000 samples and 16 recordings: 100 + ... + 290 = 3,900 and 300 more; then 310 to 460.
    assert [len(batch) for batch in model.given] == [21, 16, 3]
    assert seen == [(21, 40), (37, 40), (40, 40)]


def test_texts_do_not_depend_on_batches_or_pools(audio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = manifest_of([f"{i}.wav" for i in range(40)])
    whole = transcribe_manifest(LengthAndMean(), manifest, recordings_of(manifest, audio))
    monkeypatch.setattr(work_module(), "POOL_S", 1.5)
    monkeypatch.setattr(work_module(), "LEAST_UTTERANCES", 2)
    model = LengthAndMean()
    assert transcribe_manifest(model, manifest, recordings_of(manifest, audio), batch_s=0.1) == whole
    assert len(model.given) > 10


def test_what_cannot_be_heard_is_a_failure_with_its_reason(audio: Path) -> None:
    paths = ["0.wav", "gone.wav", "text.wav", "empty.wav", "silent.wav", "nan.wav", "../1.wav", None, "1.wav", "silent.wav"]
    manifest, seen = manifest_of(paths), []
    found = transcribe_manifest(
        LengthAndMean(), manifest, recordings_of(manifest, audio), progress=lambda done, total: seen.append((done, total))
    )
    assert list(found.hypotheses.texts) == ["u0", "u8"]
    words = ("no such file", "read as audio", "no samples", "silent", "finite", "outside", "named", "silent")
    assert list(found.failures) == ["u1", "u2", "u3", "u4", "u5", "u6", "u7", "u9"]
    for reason, word in zip(found.failures.values(), words, strict=True):
        assert word in reason
    assert seen == [(10, 10)]


def test_nothing_heard_at_all_is_one_error(audio: Path, tmp_path: Path) -> None:
    manifest = manifest_of(["gone.wav", "silent.wav"])
    match = r"2 of 2 recordings could not be transcribed \(first: 'u0': there is no such file\)"
    with pytest.raises(IngestError, match=match):
        transcribe_manifest(LengthAndMean(), manifest, recordings_of(manifest, audio))
    with pytest.raises(IngestError, match=match):
        transcribe_to_file(LengthAndMean(), manifest, recordings_of(manifest, audio), path=tmp_path / "h.parquet")
    assert not (tmp_path / "h.parquet").exists()


def test_recordings_of_another_rate_or_manifest_are_refused(audio: Path) -> None:
    manifest = manifest_of(["0.wav", "1.wav"])
    with pytest.raises(IngestError, match=r"read at 16,000 Hz; 'length-and-mean' wants 1,000 Hz"):
        transcribe_manifest(LengthAndMean(), manifest, recordings_of(manifest, audio, rate_hz=16_000))
    with pytest.raises(IngestError, match="1 recordings are given for the 2 utterances"):
        transcribe_manifest(LengthAndMean(), manifest, recordings_of(manifest_of(["0.wav"]), audio))
    with pytest.raises(IngestError, match="3 cohorts are given for the 2 utterances"):
        transcribe_manifest(LengthAndMean(), manifest, recordings_of(manifest, audio), cohorts=["a"] * 3)


def test_cohorts_go_with_their_recordings_to_a_recogniser_that_takes_them(audio: Path) -> None:
    manifest = manifest_of([f"{i}.wav" for i in range(6)])
    cohorts = ["a", "b", "unknown", "a", "b", "b"]
    assert isinstance(WithCohorts(), TakesCohorts)
    found = transcribe_manifest(WithCohorts(), manifest, recordings_of(manifest, audio), cohorts=cohorts)
    assert list(found.hypotheses.texts.values()) == [f"{n_samples_of(audio, i)} {cohort}" for i, cohort in enumerate(cohorts)]
    plain = transcribe_manifest(LengthAndMean(), manifest, recordings_of(manifest, audio), cohorts=cohorts)
    assert plain.hypotheses.texts["u0"] == f"{n_samples_of(audio, 0)} 0.25"


def test_the_file_is_read_as_hypotheses_with_failures_absent_and_silence_kept(audio: Path, tmp_path: Path) -> None:
    class Deaf(LengthAndMean):
        def transcribe(self, recordings: Sequence[np.ndarray]) -> list[str]:
            return ["" if len(samples) == n_samples_of(audio, 0) else "heard" for samples in recordings]

    manifest = manifest_of(["0.wav", "gone.wav", "1.wav"])
    manifest.table.assign(duration_s=1.0).to_csv(tmp_path / "utterances.csv", index=False)
    path = tmp_path / "new" / "hypotheses.parquet"
    found = transcribe_to_file(Deaf(), manifest, recordings_of(manifest, audio), path=path, system="mine")
    (system,) = read(tmp_path / "utterances.csv", hypotheses=path).systems
    assert (system.system, dict(system.texts)) == ("mine", {"u0": "", "u2": "heard"})
    assert found.hypotheses == system
    table = pd.read_parquet(path)
    assert table["reason"].isna().tolist() == [True, False, True]
    assert table["reason"][1] == "there is no such file"


def test_a_run_goes_on_where_an_interrupted_one_stopped(audio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_module(), "SAVE_EVERY_S", 0.0)
    manifest, path = manifest_of([f"{i}.wav" for i in range(40)]), tmp_path / "hypotheses.parquet"

    def interrupt(done: int, total: int) -> None:
        if done > 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transcribe_to_file(LengthAndMean(), manifest, recordings_of(manifest, audio), path=path, batch_s=4, progress=interrupt)
    assert len(read_hypotheses(path).texts) == 21
    monkeypatch.undo()
    model = LengthAndMean()
    found = transcribe_to_file(model, manifest, recordings_of(manifest, audio), path=path)
    assert [len(batch) for batch in model.given] == [19]
    assert found == transcribe_manifest(LengthAndMean(), manifest, recordings_of(manifest, audio))
    assert pd.read_parquet(path)["utterance_id"].tolist() == [f"u{i}" for i in range(40)]
    before = path.stat().st_mtime_ns
    again = LengthAndMean()
    assert transcribe_to_file(again, manifest, recordings_of(manifest, audio), path=path) == found
    assert (again.given, path.stat().st_mtime_ns) == ([], before), "nothing is left to do"


def test_failed_recordings_are_tried_again(audio: Path, tmp_path: Path) -> None:
    manifest, path = manifest_of(["0.wav", "late.wav"]), tmp_path / "hypotheses.parquet"
    first = transcribe_to_file(LengthAndMean(), manifest, recordings_of(manifest, audio), path=path)
    assert list(first.failures) == ["u1"]
    (audio / "late.wav").write_bytes((audio / "1.wav").read_bytes())
    second = transcribe_to_file(LengthAndMean(), manifest, recordings_of(manifest, audio), path=path)
    assert (len(second.hypotheses), dict(second.failures)) == (2, {})
    assert pd.read_parquet(path)["reason"].isna().all()


def test_a_file_of_something_else_is_left_alone(audio: Path, tmp_path: Path) -> None:
    manifest, path = manifest_of(["0.wav", "1.wav"]), tmp_path / "hypotheses.parquet"

    def again(manifest: Manifest = manifest, **other: str) -> None:
        transcribe_to_file(LengthAndMean(), manifest, recordings_of(manifest, audio), path=path, **other)

    again()
    content = path.read_bytes()
    with pytest.raises(IngestError, match="of the system 'length-and-mean', not 'other'"):
        again(system="other")
    with pytest.raises(IngestError, match=r"1 of 2 hypotheses of utterances that are not in this manifest \(first: 'u1'\)"):
        again(manifest_of(["0.wav"]))
    assert path.read_bytes() == content
    pd.DataFrame({"utterance_id": ["u0"], "hypothesis": ["a"]}).to_parquet(path)
    with pytest.raises(IngestError, match="was not written by `fairasr transcribe`"):
        again()
    path.write_bytes(content[:-9])
    with pytest.raises(IngestError, match="cannot be read as hypotheses"):
        again()
    path.unlink()
    path.mkdir()
    with pytest.raises(IngestError, match="no file of hypotheses"):
        again()


def test_texts_of_other_recordings_under_the_same_names_are_not_taken_for_these(audio: Path, tmp_path: Path) -> None:
    manifest, path = manifest_of(["0.wav", "1.wav", "2.wav", "3.wav"]), tmp_path / "hypotheses.parquet"
    transcribe_to_file(LengthAndMean(), manifest, recordings_of(manifest, audio), path=path)
    content = path.read_bytes()
    other = manifest_of(["0.wav", "5.wav", "6.wav", "gone.wav"])
    with pytest.raises(IngestError, match=r"of other recordings: 2 of 3 have changed .* \(first: 'u1'\)\. Write to another file"):
        transcribe_to_file(LengthAndMean(), other, recordings_of(other, audio), path=path)
    assert path.read_bytes() == content
    (audio / "elsewhere").mkdir()
    for i in range(3):
        (audio / f"{i}.wav").rename(audio / "elsewhere" / f"{i}.wav")
    (audio / "3.wav").unlink()
    model = LengthAndMean()
    moved = recordings_of(manifest, audio / "elsewhere")
    found = transcribe_to_file(model, manifest, moved, path=path)
    assert (model.given, len(found.hypotheses)) == ([], 4), "moved recordings, and those deleted once heard, keep theirs"


def test_a_model_with_other_weights_does_not_go_on(audio: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class Weighted(LengthAndMean):
        def __init__(self, weight: float) -> None:
            super().__init__()
            self.module = torch.nn.Linear(1, 1)
            self.module.weight.data.fill_(weight)
            self.module.bias.data.zero_()

    manifest, path = manifest_of(["0.wav"]), tmp_path / "hypotheses.parquet"
    for weight in (1.0, 1.0):
        transcribe_to_file(Weighted(weight), manifest, recordings_of(manifest, audio), path=path)
    with pytest.raises(IngestError, match=r"'length-and-mean' with other weights \(SHA-256"):
        transcribe_to_file(Weighted(2.0), manifest, recordings_of(manifest, audio), path=path)


def test_where_it_cannot_be_written_is_said(audio: Path, tmp_path: Path) -> None:
    manifest = manifest_of(["0.wav"])
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        transcribe_to_file(LengthAndMean(), manifest, recordings_of(manifest, audio), path=tmp_path / "file" / "h.parquet")
    with pytest.raises(IngestError, match=r"\.parquet files, not 'h\.csv'"):
        transcribe_to_file(LengthAndMean(), manifest, recordings_of(manifest, audio), path=tmp_path / "h.csv")


def work_module() -> object:
    import sys

    return sys.modules["fairasr.models.transcribe"]
