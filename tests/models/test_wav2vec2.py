"""The wav2vec 2.0 family: the contract on tiny ones of each kind, the loss by the forward algorithm, letters by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tiny_hugging_face import LETTERS, ctc_folder
from trainable_contract import TrainableContract, forward_algorithm, voice

from fairasr.core.errors import ModelError
from fairasr.models import Outputs, Trainable
from fairasr.models.ctc_paths import collapsed, drawn_paths
from fairasr.models.hugging_face import MODEL_TYPES
from fairasr.models.letters import Letters
from fairasr.models.load import load
from fairasr.models.wav2vec2 import Wav2Vec2Recognizer

KINDS: dict[str, dict[str, Any]] = {
    "wav2vec2-group": {"config_class": "Wav2Vec2Config", "feat_extract_norm": "group"},
    "wav2vec2-layer": {"config_class": "Wav2Vec2Config", "feat_extract_norm": "layer", "do_stable_layer_norm": True},
    "hubert": {"config_class": "HubertConfig", "feat_extract_norm": "group"},
    "wavlm": {"config_class": "WavLMConfig", "feat_extract_norm": "group"},
    "wav2vec2-bert": {"config_class": "Wav2Vec2BertConfig"},
}
VOICES = tuple(voice(seed, n_samples=n) for seed, n in enumerate((9_000, 16_000, 5_000, 12_345)))


def folder_of(kind: str, place: Path, **settings: Any) -> Path:
    return ctc_folder(place / kind, **{**KINDS[kind], **settings})


class CTCContract(TrainableContract):
    """By hand: transformers' front end and network on one recording alone, then the forward algorithm."""

    kind: str
    recordings = VOICES
    references = ("Hello, you", "o'clock", "all", "")

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> Wav2Vec2Recognizer:
        return Wav2Vec2Recognizer.load(folder_of(cls.kind, tmp_path_factory.mktemp("models")))

    def load(self, folder: Path) -> Trainable:
        return load(folder)

    def loss_by_other_means(self, model: Trainable, recording: np.ndarray, reference: str) -> float:
        if self.kind == "wav2vec2-bert":
            made = transformers.SeamlessM4TFeatureExtractor(feature_size=80, num_mel_bins=80, stride=2)(
                recording, sampling_rate=16_000, return_tensors="pt", return_attention_mask=True
            )
        else:
            normalised = (recording - recording.mean()) / np.sqrt(recording.var() + 1e-7)
            made = {"input_values": torch.tensor(normalised)[None]}
        with torch.no_grad():
            logits = model.module(**made).logits[0]
        if self.kind == "wav2vec2-bert":
            logits = logits[: int(made["attention_mask"].sum())]
        target = [LETTERS.index("|" if letter == " " else letter) for letter in reference.upper() if letter != ","]
        return forward_algorithm(logits.double().log_softmax(dim=-1).numpy(), target, blank=0)


class TestWav2Vec2ThatNormalisesOverTime(CTCContract):
    kind = "wav2vec2-group"


class TestWav2Vec2ThatNormalisesOverChannels(CTCContract):
    kind = "wav2vec2-layer"


class TestHubert(CTCContract):
    kind = "hubert"


class TestWavLM(CTCContract):
    kind = "wavlm"


class TestWav2Vec2Bert(CTCContract):
    kind = "wav2vec2-bert"


def test_every_kind_that_is_dispatched_here_is_tested() -> None:
    ours = {kind for kind, where in MODEL_TYPES.items() if where.endswith(":Wav2Vec2Recognizer")}
    configs = {getattr(transformers, settings["config_class"]).model_type for settings in KINDS.values()}
    assert ours == configs
    assert ours


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of("wav2vec2-group", tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def tiny(folder: Path) -> Wav2Vec2Recognizer:
    return Wav2Vec2Recognizer.load(folder)


def test_without_its_own_normalisation_padding_would_be_heard(tiny: Wav2Vec2Recognizer) -> None:
    """So that the contract's test of padding is known to be able to fail."""
    batch = tiny.batch(VOICES[:2], ["A", "A"])
    mask = torch.arange(batch["features"].shape[1]) < batch["feature_lengths"][:, None]
    with torch.no_grad():
        plain = tiny.module(input_values=batch["features"], attention_mask=mask.long()).logits.log_softmax(dim=-1)
        ours = tiny.outputs(batch)
    n_steps = int(ours.lengths[0])
    assert float((plain[0, :n_steps] - ours.log_probs[0, :n_steps]).abs().max()) > 1e-2
    torch.testing.assert_close(plain[1], ours.log_probs[1], rtol=1e-4, atol=1e-4)


def test_greedy_decoding_merges_repeats_and_leaves_out_blanks(tiny: Wav2Vec2Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    path = [0, 0, 13, 13, 10, 17, 0, 17, 20, 4, 4, 0, 1, 30, 3, 0]  # pad, H, E, L pad L, O, |, <s>, Y, <unk>
    scores = torch.nn.functional.one_hot(torch.tensor([path]), len(LETTERS)).float().log()

    def said(batch: Any) -> Any:
        return Outputs(log_probs=scores, lengths=torch.tensor([len(path)]))

    monkeypatch.setattr(tiny, "outputs", said)
    assert tiny.transcribe(VOICES[:1]) == ["HELLO Y"]
    assert int(tiny.sampled({"targets": torch.zeros(1, 1), "target_lengths": torch.ones(1)}, seed=1)["target_lengths"][0]) == 9


def test_draws_are_as_likely_as_the_loss_says(tmp_path: Path) -> None:
    """Of a model with two letters and six steps: shares of 3,000 draws against the forward algorithm, for the five likeliest."""
    letters = ("A", "B", "<pad>", "|")
    model = Wav2Vec2Recognizer.load(folder_of("wav2vec2-layer", tmp_path, letters=letters, pad_token_id=2, initializer_range=0.1))
    batch = model.batch([voice(1, n_samples=1_000)], ["A"])
    with torch.no_grad():
        outputs = model.outputs(batch)
    assert int(outputs.lengths[0]) == 6
    log_probs = outputs.log_probs[:, :6]
    many = Outputs(log_probs=log_probs.expand(3_000, -1, -1), lengths=outputs.lengths.expand(3_000))
    texts = [tuple(text) for text in collapsed(drawn_paths(many, seed=11), many.lengths, blank=2)]
    drawn = model.sampled(batch, seed=4)
    assert [drawn["targets"][0, : drawn["target_lengths"][0]].tolist()] == collapsed(
        drawn_paths(outputs, seed=4), outputs.lengths, blank=2
    )
    for text in sorted(set(texts), key=texts.count)[-5:]:
        p = np.exp(-forward_algorithm(log_probs[0].double().numpy(), list(text), blank=2))
        assert abs(texts.count(text) - 3_000 * p) < 4 * np.sqrt(3_000 * p * (1 - p))


def test_obstacles_are_letters_that_are_not_there_and_too_few_steps(tiny: Wav2Vec2Recognizer) -> None:
    # Steps of 160 samples after the first 305: kernels 10, 8, 4 at strides 5, 8, 4.
    least = 10 + 5 * (8 - 1) + 40 * (4 - 1)
    assert tiny.obstacle(n_samples=least, reference="a") is None
    assert tiny.obstacle(n_samples=least, reference="<0.10-0.20> a") == (
        "has markers of turns (first: '<0.10-0.20>'), which only a separator-transducer-segmenter reads"
    )
    assert tiny.obstacle(n_samples=1, reference="a") is None  # filled up with silence
    assert tiny.obstacle(n_samples=least, reference="ab") == "needs at least 2 steps for its 2 symbols and has 1"
    assert tiny.obstacle(n_samples=least + 160, reference="ab") is None
    assert tiny.obstacle(n_samples=least + 160, reference="bb") == "needs at least 3 steps for its 2 symbols and has 2"
    assert tiny.obstacle(n_samples=16_000, reference="naïve 3") == "has symbols outside the vocabulary ('Ï', '3')"
    with pytest.raises(ModelError, match="outside the vocabulary"):
        tiny.batch(VOICES[:1], ["naïve"])


def test_an_obstacle_of_w2v_bert_counts_pairs_of_frames(tmp_path: Path) -> None:
    model = Wav2Vec2Recognizer.load(folder_of("wav2vec2-bert", tmp_path))
    for n_samples, n_steps in ((560, 1), (879, 1), (880, 2), (1_200, 3)):
        batch = model.batch([voice(1, n_samples=n_samples)], [""])
        assert int(model.outputs(batch).lengths[0]) == n_steps
        assert model.obstacle(n_samples=n_samples, reference="abcd"[:n_steps]) is None
        assert model.obstacle(n_samples=n_samples, reference="abcd"[: n_steps + 1]) is not None


def test_a_long_recording_is_the_texts_of_its_pieces(tiny: Wav2Vec2Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairasr.models.wav2vec2.WINDOW_S", 1.0)
    whole = np.concatenate([voice(8, n_samples=12_000), np.zeros(3_200, np.float32), voice(9, n_samples=12_000)])
    texts = tiny.transcribe([whole[:13_600], whole[13_600:]])
    assert tiny.transcribe([whole]) == [" ".join(filter(None, texts))]


def test_recordings_that_do_not_fit_one_batch_are_said_in_their_order(
    tiny: Wav2Vec2Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = tiny.transcribe(VOICES)
    monkeypatch.setattr("fairasr.models.wav2vec2.BATCH_S", 1.0)
    assert tiny.transcribe(VOICES) == texts


def test_masking_acts_in_training_only_also_on_a_recording_shorter_than_a_span(folder: Path) -> None:
    model = Wav2Vec2Recognizer.load(folder)
    assert model.module.config.mask_time_prob > 0
    for samples in (VOICES[0], VOICES[0][:600]):
        batch = model.batch([samples], [""])
        made = []
        for training in (True, True, False, False):
            torch.manual_seed(1)
            np.random.seed(1)
            model.module.train(training)
            with torch.no_grad():
                made.append(float(model.losses(model.outputs(batch), batch)[0]))
        assert made[0] == made[1] != made[2] == made[3]


def test_letters_agree_with_the_tokeniser_of_transformers(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps({letter: number for number, letter in enumerate(LETTERS)}))
    letters = Letters.read(tmp_path)
    theirs = transformers.Wav2Vec2CTCTokenizer(str(tmp_path / "vocab.json"))
    for text in ("HELLO YOU", "O'CLOCK", "A"):
        assert letters.encode(text) == theirs(text).input_ids
        assert letters.decode(letters.encode(text)) == text == theirs.decode(letters.encode(text), group_tokens=False)


@pytest.mark.parametrize(
    ("vocabulary", "text", "numbers"),
    [
        ({"A": 1, "B": 2, "|": 3, "'": 4}, " a,b’A ", [1, 3, 2, 4, 1]),
        ({"a": 1, "b": 2, "|": 3}, "A-B", [1, 3, 2]),
        ({"a": 1, "b": 2, "-": 5, "|": 3}, "A-B", [1, 5, 2]),
        ({"a": 1, "B": 2, " ": 3}, "a B", [1, 3, 2]),
        ({"a": 1, "b": 2}, "a b", [1, 2]),
        ({"é": 1, "|": 2}, "e\u0301", [1]),
        ({"a": 1, "|": 2}, "  ", []),
        ({"a": 1, "|": 2}, "|a|", [1]),
    ],
)
def test_a_text_is_folded_to_what_the_vocabulary_has(
    tmp_path: Path, vocabulary: dict[str, int], text: str, numbers: list[int]
) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps({"<pad>": 0, **vocabulary}))
    letters = Letters.read(tmp_path)
    assert letters.obstacle(text) is None
    assert letters.encode(text) == numbers


def test_special_tokens_that_settings_name_are_no_letters(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps({"[PAD]": 0, "a": 1, "*": 2, "[UNK]": 3}))
    settings = {"pad_token": {"content": "[PAD]"}, "unk_token": "[UNK]", "word_delimiter_token": "*"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    (tmp_path / "added_tokens.json").write_text(json.dumps({"<s>": 4, "</s>": 5}))
    letters = Letters.read(tmp_path)
    assert dict(letters.numbers) == {"a": 1, "*": 2}
    assert letters.decode([1, 2, 3, 1, 4, 0, 99]) == "a a"


def test_a_vocabulary_of_several_languages_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps({"eng": {"a": 1}, "deu": {"a": 1}}))
    with pytest.raises(ModelError, match=r"2 of 2 entries .*first: 'eng'"):
        Letters.read(tmp_path)


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "preprocessor_config.json", "vocab.json"])
def test_a_folder_that_lacks_a_file_is_refused_by_name(folder: Path, tmp_path: Path, missing: str) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / missing).unlink()
    with pytest.raises(ModelError, match=f"no (readable )?{missing}"):
        Wav2Vec2Recognizer.load(tmp_path / "copy")


def test_weights_without_an_output_layer_are_refused_and_without_a_mask_vector_taken(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    for name, dropped in (("headless", "lm_head.weight"), ("maskless", "wav2vec2.masked_spec_embed")):
        shutil.copytree(folder, tmp_path / name)
        rest = {key: value for key, value in weights.items() if key != dropped}
        assert len(rest) == len(weights) - 1
        save_file(rest, tmp_path / name / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lack 1 of \d+ tensors .*lm_head.weight.*trained to recognise speech"):
        Wav2Vec2Recognizer.load(tmp_path / "headless")
    model = Wav2Vec2Recognizer.load(tmp_path / "maskless")
    assert not model.module.wav2vec2.masked_spec_embed.any()


def test_a_vocabulary_that_the_model_cannot_write_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "vocab.json").write_text(json.dumps({"<pad>": 0, "A": 77}))
    with pytest.raises(ModelError, match=r"writes 32 symbols, .* name number 77"):
        Wav2Vec2Recognizer.load(tmp_path / "copy")


def test_nothing_is_printed(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = Wav2Vec2Recognizer.load(folder)
    model.transcribe(VOICES)
    model.save(tmp_path)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
