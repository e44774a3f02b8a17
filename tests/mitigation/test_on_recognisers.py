"""The methods on real architectures, in the real loop: what comes out is saved, read and says the same."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_hugging_face import whisper_folder
from toy import MadeUp, data_of, step_of, weights_of

from fairasr.mitigation import method_of
from fairasr.mitigation.parts import trainable_parameters
from fairasr.models import Trainable, load
from fairasr.models.conformer import ConformerSettings
from fairasr.models.ctc import CTCRecognizer
from fairasr.models.vocabulary import Vocabulary
from fairasr.training import Budget, TrainingData, train

REFERENCES = ["hello you", "all", "a hello", "you all", "low", "yell", "lay", "hoe"]
CASES: list[tuple[str, dict[str, Any]]] = [
    ("ewc", {"n_fisher": 3, "variant": "sample"}),
    ("kfac-ewc", {"n_fisher": 3}),
    ("lora", {"rank": 2}),
    ("distillation", {"share": 0.5}),
    ("combined", {"methods": [{"name": "interpolation"}, {"name": "ewc", "n_fisher": 3, "parts": "language"}, {"name": "mix"}]}),
]


@pytest.fixture(scope="module", autouse=True)
def transformers_is_imported() -> None:
    """The trainer collects garbage before each run: with transformers' half a million objects that is most of its time here."""
    import fairasr.training.sitting  # noqa: F401

    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def data() -> TrainingData:
    random = np.random.default_rng(0)
    samples = [(0.1 * random.standard_normal(7_000 + 900 * i)).astype(np.float32) for i in range(8)]
    made = data_of(samples, REFERENCES, target=np.arange(8) < 3)
    made.recordings.sample_rate_hz = 16_000
    return made


@pytest.fixture(scope="module", params=["conformer", "whisper"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trainable:
    if request.param == "whisper":
        return load(whisper_folder(tmp_path_factory.mktemp("models") / "whisper"))
    settings = ConformerSettings(n_mels=20, d_model=16, n_blocks=1, n_heads=2)
    return CTCRecognizer.initialised(vocabulary=Vocabulary.of(REFERENCES), seed=0, settings=settings)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_a_method_trains_and_what_comes_out_is_saved(
    case: tuple[str, dict[str, Any]], model: Trainable, data: TrainingData, tmp_path: Path
) -> None:
    method = method_of(*case)
    assert method.obstacle(model, data) is None
    before = weights_of(model)
    clone = method.prepared(model, data)
    hooks = method.hooks(clone, data, seed=0, cache=tmp_path / "cache")
    budget = Budget(n_steps=3, batch_size=4, learning_rate=1e-3)
    history = train(clone, data, hooks, budget, seed=0, folder=tmp_path / "run", use_cpu=True).history
    finished = method.finished(clone, base=model)
    if hooks.penalty is not None:
        assert history["loss_penalty"].iloc[-1] > 0
    after = weights_of(finished)
    assert {name: values.shape for name, values in after.items()} == {name: values.shape for name, values in before.items()}
    assert not all(torch.equal(after[name], before[name]) for name in before)
    assert all(torch.equal(values, before[name]) for name, values in weights_of(model).items())
    (tmp_path / "model").mkdir()
    finished.save(tmp_path / "model")
    again = load(tmp_path / "model")
    torch.testing.assert_close(step_of(again, data, [0, 1]).losses, step_of(finished, data, [0, 1]).losses)


def test_every_parameter_of_whisper_is_covered_and_tied_ones_once(data: TrainingData, tmp_path: Path) -> None:
    model = load(whisper_folder(tmp_path / "whisper"))
    ewc, kfac = method_of("ewc", {"n_fisher": 2}), method_of("kfac-ewc", {"n_fisher": 2})
    names = set(trainable_parameters(model.module))
    assert not any("proj_out" in name for name in names)
    assert set(ewc.fisher(model, data, seed=0).diagonal) == names  # type: ignore[attr-defined]
    blocks = kfac.fisher(model, data, seed=0)  # type: ignore[attr-defined]
    assert {"model.encoder.conv1", "model.decoder.layers.1.fc2"} <= set(blocks.layers)
    assert "model.decoder.embed_tokens.weight" in blocks.diagonal
    assert method_of("lora", {}).obstacle(model, data) is None
    lora = method_of("lora", {"rank": 2}).prepared(model, data)
    assert not any("proj_out.lora" in name for name, _ in lora.module.named_parameters())


def test_made_recordings_are_of_the_models_rate(data: TrainingData, model: Trainable) -> None:
    assert data.recordings.sample_rate_hz == model.sample_rate_hz
    assert MadeUp.sample_rate_hz == 8_000
