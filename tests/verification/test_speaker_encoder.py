"""A speaker encoder from recordings to vectors: its network, its folder, its training from a manifest, its verbs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import typer
from typer.testing import CliRunner

from fairasr.cli.groups import with_groups
from fairasr.cli.verify_training import embed, train
from fairasr.core import Manifest
from fairasr.core.errors import IngestError, ModelError, TrainingError
from fairasr.dashboard.job_folder import is_job_folder, read_job
from fairasr.models import UnreadableAudioError, embed_manifest, read_embeddings
from fairasr.verification.encoder import TINY, EncoderSettings, SpeakerTDNN, encoder_settings
from fairasr.verification.encoder_model import TrainedSpeakerEncoder
from fairasr.verification.reweighting import Pairwise, Plain
from fairasr.verification.training import EncoderBudget
from fairasr.verifying.training import TrainedOn, train_speaker_encoder
from fairasr.verifying.training_speakers import read_speakers

soundfile = pytest.importorskip("soundfile")

RATE_HZ = 16_000
SHORT = EncoderBudget(n_steps=6, n_speakers=3, checkpoint_every=2, learning_rate=0.01)


def voice(speaker: int, *, seed: int, seconds: float = 0.8) -> np.ndarray:
    """Two tones of the speaker's own and some noise."""
    random = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    tones = sum(np.sin(2 * np.pi * hz * time_s + random.uniform(0, 6)) for hz in (200 + 90 * speaker, 1500 + 400 * speaker))
    return (0.1 * tones + 0.02 * random.standard_normal(len(time_s))).astype(np.float32)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six speakers: s5 has one utterance, one of s0 is too short, one of s1 is not there."""
    folder = tmp_path_factory.mktemp("corpus")
    rows: list[dict[str, Any]] = []
    for speaker in range(6):
        for number in range(1 if speaker == 5 else 3):
            name = f"s{speaker}-{number}"
            seconds = 0.1 if name == "s0-2" else 0.8
            if name != "s1-2":
                soundfile.write(folder / f"{name}.wav", voice(speaker, seed=10 * speaker + number, seconds=seconds), RATE_HZ)
            rows.append(
                {"utterance_id": name, "speaker_id": f"s{speaker}", "reference": "a", "audio_path": f"{name}.wav", "sex": "f"}
            )
    pd.DataFrame(rows).to_csv(folder / "recordings.csv", index=False)
    return folder


def manifest_of(corpus: Path) -> Manifest:
    return Manifest(table=pd.read_csv(corpus / "recordings.csv"), source="recordings.csv")


def trained(corpus: Path, folder: Path, **options: Any) -> TrainedOn:
    given = {"formulation": Plain(), "seed": 0, "budget": SHORT, "settings": TINY, "held_out_share": 0.0, "use_cpu": True} | options
    return train_speaker_encoder(manifest_of(corpus), audio_root=corpus, folder=folder, **given)


# --- the network


def test_the_default_network_has_half_a_million_to_a_million_weights() -> None:
    module = SpeakerTDNN.initialised(EncoderSettings(), seed=0)
    assert 500_000 < sum(parameter.numel() for parameter in module.parameters()) < 1_000_000


def test_vectors_have_length_one_and_do_not_depend_on_the_batch() -> None:
    module = SpeakerTDNN.initialised(TINY, seed=0)
    features = torch.randn(5, 30, 8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        together, alone = module(features), module(features[2:3])
    np.testing.assert_allclose(together.norm(dim=1), np.ones(5), rtol=1e-5)
    np.testing.assert_allclose(together[2], alone[0], atol=1e-6)


def test_the_same_seed_gives_the_same_weights() -> None:
    first, second, other = (SpeakerTDNN.initialised(TINY, seed=seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["output.weight"], other["output.weight"])


def test_wrong_sizes_are_refused_together() -> None:
    with pytest.raises(ModelError, match=r"2 settings .*channels is 0.*dimension is True"):
        EncoderSettings(channels=0, dimension=True)
    with pytest.raises(ModelError, match="kernel 4 is not odd"):
        EncoderSettings(kernel=4)
    with pytest.raises(ModelError, match="first: 'layers'"):
        encoder_settings({"layers": 3})


# --- vectors and folders


def test_a_saved_encoder_gives_the_same_vectors_under_the_same_name(tmp_path: Path) -> None:
    encoder = TrainedSpeakerEncoder.initialised(seed=0, settings=TINY, label="mine")
    encoder.save(tmp_path)
    again = TrainedSpeakerEncoder.load(tmp_path)
    samples = voice(1, seed=0, seconds=5.3)
    np.testing.assert_array_equal(again.embed(samples), encoder.embed(samples))
    assert np.linalg.norm(again.embed(samples)) == pytest.approx(1)
    assert again.name == encoder.name
    assert again.name.startswith("mine-")
    assert TrainedSpeakerEncoder.initialised(seed=1, settings=TINY, label="mine").name != encoder.name


def test_a_louder_recording_has_the_same_vector() -> None:
    encoder = TrainedSpeakerEncoder.initialised(seed=0, settings=TINY)
    samples = voice(1, seed=0)
    np.testing.assert_allclose(encoder.embed(4 * samples), encoder.embed(samples), atol=1e-4)


@pytest.mark.parametrize(
    ("samples", "why"),
    [(np.ones(100), "0.01 s long"), (np.full(RATE_HZ, np.nan), "not a finite number"), (np.zeros(RATE_HZ), "silent")],
)
def test_what_has_no_voice_is_refused(samples: np.ndarray, why: str) -> None:
    with pytest.raises(UnreadableAudioError, match=why):
        TrainedSpeakerEncoder.initialised(seed=0, settings=TINY).embed(samples.astype(np.float32))


def test_a_folder_without_an_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read as a model's record"):
        TrainedSpeakerEncoder.load(tmp_path)
    TrainedSpeakerEncoder.initialised(seed=0, settings=TINY).save(tmp_path)
    record = tmp_path / "fairasr.json"
    record.write_text(record.read_text().replace('speaker-tdnn",', 'conformer-ctc",', 1))
    with pytest.raises(ModelError, match="architecture 'conformer-ctc'"):
        TrainedSpeakerEncoder.load(tmp_path)


# --- training from a manifest


def test_an_encoder_is_trained_saved_and_told_of(corpus: Path, tmp_path: Path) -> None:
    found = trained(corpus, tmp_path / "encoder", formulation=Pairwise(pretraining_steps=1, n_clusters=2))
    assert (found.n_speakers, found.n_utterances, found.n_single) == (6, 14, 1)
    assert found.parts.set_aside == {"s0-2": "it is 0.10 s long, less than 0.3 s", "s1-2": "there is no such file"}
    assert found.held_out is None
    assert "1 of 6 speakers have no second utterance" in found.notes[0]
    assert "2 of 16 recordings were set aside (first: 's0-2'" in found.notes[1]
    encoder = TrainedSpeakerEncoder.load(found.folder)
    assert encoder.name == found.name
    embeddings = embed_manifest(manifest_of(corpus), encoder=encoder, audio_root=corpus)
    assert embeddings.vectors.shape == (16, TINY.dimension)
    assert set(embeddings.failures) == {"s0-2", "s1-2"}
    record = json.loads((found.folder / "job.json").read_text())
    assert record["encoder"] == found.name
    assert record["settings"]["method"] == "pairwise"


def test_the_dashboard_can_read_the_run(corpus: Path, tmp_path: Path) -> None:
    found = trained(corpus, tmp_path / "encoder")
    assert is_job_folder(found.folder)
    [run] = read_job(found.folder, is_finished=False, now_s=0).runs
    assert (run.method, run.seed, run.state, run.n_steps, run.problems) == ("plain", 0, "finished", 6, ())
    assert run.history.n_steps == 6
    assert {"loss_task", "gradient_norm"} <= run.history.points.keys()


def test_training_again_in_the_folder_changes_nothing_and_other_settings_are_refused(corpus: Path, tmp_path: Path) -> None:
    first = trained(corpus, tmp_path / "encoder")
    before = {path.name: path.read_bytes() for path in first.folder.iterdir() if path.is_file()}
    assert trained(corpus, tmp_path / "encoder").name == first.name
    assert {path.name: path.read_bytes() for path in first.folder.iterdir() if path.is_file()} == before
    with pytest.raises(TrainingError, match="holds a training with other settings"):
        trained(corpus, tmp_path / "encoder", seed=1)


def test_speakers_held_out_are_not_trained_on_and_are_listed(corpus: Path, tmp_path: Path) -> None:
    found = trained(corpus, tmp_path / "encoder", held_out_share=0.4, excluded=frozenset({"s2", "elsewhere"}))
    table = pd.read_csv(found.folder / "held_out.csv")
    assert len(found.parts.held_out) == 2  # 0.4 of the five that are not excluded
    assert set(table["speaker_id"]) == set(found.parts.held_out)
    assert found.parts.excluded == ("s2",)
    trained_on = set(manifest_of(corpus).table["speaker_id"].to_numpy()[found.parts.rows])
    assert trained_on == {f"s{number}" for number in range(6)} - {"s2"} - set(found.parts.held_out)
    assert set(table.columns) == {"utterance_id", "speaker_id", "reference", "sex"}
    assert len(table) == manifest_of(corpus).table["speaker_id"].isin(found.parts.held_out).sum()


def test_bad_input_is_told(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="there are 6 speakers to train on, and a batch has 7"):
        trained(corpus, tmp_path / "a", budget=EncoderBudget(n_steps=1, n_speakers=7))
    with pytest.raises(TrainingError, match=r"kept out is 1\.5"):
        trained(corpus, tmp_path / "b", held_out_share=1.5)
    with pytest.raises(TrainingError, match="none of the 1 speakers to be excluded"):
        trained(corpus, tmp_path / "c", excluded=frozenset({"nobody"}))
    with pytest.raises(TrainingError, match=r"none of the 13 recordings of 5 speakers can be trained on \(first: 's0-0'"):
        train_speaker_encoder(manifest_of(corpus), audio_root=tmp_path, folder=tmp_path / "d", formulation=Plain(), seed=0)
    (tmp_path / "empty.txt").write_text("\n \n")
    with pytest.raises(IngestError, match="names nobody"):
        read_speakers(tmp_path / "empty.txt")
    with pytest.raises(IngestError, match="cannot be read"):
        read_speakers(tmp_path / "absent.txt")
    assert not (tmp_path / "a").exists()


def test_a_manifest_without_speakers_cannot_be_trained_on(corpus: Path, tmp_path: Path) -> None:
    nameless = Manifest(table=manifest_of(corpus).table, source="x", has_speaker_ids=False)
    with pytest.raises(TrainingError, match="names no speakers"):
        train_speaker_encoder(nameless, audio_root=corpus, folder=tmp_path / "e", formulation=Plain(), seed=0)


# --- the verbs


def test_the_verbs_train_and_embed(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "away.txt").write_text("s2\n")
    app = typer.Typer()
    app.command("train")(with_groups(train))
    app.command("embed")(with_groups(embed))
    encoder, table = str(tmp_path / "encoder"), str(corpus / "voices.csv")
    # Voices need no references.
    pd.read_csv(corpus / "recordings.csv").drop(columns="reference").to_csv(table, index=False)
    options = ["--steps", "2", "--batch-speakers", "2", "--set", "n_clusters=2", "--exclude-speakers", str(tmp_path / "away.txt")]
    done = CliRunner().invoke(app, ["train", table, *options, "-o", encoder], catch_exceptions=False)
    assert done.exit_code == 0
    assert "1 speakers were kept out" in done.output
    vectors = str(tmp_path / "vectors.npz")
    done = CliRunner().invoke(app, ["embed", table, "--model", encoder, "-o", vectors], catch_exceptions=False)
    assert "14 of 16 utterances embedded" in done.output
    assert read_embeddings(vectors).encoder == TrainedSpeakerEncoder.load(tmp_path / "encoder").name
