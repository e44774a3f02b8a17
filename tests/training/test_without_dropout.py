"""Training without dropout: what a streaming recogniser does only while it is trained goes on, and nothing drops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from fairasr.models import Trainable, TrainsWithoutDropout, initialised
from fairasr.models.cohort_conditioned import CohortConditioned
from fairasr.models.recurrent import keep_differentiable
from fairasr.training import Budget, Hooks
from fairasr.training.network import Network

SMALL = {"n_mels": 6, "embedding": 5, "predictor": 7, "joint": 9}
GATED = {"d_model": 8, "n_layers": 2, "n_heads": 2, "d_feed_forward": 16, "window": 5, "dropout": 0.3}
SEPARATING = {"width": 8, "n_recogniser_layers": 1, "dropout": 0.3}


def made(architecture: str, encoder: dict[str, Any], **settings: Any) -> Any:
    given = {**SMALL, **settings, "encoder": encoder}
    return initialised(architecture, references=["one two"], seed=0, sample_rate_hz=8_000, settings=given)


def network(model: Trainable, *, dropout: bool) -> Network:
    return Network(model, Hooks(), Budget(n_steps=6, batch_size=2, learning_rate=1e-3, dropout=dropout)).train()


def task_loss(model: Trainable, reference: str, *, dropout: bool) -> float:
    recordings = [0.1 * np.random.default_rng(0).normal(size=6_000).astype(np.float32)]
    batch = model.batch(recordings, [reference])
    return float(network(model, dropout=dropout)(np.array([0]), batch, 1, 1.0)["task"])


def drops(model: Trainable) -> set[bool]:
    modes = {layer.training for layer in model.module.modules() if isinstance(layer, torch.nn.Dropout)}
    assert modes
    return modes


@pytest.mark.parametrize("told", [False, True], ids=["itself", "told cohorts"])
def test_passes_are_counted_and_gates_drawn_with_dropout_and_without(*, told: bool) -> None:
    for dropout in (True, False):
        model = made("amortised-transducer", GATED, compute_weight=3.0, compute_ramp=[2, 4])
        trained = CohortConditioned(model, labels=["a", "b"]) if told else model
        torch.manual_seed(0)
        losses = [task_loss(trained, "one", dropout=dropout) for _ in range(3)]
        assert int(model.module.steps_trained) == int(model.module.encoder.passes) == 3
        assert drops(model) == {dropout}
        # The gates are drawn anew each time.
        assert len(set(losses)) == 3


def test_a_penalty_on_late_ends_acts_with_dropout_and_without() -> None:
    reference = "<0.05-0.10> one"
    plain, strict = (made("separator-transducer-segmenter", SEPARATING, late_weight=weight) for weight in (0.0, 50.0))
    assert task_loss(strict, reference, dropout=False) > task_loss(plain, reference, dropout=False) + 0.1
    assert drops(strict) == {False}
    # Without dropout nothing else is drawn, so the same loss comes twice.
    assert task_loss(strict, reference, dropout=False) == task_loss(strict, reference, dropout=False)


def test_cohorts_are_withheld_with_dropout_alone() -> None:
    model = CohortConditioned(made("separator-transducer-segmenter", SEPARATING), labels=["a", "b"], dropout=1.0)
    assert network(model, dropout=True).network.training
    assert not network(model, dropout=False).network.training


def test_a_network_without_such_aims_is_in_eval_mode() -> None:
    settings = {"d_model": 8, "n_heads": 2, "n_blocks": 1, "n_mels": 4}
    model = initialised("conformer-ctc", references=["ab"], seed=0, sample_rate_hz=8_000, settings=settings)
    assert not isinstance(model.module, TrainsWithoutDropout)
    assert not any(part.training for part in network(model, dropout=False).network.modules())


def test_recurrent_layers_can_be_differentiated_in_eval_mode_unless_they_drop() -> None:
    # On a GPU they have no backward pass in eval mode.
    layers = torch.nn.Sequential(
        torch.nn.LSTM(2, 2), torch.nn.LSTM(2, 2, num_layers=2, dropout=0.1), torch.nn.GRU(2, 2), torch.nn.Dropout()
    )
    keep_differentiable(layers.eval())
    assert [layer.training for layer in layers] == [True, False, True, False]
