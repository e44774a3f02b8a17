"""The methods on a ConvRNN-T, of which none knows; its second output, on which no likelihood depends, is trained beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tone_words import RATE_HZ, corpus
from toy import data_of, step_of, weights_of

from fairasr.core.errors import TrainingError
from fairasr.mitigation import method_of
from fairasr.mitigation.fisher import complete
from fairasr.mitigation.parts import trainable_parameters
from fairasr.models import Trainable, load
from fairasr.models.streaming.conv_rnnt import ConvRNNT
from fairasr.training import Budget, TrainingData, train

ENCODER = {"channels": (2, 3), "width": 8, "n_blocks": 2, "reduction": 4, "lstm_width": 10, "n_lstm_layers": 1}
SETTINGS = {"n_mels": 8, "embedding": 5, "predictor": 7, "joint": 9, "encoder": ENCODER}
METHODS: list[tuple[str, dict[str, Any]]] = [
    ("ewc", {"n_fisher": 3, "variant": "sample"}),
    ("kfac-ewc", {"n_fisher": 3}),
    ("distillation", {"share": 0.5}),
    ("lora", {"rank": 2}),
]


@pytest.fixture(scope="module")
def data() -> TrainingData:
    samples, references = corpus(8, seed=0)
    return data_of(samples, references, target=np.arange(8) < 3)


@pytest.fixture(scope="module")
def model(data: TrainingData) -> Trainable:
    references = data.manifest.table["reference"]
    return ConvRNNT.of(references, settings=SETTINGS, sample_rate_hz=RATE_HZ, name="tiny", seed=0)


@pytest.mark.parametrize("case", METHODS, ids=lambda case: case[0])
def test_a_method_trains_it_and_what_comes_out_is_saved(
    case: tuple[str, dict[str, Any]], model: Trainable, data: TrainingData, tmp_path: Path
) -> None:
    method = method_of(*case)
    assert method.obstacle(model, data) is None
    before = weights_of(model)
    clone = method.prepared(model, data)
    hooks = method.hooks(clone, data, seed=0, cache=tmp_path / "cache")
    budget = Budget(n_steps=2, batch_size=4, learning_rate=1e-3)
    history = train(clone, data, hooks, budget, seed=0, folder=tmp_path / "run", use_cpu=True).history
    finished = method.finished(clone, base=model)
    assert (hooks.penalty is None) or history["loss_penalty"].iloc[-1] > 0
    after = weights_of(finished)
    assert {name: values.shape for name, values in after.items()} == {name: values.shape for name, values in before.items()}
    assert not all(torch.equal(after[name], before[name]) for name in before)
    assert all(torch.equal(values, before[name]) for name, values in weights_of(model).items())
    (tmp_path / "model").mkdir()
    finished.save(tmp_path / "model")
    again = load(tmp_path / "model")
    torch.testing.assert_close(step_of(again, data, [0, 1]).losses, step_of(finished, data, [0, 1]).losses)


def test_every_parameter_but_the_second_outputs_has_fisher_information(model: Trainable, data: TrainingData) -> None:
    fisher = method_of("ewc", {"n_fisher": 3}).fisher(model, data, seed=0).diagonal  # type: ignore[attr-defined]
    assert set(fisher) == set(trainable_parameters(model.module))
    silent = {name for name, values in fisher.items() if not float(values.sum())}
    assert silent == {"ctc.weight", "ctc.bias"}


def test_its_recurrent_layers_are_differentiable_while_it_is_not_trained(model: Trainable, data: TrainingData) -> None:
    """On a GPU they have no backward pass in eval mode; passes and modes stay as they were."""
    seen: set[tuple[bool, bool]] = set()
    layers = [layer for layer in model.module.modules() if isinstance(layer, torch.nn.LSTM)]

    def look(layer: torch.nn.Module, _inputs: object, _output: object) -> None:
        seen.add((layer.training, model.module.training))

    handles = [layer.register_forward_hook(look) for layer in layers]
    method_of("ewc", {"n_fisher": 2}).fisher(model, data, seed=0)  # type: ignore[attr-defined]
    for handle in handles:
        handle.remove()
    assert len(layers) == 2
    assert seen == {(True, False)}
    assert not any(part.training for part in model.module.modules())
    assert int(model.module.steps_trained) == 0


@pytest.mark.parametrize("told", [False, True], ids=["itself", "told cohorts"])
def test_only_what_serves_other_aims_alone_may_lack_fisher_information(model: Trainable, data: TrainingData, *, told: bool) -> None:
    own = method_of("cohort-embedding", {}).prepared(model, data) if told else model.clone()
    prefix = "base." if told else ""
    names = list(trainable_parameters(own.module))
    sums = {name: torch.ones_like(own.module.get_parameter(name)) for name in names if "ctc" not in name}
    found = complete(dict(sums), own, 3)
    assert {name for name in found if not found[name].any()} == {f"{prefix}ctc.weight", f"{prefix}ctc.bias"}
    del sums[f"{prefix}joint.of_steps.bias"]
    with pytest.raises(TrainingError, match=rf"1 of {len(names)} .* \(first: '{prefix}joint.of_steps.bias'\)"):
        complete(sums, own, 3)


def test_at_alpha_0_interpolation_is_the_base_with_its_counts(model: Trainable) -> None:
    trained = model.clone()
    trained.module.steps_trained += 7
    counts = {
        alpha: int(method_of("interpolation", {"alpha": alpha}).finished(trained, base=model).module.steps_trained)
        for alpha in (0.0, 0.5, 1.0)
    }
    assert counts == {0.0: 0, 0.5: 7, 1.0: 7}


def test_it_can_be_told_the_cohort(model: Trainable, data: TrainingData) -> None:
    told = method_of("cohort-embedding", {}).prepared(model, data)
    rows = [0, 7]
    torch.testing.assert_close(step_of(told, data, rows).losses, step_of(model, data, rows).losses, rtol=0, atol=0)
    with torch.no_grad():
        told.module.projection.fill_(0.5)
    assert not torch.equal(step_of(told, data, rows).losses, step_of(model, data, rows).losses)
