"""Streaming transducers told cohorts, under half precision, and given references with turns."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from streaming_stand_in import Learner, stand_in, talkative
from torch import nn
from trainable_contract import voice

from fairasr.core.errors import ModelError
from fairasr.models import initialised
from fairasr.models.cohort_conditioned import CohortConditioned
from fairasr.models.computed import require_counts
from fairasr.models.streamed import Streamed

REFERENCES = ("one two three", "four", "")
RECORDINGS = [voice(seed, n_samples=n) for seed, n in enumerate((5_000, 2_345, 361))]


def test_one_told_cohorts_has_the_aims_of_its_base() -> None:
    base = stand_in(REFERENCES, compute_weight=2.0)
    told = CohortConditioned(base, labels=["a", "b"])
    batch = told.batch(RECORDINGS, REFERENCES, cohorts=["a", "b", "c"])
    with torch.no_grad():
        added = told.auxiliary_losses(told.outputs(batch), batch)
        expected = base.auxiliary_losses(base.outputs(batch), batch)
    torch.testing.assert_close(added, expected)
    assert float(expected.min()) > 1.0


def test_one_told_cohorts_streams_and_counts_for_an_unknown_cohort() -> None:
    told = CohortConditioned(talkative(REFERENCES), labels=["a", "b"])
    with torch.no_grad():
        told.module.embedding[0] = 3.0
        told.module.projection.fill_(2.0)
    texts = told.transcribe(RECORDINGS)
    # What is learned of unknown speakers is heard in the stream too.
    assert texts != talkative(REFERENCES).transcribe(RECORDINGS)
    assert Streamed(told, chunk_s=0.1).transcribe(RECORDINGS) == texts
    spent = require_counts(told).compute(RECORDINGS)
    predictors = [(1 + len(text.split())) * 8 * 7 * (5 + 7) for text in texts]
    assert [own.predictor for own in spent] == predictors


def test_one_told_cohorts_cannot_do_what_its_base_cannot() -> None:
    settings = {"d_model": 8, "n_heads": 2, "n_blocks": 1, "n_mels": 4}
    base = initialised("conformer-ctc", references=["ab"], seed=0, sample_rate_hz=8_000, settings=settings)
    told = CohortConditioned(base, labels=["a", "b"])
    with pytest.raises(ModelError, match="cannot hear a recording in chunks"):
        Streamed(told, chunk_s=0.1)
    with pytest.raises(ModelError, match="does not count"):
        require_counts(told)


def test_under_half_precision_its_recurrent_layers_run_in_full_on_a_cpu() -> None:
    """Not every CPU has an LSTM of half precision."""
    model = Learner.of(REFERENCES, settings={"n_mels": 6, "dropout": 0.0}, sample_rate_hz=8_000, name="small", seed=0)
    batch = model.batch(RECORDINGS, REFERENCES)
    seen: set[torch.dtype] = set()
    for layer in model.module.modules():
        if isinstance(layer, nn.LSTM):
            layer.register_forward_hook(lambda _layer, inputs, output: seen.update({inputs[0].dtype, output[0].dtype}))
    expected = model.losses(model.outputs(batch), batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = model.outputs(batch)
    losses = model.losses(replace(outputs, log_probs=outputs.log_probs.float()), batch)
    torch.testing.assert_close(losses, expected, rtol=0.05, atol=0.5)
    losses.sum().backward()
    assert seen == {torch.float32}


def test_markers_of_turns_are_not_learned_as_words() -> None:
    marked = "<0.00-1.20> one two <0.80-1.95> three"
    obstacle = stand_in(REFERENCES).obstacle(n_samples=8_000, reference=marked)
    assert obstacle == "has markers of turns (first: '<0.00-1.20>'), which only a separator-transducer-segmenter reads"
    refused = r"1 of 2 references have markers of turns \(first: '<0.00-1.20> one.* Train the architecture 'separator-"
    for units in ("words", "characters"):
        with pytest.raises(ModelError, match=refused):
            stand_in(["one", marked], units=units)
    with pytest.raises(ModelError, match=refused):
        initialised("conformer-ctc", references=["one", marked], seed=0)
    plain = initialised("conformer-ctc", references=["<one two three> 0123456789.-"], seed=0)
    assert plain.obstacle(n_samples=80_000, reference=marked) == obstacle
    assert plain.obstacle(n_samples=80_000, reference="<one> 3-4") is None
