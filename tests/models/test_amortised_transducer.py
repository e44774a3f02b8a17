"""The compute-amortised transducer: a recogniser like the others, that also says what it ran."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from amortised_encoders import SMALL
from test_streaming_contract import transducer_by_recursion
from tone_words import RATE_HZ
from trainable_contract import TrainableContract, voice

from fairasr.core.errors import ModelError
from fairasr.models import Trainable, initialised, load
from fairasr.models.streaming.amortised import AmortisedTransducer
from fairasr.models.streaming.transcribing import CHUNK_FRAMES

REFERENCES = ("Hello, you", "o'clock", "all you", "")
SETTINGS = {"n_mels": 10, "embedding": 8, "predictor": 8, "joint": 8, "encoder": SMALL}


def tiny(*, seed: int = 0, **encoder: object) -> AmortisedTransducer:
    settings = {**SETTINGS, "encoder": {**SMALL, **encoder}}
    return AmortisedTransducer.of(REFERENCES, settings=settings, sample_rate_hz=RATE_HZ, name="tiny", seed=seed)


def half_open(model: AmortisedTransducer) -> AmortisedTransducer:
    for layer in model.module.encoder.layers:
        for arbitrator in layer.arbitrators:
            arbitrator.bias.data.zero_()
            arbitrator.score.weight.data.mul_(3.0)
    return model


class TestAmortisedTransducerHoldsTheContract(TrainableContract):
    recordings = tuple(voice(seed, n_samples=n) for seed, n in enumerate((4_500, 8_000, 2_500, 6_173)))
    references = REFERENCES

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> Trainable:
        folder = tmp_path_factory.mktemp("amortised")
        half_open(tiny()).save(folder)
        return load(folder)

    def load(self, folder: Path) -> Trainable:
        return load(folder)

    def loss_by_other_means(self, model: Trainable, recording: np.ndarray, reference: str) -> float:
        """By the recursion over what is said of the recording alone."""
        words = sorted({word for text in self.references for word in text.lower().replace(",", "").split()})
        target = [1 + words.index(word) for word in reference.lower().replace(",", "").split()]
        with torch.no_grad():
            batch = model.batch([recording], [reference])
            outputs = model.outputs(batch)
        return transducer_by_recursion(outputs.log_probs[0].double().numpy(), target, n_frames=int(batch["feature_lengths"][0]))


def test_a_recording_is_heard_alike_in_chunks_of_any_size() -> None:
    model = half_open(tiny())
    recording = voice(3, n_samples=16_000)
    whole = model.transcribe([recording])[0]
    assert whole
    for size in (77, 1_000, 5_001):
        stream = model.stream()
        for start in range(0, len(recording), size):
            stream.push(recording[start : start + size])
        assert stream.finish().text == whole


def test_open_gates_are_those_that_the_encoder_ran() -> None:
    model = half_open(tiny())
    recordings = [voice(0, n_samples=4_000), voice(1, n_samples=RATE_HZ * 3 * CHUNK_FRAMES // 90)]
    gates = model.open_gates(recordings)
    spent = model.compute(recordings)
    encoder = model.module.encoder
    assert len(gates[1]) > CHUNK_FRAMES
    for own, samples, compute in zip(gates, recordings, spent, strict=True):
        assert own.dtype == bool
        assert own.shape == (model.layout.n_frames(len(samples)), 2, 2)
        assert 0.1 < own.mean() < 0.9
        layer = encoder.layers[0]
        attended = np.minimum(np.arange(1, len(own) + 1), SMALL["window"])[:, None]
        by_hand = (own[..., 0] * (layer.attention_flops + 4 * SMALL["d_model"] * attended)).sum()
        by_hand += own[..., 1].sum() * 4 * SMALL["d_model"] * SMALL["d_feed_forward"]
        fixed = encoder.full_flops - 2 * (4 * 16**2 + 4 * 16 * 5 + 4 * 16 * 32)
        assert compute.encoder == pytest.approx(len(own) * fixed + by_hand, rel=1e-5)
    assert not tiny(gates="every", every=2).open_gates(recordings[:1])[0][1::2].any()
    assert model.open_gates([]) == []


def test_dear_computation_closes_gates_in_training() -> None:
    recordings = [voice(seed, n_samples=4_000) for seed in range(4)]

    def spent_after_training(weight: float) -> float:
        settings = {**SETTINGS, "compute_weight": weight}
        model = AmortisedTransducer.of(REFERENCES, settings=settings, sample_rate_hz=RATE_HZ, name="tiny", seed=0)
        optimiser = torch.optim.Adam(model.module.parameters(), lr=1e-2)
        batch = model.batch(recordings, REFERENCES)
        model.module.train()
        torch.manual_seed(0)
        for _ in range(25):
            outputs = model.outputs(batch)
            per_symbol = model.losses(outputs, batch) / model.target_lengths(batch)
            optimiser.zero_grad()
            (per_symbol + model.auxiliary_losses(outputs, batch)).mean().backward()
            optimiser.step()
        assert int(model.module.encoder.passes) == 25
        return sum(own.encoder for own in model.compute(recordings))

    assert spent_after_training(30.0) < 0.7 * spent_after_training(0.0)


def test_it_is_made_by_name_and_its_settings_are_checked() -> None:
    settings = {**SETTINGS, "encoder": {**SMALL, "gates": "open"}}
    model = initialised("amortised-transducer", references=REFERENCES, seed=0, settings=settings)
    assert model.frame_layer == "encoder.input"
    with pytest.raises(ModelError, match="d_model 16 is no multiple of n_heads 3"):
        tiny(n_heads=3)
    with pytest.raises(ModelError, match="'n_head'"):
        tiny(n_head=3)
