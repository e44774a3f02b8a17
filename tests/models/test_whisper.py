"""Whisper: the contract on a tiny one, transformers as a second implementation, the real one on real voices."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import jiwer
import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
import transformers
from tiny_hugging_face import whisper_folder
from tokenizers import Tokenizer
from trainable_contract import TrainableContract, voice

from fairasr.core.errors import ModelError
from fairasr.models import Trainable
from fairasr.models.hugging_face import quiet
from fairasr.models.load import load
from fairasr.models.whisper import IGNORED, WhisperRecognizer
from fairasr.models.whisper_decoding import Choose, decode, drawn

END = 256
"""Of the tiny tokeniser: its bytes come first, then the end and the other special tokens."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whisper_folder(tmp_path_factory.mktemp("models") / "tiny-whisper")


class TestWhisperHoldsTheContract(TrainableContract):
    recordings = tuple(voice(seed, n_samples=n) for seed, n in enumerate((9_000, 16_000, 4_000, 12_345)))
    references = ("Hello, you.", "a much longer text than that", "é", "No")

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, folder: Path) -> WhisperRecognizer:
        return WhisperRecognizer.load(folder)

    def load(self, folder: Path) -> WhisperRecognizer:
        return WhisperRecognizer.load(folder)

    def loss_by_other_means(self, model: Trainable, recording: np.ndarray, reference: str) -> float:
        """By the loss of transformers, a mean over tokens, from tokens written out by hand."""
        module = model.module
        text = [int(number) for number in _bytes_by_hand(f" {reference}")]
        start, no_timestamps = END + 1, END + 5
        features = transformers.WhisperFeatureExtractor(feature_size=8, chunk_length=1)(recording, sampling_rate=16_000)
        said = module(
            input_features=torch.tensor(np.array(features["input_features"])),
            decoder_input_ids=torch.tensor([[start, no_timestamps, *text]]),
            labels=torch.tensor([[-100, *text, END]]),
        )
        return float(said.loss.detach()) * (len(text) + 1)


def _bytes_by_hand(text: str) -> list[int]:
    """Numbers that the byte-level tokeniser gives: its letters sorted, printable bytes as themselves, the others from 256 up."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letter = {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}
    number = {symbol: i for i, symbol in enumerate(sorted(letter.values()))}
    return [number[letter[byte]] for byte in text.encode()]


@pytest.fixture(scope="module")
def tiny(folder: Path) -> WhisperRecognizer:
    return WhisperRecognizer.load(folder)


VOICES = TestWhisperHoldsTheContract.recordings


def test_greedy_tokens_are_those_that_transformers_generates(tiny: WhisperRecognizer) -> None:
    features = tiny.batch(VOICES, [""] * len(VOICES))["features"]
    first_tokens = {tokens[0] for tokens in tiny._decoded(features, choose=tiny._likeliest())}
    held_back = tiny.clone()
    held_back.module.generation_config.begin_suppress_tokens = sorted(first_tokens)
    for model in (tiny, held_back):
        with quiet():
            generated = model.module.generate(features, attention_mask=torch.ones(len(VOICES), 100), num_beams=1, max_new_tokens=32)
        ours = model._decoded(features, choose=model._likeliest())
        assert len({tuple(tokens) for tokens in ours}) > 1, "the tiny model says the same of everything"
        for tokens, theirs in zip(ours, generated.tolist(), strict=True):
            assert (tokens[0] in first_tokens) == (model is tiny)
            assert tokens == theirs[: len(tokens)]
            assert set(theirs[len(tokens) :]) <= {END}


def test_a_text_goes_on_as_if_alone_while_others_of_its_batch_end(tiny: WhisperRecognizer) -> None:
    """Recording i is made to begin with token 10 + i and to end after 2 i + 1 tokens; between, the likeliest is taken."""
    features = tiny.batch([voice(seed, n_samples=8_000) for seed in range(6)], [""] * 6)["features"]
    sizes: list[int] = []

    def ending(rows: list[int]) -> Choose:
        step, alive = 0, rows

        def choose(logits: torch.Tensor, first: bool) -> torch.Tensor:
            nonlocal step, alive
            if len(logits) < len(alive):
                alive = [row for row in alive if 2 * row >= step]
            sizes.append(len(logits))
            likeliest = [10 + row for row in alive] if first else logits[:, :END].argmax(dim=1).tolist()
            chosen = torch.tensor([END if 2 * row <= step else token for row, token in zip(alive, likeliest, strict=True)])
            step += 1
            return chosen

        return choose

    def texts(rows: list[int]) -> list[list[int]]:
        return decode(tiny.module, features[rows], prompt=[END + 1, END + 5], end=END, limit=32, choose=ending(rows))

    together = texts([0, 1, 2, 3, 4, 5])
    assert (sizes[0], sizes[-1]) == (6, 1)
    assert [len(text) for text in together] == [1, 3, 5, 7, 9, 11]
    assert together == [texts([row])[0] for row in range(6)]


def test_large_models_transcribe_fewer_windows_at_once(tiny: WhisperRecognizer) -> None:
    assert tiny._batch_size == 32
    large = tiny.clone()
    large.module.config.decoder_layers, large.module.config.d_model, large.module.config.max_source_positions = 32, 1280, 1500
    assert large._batch_size == 2  # 2 x 32 x 1,500 x 1,280 x 4 bytes = 491,520,000 each, of 1,073,741,824
    large.module.config.d_model = 12_800
    assert large._batch_size == 1


def test_time_stamps_are_not_written_even_where_the_tokeniser_knows_them(tiny: WhisperRecognizer) -> None:
    stamped = tiny.clone()
    stamped._tokenizer = Tokenizer.from_str(tiny._tokenizer.to_str())
    stamped._tokenizer.add_tokens(["<|0.00|>"])
    stamp = stamped._tokenizer.token_to_id("<|0.00|>")
    a, b = _bytes_by_hand("ab")
    assert stamped._text([stamp, a, b, stamp, END]) == "ab"


def test_what_may_not_be_written_is_not_and_sampling_may_write_anything(tiny: WhisperRecognizer) -> None:
    silenced = tiny.clone()
    silenced.module.generation_config.suppress_tokens = [number for number in range(262) if number != 50]
    silenced.module.generation_config.begin_suppress_tokens = []
    features = tiny.batch(VOICES[:1], [""])
    assert silenced._decoded(features["features"], choose=silenced._likeliest()) == [[50] * 32]
    drawn = [int(t) for seed in range(5) for t in silenced.sampled(features, seed=seed)["targets"].flatten() if t != IGNORED]
    assert len(set(drawn)) > 10


def test_draws_come_as_often_as_the_logits_say() -> None:
    p = torch.tensor([0.5, 0.0, 0.3, 0.15, 0.05])
    counts = torch.bincount(drawn(seed=5)(p.log().expand(20_000, -1), True), minlength=5)
    assert counts[1] == 0
    chi_square = float(((counts - 20_000 * p) ** 2 / (20_000 * p).clamp(min=1)).sum())
    assert chi_square < 16.3  # 99.9 % of chi-square with 3 degrees of freedom


def test_a_draw_is_from_the_distribution_that_the_loss_of_it_is_computed_from(tiny: WhisperRecognizer) -> None:
    batch, met = tiny.batch(VOICES[:1], [""]), []
    choose = drawn(seed=2)

    def recorded(logits: torch.Tensor, first: bool) -> torch.Tensor:
        met.append(logits.log_softmax(dim=1)[0])
        return choose(logits, first)

    tokens = tiny._decoded(batch["features"], choose=recorded)
    drawn_batch = tiny.sampled(batch, seed=2)
    assert drawn_batch["targets"].tolist() == tokens
    with torch.no_grad():
        torch.testing.assert_close(tiny.outputs(drawn_batch).log_probs[0], torch.stack(met), rtol=1e-4, atol=1e-4)


def test_targets_are_the_text_and_its_end_and_the_prompt_is_not_scored(tiny: WhisperRecognizer) -> None:
    batch = tiny.batch(VOICES[:2], ["ab", " a "])
    a, b, space = _bytes_by_hand("ab ")
    assert batch["targets"].tolist() == [[space, a, b, END], [space, a, END, IGNORED]]
    assert batch["features"].shape == (2, 8, 100)


def test_letters_of_a_special_token_in_a_reference_are_letters(tiny: WhisperRecognizer) -> None:
    targets = tiny.batch(VOICES[:1], ["<|endoftext|>"])["targets"][0].tolist()
    assert targets == [*_bytes_by_hand(" <|endoftext|>"), END]


def test_obstacles_are_the_window_and_the_positions_of_the_decoder(tiny: WhisperRecognizer) -> None:
    assert tiny.obstacle(n_samples=16_000, reference="hello") is None
    assert tiny.obstacle(n_samples=16_001, reference="hello") == "is 1.0 s long, longer than the model's window of 1 s"
    assert tiny.obstacle(n_samples=100, reference="x" * 61) is None  # with the space 62, and the prompt has 2 of 64 positions
    assert tiny.obstacle(n_samples=100, reference="x" * 62) == "has 63 tokens, more than the 62 that the model can write"
    assert tiny.obstacle(n_samples=100, reference="<0.10-0.20> a") == (
        "has markers of turns (first: '<0.10-0.20>'), which only a separator-transducer-segmenter reads"
    )
    with torch.no_grad():
        batch = tiny.batch(VOICES[:1], ["x" * 61])
        assert torch.isfinite(tiny.losses(tiny.outputs(batch), batch)).all()


def test_a_recording_longer_than_the_window_is_the_texts_of_its_pieces(tiny: WhisperRecognizer) -> None:
    first, second = voice(8, n_samples=14_000), voice(9, n_samples=12_000)
    pause = np.zeros(2_000, dtype=np.float32)
    whole = np.concatenate([first, pause, second])  # the quietest 0.2 s within the first second is around sample 14,400
    texts = tiny.transcribe([whole[:14_400], whole[14_400:]])
    assert tiny.transcribe([whole]) == [" ".join(filter(None, texts))]


def test_a_shorter_window_costs_less_and_is_kept_when_saved(tmp_path: Path) -> None:
    folder = whisper_folder(tmp_path / "two-seconds", max_source_positions=100)
    extractor = transformers.WhisperFeatureExtractor(feature_size=8, chunk_length=2)
    extractor.save_pretrained(folder)
    long, short = WhisperRecognizer.load(folder), WhisperRecognizer.load(folder, context_s=1)
    assert (long.context_s, short.context_s) == (2, 1)
    assert long.batch(VOICES[:1], ["a"])["features"].shape == (1, 8, 200)
    assert short.batch(VOICES[:1], ["a"])["features"].shape == (1, 8, 100)
    assert short.obstacle(n_samples=20_000, reference="a") is not None
    (tmp_path / "saved").mkdir()
    short.save(tmp_path / "saved")
    again = load(tmp_path / "saved")
    assert isinstance(again, WhisperRecognizer)
    assert again.context_s == 1
    batch = short.batch(VOICES, ["a"] * 4)
    with torch.no_grad():
        assert torch.equal(again.outputs(batch).log_probs, short.outputs(batch).log_probs)
        same = long.module.model.encoder.embed_positions.weight[:50]
        assert torch.equal(again.module.model.encoder.embed_positions.weight, same)
    for wrong in (0, 3):
        with pytest.raises(ModelError, match="window is 2 s"):
            WhisperRecognizer.load(folder, context_s=wrong)


def test_a_multilingual_model_wants_its_language_said_and_keeps_it(tmp_path: Path) -> None:
    folder = whisper_folder(tmp_path / "many", multilingual=True)
    with pytest.raises(ModelError, match="Say which"):
        WhisperRecognizer.load(folder)
    with pytest.raises(ModelError, match=r"'fr'\. Give one of its codes: de, en"):
        WhisperRecognizer.load(folder, language="fr")
    german, english = (WhisperRecognizer.load(folder, language=code) for code in ("de", "en"))
    batch = german.batch(VOICES, ["a"] * 4)
    with torch.no_grad():
        log_probs = german.outputs(batch).log_probs
        by_hand = german.module(
            input_features=batch["features"],
            decoder_input_ids=torch.tensor([[257, 259, 260, 261, *_bytes_by_hand(" a")]]).expand(4, -1),
        ).logits[:, 3:]
        torch.testing.assert_close(log_probs, by_hand.log_softmax(dim=-1))
        assert not torch.allclose(log_probs, english.outputs(batch).log_probs)
    (tmp_path / "saved").mkdir()
    german.save(tmp_path / "saved")
    with torch.no_grad():
        assert torch.equal(WhisperRecognizer.load(tmp_path / "saved").outputs(batch).log_probs, log_probs)


def test_a_language_for_an_english_model_is_refused(folder: Path) -> None:
    assert WhisperRecognizer.load(folder, language="en").transcribe(VOICES) == WhisperRecognizer.load(folder).transcribe(VOICES)
    with pytest.raises(ModelError, match="knows only English, not 'de'"):
        WhisperRecognizer.load(folder, language="de")


def test_masking_and_dropout_act_in_training_only(tmp_path: Path) -> None:
    folder = whisper_folder(tmp_path / "masked", apply_spec_augment=True, mask_time_prob=0.3, dropout=0.1, encoder_layerdrop=0.1)
    model = WhisperRecognizer.load(folder)
    batch = model.batch(VOICES, ["a"] * 4)
    features = batch["features"].clone()

    def losses(*, training: bool) -> torch.Tensor:
        torch.manual_seed(1)
        np.random.seed(1)  # transformers masks with numpy's global generator
        model.module.train(training)
        with torch.no_grad():
            made = model.losses(model.outputs(batch), batch)
        model.module.eval()
        return made

    assert torch.equal(losses(training=False), losses(training=False))
    assert torch.equal(losses(training=True), losses(training=True))
    assert not torch.equal(losses(training=True), losses(training=False))
    assert torch.equal(batch["features"], features)


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("config.json", "no readable config.json"),
        ("generation_config.json", "generation_config.json"),
        ("model.safetensors", "no model.safetensors"),
        ("preprocessor_config.json", "no readable preprocessor_config.json"),
        ("tokenizer.json", "no readable tokenizer.json"),
    ],
)
def test_a_folder_that_lacks_a_file_is_refused_by_name(folder: Path, tmp_path: Path, missing: str, said: str) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / missing).unlink()
    with pytest.raises(ModelError, match=said):
        WhisperRecognizer.load(tmp_path / "copy")


def test_a_name_on_the_hub_is_no_folder() -> None:
    with pytest.raises(ModelError, match=r"no model folder openai/whisper-tiny\.en.*never downloaded"):
        WhisperRecognizer.load(Path("openai/whisper-tiny.en"))


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json"])
def test_a_broken_file_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    path = tmp_path / "copy" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ModelError, match="copy"):
        WhisperRecognizer.load(tmp_path / "copy")


def test_weights_of_another_shape_or_without_a_tensor_are_refused_and_nothing_else_said(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file, save_file

    said: list[logging.LogRecord] = []
    # Its own handler writes to the stream that stood when it was imported, where no test would see it.
    monkeypatch.setattr(logging.getLogger("transformers"), "handle", said.append)
    monkeypatch.setattr(logging.getLogger("transformers.modeling_utils"), "handle", said.append)
    shutil.copytree(folder, tmp_path / "lacking")
    weights = load_file(folder / "model.safetensors")
    weights.pop("model.encoder.conv1.weight")
    save_file(weights, tmp_path / "lacking" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lack 1 of \d+ tensors .*first: 'model.encoder.conv1.weight'"):
        WhisperRecognizer.load(tmp_path / "lacking")
    shutil.copytree(folder, tmp_path / "wider")
    config = json.loads((folder / "config.json").read_text())
    (tmp_path / "wider" / "config.json").write_text(json.dumps(config | {"decoder_ffn_dim": 40}))
    with pytest.raises(ModelError, match="wider cannot be loaded"):
        WhisperRecognizer.load(tmp_path / "wider")
    shutil.copytree(folder, tmp_path / "extra")
    weights = load_file(folder / "model.safetensors") | {"model.encoder.conv9.weight": torch.zeros(3)}
    save_file(weights, tmp_path / "extra" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="does not know"):
        WhisperRecognizer.load(tmp_path / "extra")
    assert [record.getMessage() for record in said] == []


def test_nothing_is_printed(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = WhisperRecognizer.load(folder)
    model.transcribe(VOICES)
    model.sampled(model.batch(VOICES[:1], ["a"]), seed=1)
    model.save(tmp_path)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.fixture(scope="module")
def real(shared_data: Path) -> WhisperRecognizer:
    folder = shared_data.parent / "models" / "whisper-tiny.en"
    if not folder.is_dir():
        pytest.skip("the weights of Whisper tiny.en are not beside the repository")
    torch.set_num_threads(1)
    return WhisperRecognizer.load(folder)


def test_the_real_one_hears_real_voices(real: WhisperRecognizer, shared_data: Path) -> None:
    archive = shared_data / "speech_accent_archive"
    utterances = pd.read_parquet(archive / "utterances.parquet").set_index("utterance_id")
    chosen = utterances.loc[["english1", "english3"]]
    recordings = [soundfile.read(archive / path, dtype="float32")[0] for path in chosen["audio_path"]]
    assert {p.dtype for p in real.module.parameters()} == {torch.float32}
    reference = " ".join(_letters(chosen["reference"].iloc[0]))
    for text in real.transcribe(recordings):
        assert jiwer.wer(reference, " ".join(_letters(text))) < 0.1


def test_the_real_one_has_the_loss_of_transformers_and_one_step_lowers_it(real: WhisperRecognizer, shared_data: Path) -> None:
    """With its own tokeniser; on 3 s, where the window is shortened so that this is quick."""
    folder = shared_data.parent / "models" / "whisper-tiny.en"
    samples, _ = soundfile.read(shared_data / "speech_accent_archive" / "audio" / "english1.ogg", dtype="float32", stop=48_000)
    model = WhisperRecognizer.load(folder, context_s=3)
    batch = model.batch([samples, samples[:20_000]], ["Please call Stella.", "Please"])
    losses = model.losses(model.outputs(batch), batch)
    text = transformers.PreTrainedTokenizerFast.from_pretrained(folder).encode(" Please call Stella.", add_special_tokens=False)
    said = model.module(
        input_features=batch["features"][:1],
        decoder_input_ids=torch.tensor([[50257, 50362, *text]]),
        labels=torch.tensor([[-100, *text, 50256]]),
    )
    assert float(losses[0].detach()) == pytest.approx(float(said.loss.detach()) * (len(text) + 1), rel=1e-4)
    assert int(model.target_lengths(batch)[0]) == len(text) + 1
    unspaced = model.batch([samples], ["Please call Stella."])
    unspaced["targets"] = torch.tensor([[*model._tokenizer.encode("Please call Stella.").ids, 50256]])
    assert float(model.losses(model.outputs(unspaced), unspaced)[0].detach()) > float(losses[0].detach()), "the space is expected"
    losses.mean().backward()
    with torch.no_grad():
        for parameter in model.module.parameters():
            if parameter.grad is not None:
                parameter -= 1e-5 * parameter.grad
        assert (model.losses(model.outputs(batch), batch) < losses.detach()).all()


def _letters(text: str) -> list[str]:
    return "".join(letter for letter in text.lower() if letter.isalpha() or letter.isspace()).split()
