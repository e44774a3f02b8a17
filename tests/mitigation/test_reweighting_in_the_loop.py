"""The methods that reweight, and the one that tells cohorts, in the real loop: interrupted, they end with the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from safetensors.numpy import load_file
from toy_groups import FRAME, OneWord, data_of

from fairasr.mitigation import Mitigation
from fairasr.mitigation.methods.adversarial_reweight import AdversarialReweighting
from fairasr.mitigation.methods.cohort_embedding import CohortEmbedding
from fairasr.mitigation.methods.ctc_dro import CTCDRO
from fairasr.mitigation.methods.group_dro import GroupDRO
from fairasr.mitigation.methods.oversample import Oversampling
from fairasr.models import Trainable
from fairasr.training import Budget, TrainingData, train

# Checkpoints between two moves of CTC-DRO's weights, which come when all three groups were seen.
BUDGET = Budget(n_steps=9, batch_size=4, checkpoint_every=4, learning_rate=0.05)


def utterances() -> TrainingData:
    generator = np.random.default_rng(0)
    cohorts = ["north"] * 4 + ["south"] * 16 + ["unknown"] * 2
    samples = [generator.normal(size=FRAME * (200 + 10 * i)).astype(np.float32) for i in range(22)]
    return data_of(cohorts, samples=samples, references=["yes", "no"] * 11)


class StoppedError(Exception):
    """The run was interrupted."""


def weights_after(method: Mitigation, folder: Path, *, stop_at: int | None = None) -> dict[str, np.ndarray]:
    data = utterances()
    model = method.prepared(cast(Trainable, OneWord(["yes", "no"], seed=0)), data)

    def progress(_what: str, done: int, _total: int) -> None:
        if done == stop_at:
            raise StoppedError

    trained = train(model, data, method.hooks(model, data, seed=0), BUDGET, seed=0, folder=folder, progress=progress, use_cpu=True)
    return load_file(trained.snapshots[BUDGET.n_steps])


@pytest.mark.parametrize(
    "method",
    [
        Oversampling(),
        GroupDRO(step_size=0.5),
        CTCDRO(step_size=0.5),
        AdversarialReweighting(pretraining_steps=2, n_bands=1),
        CohortEmbedding(dropout=0.4),
    ],
    ids=lambda method: str(method.method),
)
def test_an_interrupted_run_ends_with_the_same_weights(method: Any, tmp_path: Path) -> None:
    whole = weights_after(method, tmp_path / "whole")
    with pytest.raises(StoppedError):
        weights_after(method, tmp_path / "interrupted", stop_at=6)
    resumed = weights_after(method, tmp_path / "interrupted")
    assert whole.keys() == resumed.keys()
    for name, weight in whole.items():
        np.testing.assert_array_equal(weight, resumed[name], err_msg=name)
    start = method.prepared(cast(Trainable, OneWord(["yes", "no"], seed=0)), utterances()).module.state_dict()
    assert all(not np.array_equal(weight, start[name].numpy()) for name, weight in whole.items())
