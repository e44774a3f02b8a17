"""ConvRNN-T as a recogniser: the contract, what it writes knows nothing of the future, and it learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tone_words import RATE_HZ, corpus
from trainable_contract import TrainableContract, voice

from fairasr.core.errors import ModelError
from fairasr.models import Trainable, load
from fairasr.models.architectures import initialised
from fairasr.models.streaming.conv_ablation import of_equal_size
from fairasr.models.streaming.conv_rnnt import ConvRNNT
from fairasr.models.streaming.conv_settings import ConvEncoderSettings
from fairasr.models.streaming.squeeze_excite import SqueezeExcite

TINY = {"channels": (2, 3), "width": 8, "n_blocks": 2, "reduction": 4, "lstm_width": 10, "n_lstm_layers": 1}
N_STEPS = 150
WORDS = ("no", "yes", "one", "two")


def model_of(references: Any = WORDS, *, encoder: dict[str, Any] | None = None, seed: int = 0, **settings: Any) -> ConvRNNT:
    given = {"n_mels": 8, "embedding": 5, "predictor": 7, "joint": 9, "encoder": encoder or TINY, **settings}
    return ConvRNNT.of(references, settings=given, sample_rate_hz=RATE_HZ, name="tiny", seed=seed)


def talkative(**encoder: Any) -> ConvRNNT:
    """One that has learnt nothing and writes a lot, and what it writes depends on what it hears."""
    model = model_of(encoder={**TINY, **encoder}, seed=3)
    with torch.no_grad():
        model.module.joint.of_steps.weight.mul_(4.0)
        model.module.joint.output.weight.mul_(6.0)
        model.module.joint.output.bias[0] += 1.0
        for block in model.module.encoder.global_context.blocks:
            if block.squeeze is not None:
                block.squeeze.excite.weight.mul_(30.0)
    return model


def written(model: ConvRNNT, samples: np.ndarray, *, until_s: float = np.inf) -> list[tuple[str, float]]:
    """Words and their times, in one go."""
    stream = model.stream()
    stream.push(samples)
    return [(token.symbol, token.time_s) for token in stream.finish().tokens if token.time_s <= until_s]


class LeakySqueezeExcite(SqueezeExcite):
    """The published form: every step is weighted by the mean over all."""

    def gates(self, steps: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        everywhere = steps.mean(dim=1, keepdim=True).expand_as(steps)
        return self.excite(torch.relu(self.squeeze(everywhere))).sigmoid(), state


class TestConvRNNTHoldsTheContract(TrainableContract):
    recordings = tuple(voice(seed, n_samples=n) for seed, n in enumerate((4_500, 8_000, 2_500, 6_173)))
    references = ("Hello, you", "o'clock", "all you", "")

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> Trainable:
        folder = tmp_path_factory.mktemp("conv-rnnt")
        model_of(cls.references).save(folder)
        return load(folder)

    def load(self, folder: Path) -> Trainable:
        return load(folder)

    def loss_by_other_means(self, model: Trainable, recording: np.ndarray, reference: str) -> float:
        """The probabilities of all ways through the lattice added up, without logarithms."""
        words = sorted({word for text in self.references for word in text.lower().replace(",", "").split()})
        target = [1 + words.index(word) for word in reference.lower().replace(",", "").split()]
        with torch.no_grad():
            points = model.outputs(model.batch([recording], [reference])).log_probs[0].double().exp().numpy()
        lattice = points.reshape(-1, len(target) + 1, points.shape[-1])
        reached = np.zeros(lattice.shape[:2])
        for t, u in np.ndindex(reached.shape):
            reached[t, u] = float(t == u == 0)
            if t:
                reached[t, u] += reached[t - 1, u] * lattice[t - 1, u, 0]
            if u:
                reached[t, u] += reached[t, u - 1] * lattice[t, u - 1, target[u - 1]]
        return -float(np.log(reached[-1, -1] * lattice[-1, -1, 0]))


@pytest.mark.parametrize("moment_s", [0.3, 1.0, 1.7])
def test_what_is_said_later_changes_no_word_written_before(moment_s: float) -> None:
    model, samples = talkative(), voice(1, n_samples=2 * RATE_HZ)
    moment = int(moment_s * RATE_HZ)
    others = samples.copy()
    others[moment:] = 5.0 * voice(2, n_samples=len(samples))[moment:]
    before = written(model, samples, until_s=moment_s)
    assert len(before) >= 3
    assert written(model, others, until_s=moment_s) == before
    assert written(model, others) != written(model, samples)


def test_with_a_squeeze_over_all_steps_words_written_before_do_change() -> None:
    model, samples = talkative(), voice(1, n_samples=2 * RATE_HZ)
    for block in model.module.encoder.global_context.blocks:
        block.squeeze.__class__ = LeakySqueezeExcite
    others = samples.copy()
    others[RATE_HZ:] = 5.0 * voice(2, n_samples=len(samples))[RATE_HZ:]
    assert written(model, others, until_s=1.0) != written(model, samples, until_s=1.0)


@pytest.mark.parametrize("chunk", [1 * 240, 7 * 240, 33 * 240, 1_001])
def test_a_stream_in_chunks_writes_what_the_whole_recording_gives(chunk: int) -> None:
    model, samples = talkative(), voice(1, n_samples=2 * RATE_HZ + 77)
    stream = model.stream()
    for start in range(0, len(samples), chunk):
        stream.push(samples[start : start + chunk])
    heard = stream.finish()
    assert len(heard.tokens) > 10
    assert heard.text == model.transcribe([samples])[0]
    assert [(token.symbol, token.time_s) for token in heard.tokens] == written(model, samples)


def test_silence_and_a_recording_shorter_than_a_frame_are_heard_without_words_of_their_own() -> None:
    model = talkative()
    texts = model.transcribe([np.zeros(RATE_HZ, dtype=np.float32), np.zeros(1, dtype=np.float32)])
    assert all(set(text.split()) <= set(WORDS) for text in texts)


def test_the_encoders_part_of_what_was_computed_is_its_flops_for_every_frame() -> None:
    model = model_of()
    (spent,) = model.compute([voice(1, n_samples=RATE_HZ)])
    assert spent.encoder == pytest.approx(model.layout.n_frames(RATE_HZ) * model.module.encoder.full_flops)


def test_the_four_of_the_ablation_are_whole_recognisers_of_equal_size_that_load_again(tmp_path: Path) -> None:
    sizes = {}
    for name, encoder in of_equal_size(ConvEncoderSettings(), n_features=3 * 40).items():
        settings = {"encoder": {field: getattr(encoder, field) for field in ConvEncoderSettings.__dataclass_fields__}}
        model = initialised("conv-rnnt", references=WORDS, seed=0, settings=settings)
        sizes[name] = sum(parameter.numel() for parameter in model.module.parameters())
        model.save(tmp_path)
        again = load(tmp_path)
        assert isinstance(again, ConvRNNT)
        assert again.settings_of_encoder == encoder
    assert len(sizes) == 4
    assert max(sizes.values()) < 1.03 * min(sizes.values())


def test_settings_of_the_encoder_that_do_not_exist_are_refused() -> None:
    with pytest.raises(
        ModelError,
        match="1 of 1 settings are none of the encoder of 'conv-rnnt' \\(first: 'chanels'; did you mean 'channels'\\?\\)",
    ):
        model_of(encoder={"chanels": (2, 2)})


def test_it_learns_words_of_tones() -> None:
    recordings, references = corpus(200, seed=0)
    encoder = {"channels": (4, 4, 4, 4), "width": 32, "n_blocks": 3, "lstm_width": 64, "dropout": 0.0}
    settings = {"n_mels": 20, "embedding": 16, "predictor": 32, "joint": 32, "encoder": encoder}
    model = ConvRNNT.of(references, settings=settings, sample_rate_hz=RATE_HZ, name="tones", seed=0)
    model.module.train()
    optimiser = torch.optim.Adam(model.module.parameters(), lr=5e-3)
    random = np.random.default_rng(0)
    for step in range(N_STEPS):
        optimiser.param_groups[0]["lr"] = 5e-3 * (1 - step / N_STEPS)
        rows = random.choice(len(recordings), size=16, replace=False)
        batch = model.batch([recordings[row] for row in rows], [references[row] for row in rows])
        outputs = model.outputs(batch)
        losses = model.losses(outputs, batch) / model.target_lengths(batch) + model.auxiliary_losses(outputs, batch)
        optimiser.zero_grad()
        losses.mean().backward()
        torch.nn.utils.clip_grad_norm_(model.module.parameters(), 5.0)
        optimiser.step()
    unheard, said = corpus(40, seed=1)
    texts = model.transcribe(unheard)
    # One to three of eight words, so what has learnt nothing gets about one in a hundred right.
    assert sum(text == reference for text, reference in zip(texts, said, strict=True)) >= 12
