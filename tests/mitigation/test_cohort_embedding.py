"""A model that is told cohorts: the base until it is trained, what appending to frames would give, and no need to be told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from toy_groups import FRAME, OneWord, data_of, trained

from fairasr.core.errors import JobError, ModelError
from fairasr.mitigation.methods.cohort_embedding import CohortEmbedding
from fairasr.models import TakesCohorts, Trainable, load
from fairasr.models.cohort_conditioned import CohortConditioned
from fairasr.models.conformer import ConformerSettings
from fairasr.models.ctc import CTCRecognizer
from fairasr.models.vocabulary import Vocabulary

WORDS = ["yes", "no"]
COHORTS = ["north", "south", "unknown", "north", "west"]


def sounds(n: int = 5, *, seed: int = 0) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [generator.normal(size=FRAME * (2 + i % 3)).astype(np.float32) for i in range(n)]


def base_of(**settings: Any) -> Trainable:
    return cast(Trainable, OneWord(WORDS, seed=3, **settings))


def conditioned(base: Trainable | None = None, *, spread: float = 0.0, dropout: float = 0.1) -> CohortConditioned:
    """Told north, south and west apart; with weights of its own drawn at random unless `spread` is 0."""
    model = CohortConditioned(base or base_of(), labels=["west", "north", "south", "unknown"], dropout=dropout)
    generator = torch.Generator().manual_seed(0)
    for parameter in cast(Any, model.module).embedding, cast(Any, model.module).projection:
        parameter.data += spread * torch.randn(parameter.shape, generator=generator)
    return model


def log_probs(model: Any, cohorts: Sequence[str] | None, *, seed: int = 0) -> torch.Tensor:
    told = {} if cohorts is None else {"cohorts": cohorts}
    with torch.no_grad():
        found: torch.Tensor = model.outputs(model.batch(sounds(seed=seed), ["yes"] * 5, **told)).log_probs
    return found


# --- what it computes


def test_a_new_one_is_the_base_bit_for_bit() -> None:
    base = base_of()
    assert torch.equal(log_probs(conditioned(base), COHORTS), log_probs(base, None))
    assert torch.equal(log_probs(conditioned(base), None), log_probs(base, None))


def test_it_is_what_appending_the_vector_to_every_frame_gives() -> None:
    """A second implementation: a wider convolution whose further input channels are the cohort's vector."""
    model = conditioned(spread=1.0)
    inside = cast(Any, model.module)
    narrow = inside.base.frames
    wide = torch.nn.Conv1d(FRAME + 2, narrow.out_channels, kernel_size=2)
    wide.bias.data = narrow.bias.data
    # Any split of U over the taps adds up to U where the kernel meets no edge.
    taps = torch.stack([0.3 * inside.projection.data, 0.7 * inside.projection.data], dim=2)
    wide.weight.data = torch.cat([narrow.weight.data, taps], dim=1)
    batch = model.batch(sounds(), ["yes"] * 5, cohorts=COHORTS)
    appended = inside.embedding[batch["cohort"]][:, :, None].expand(-1, -1, batch["features"].shape[2])
    met: list[torch.Tensor] = []

    def keep(_module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> None:
        met.append(output)

    with torch.no_grad(), model._told(batch["cohort"]):
        narrow.register_forward_hook(keep)  # after the one that tells
        narrow(batch["features"])
        expected = wide(torch.cat([batch["features"], appended], dim=1))
    np.testing.assert_allclose(met[0][:, :, 1:-1], expected, atol=1e-6)


def test_channels_may_come_last() -> None:
    base = cast(Any, base_of())
    base.module.frames, base.frame_axis = torch.nn.Linear(FRAME, 8), -1
    model = conditioned(base, spread=1.0)
    inside = cast(Any, model.module)
    positions, frames = torch.tensor([1, 0, 3]), torch.randn(3, 4, FRAME, generator=torch.Generator().manual_seed(0))
    with torch.no_grad(), model._told(positions):
        found = base.module.frames(frames)
    expected = frames @ base.module.frames.weight.T + base.module.frames.bias
    expected = expected + (inside.embedding[positions] @ inside.projection.T)[:, None, :]
    np.testing.assert_allclose(found, expected.detach(), atol=1e-5)


def test_cohorts_it_was_not_made_for_are_unknown_to_it() -> None:
    model = conditioned(spread=1.0)
    untold = log_probs(model, None)
    assert torch.equal(log_probs(model, ["unknown", "east", "", "East", "unknown"]), untold)
    told = log_probs(model, COHORTS)
    differs = (told != untold).flatten(1).any(dim=1).tolist()
    assert differs == [True, True, False, True, True]


def test_each_utterance_is_told_its_own_cohort_also_where_the_base_takes_them_one_by_one() -> None:
    together, alone = (conditioned(base_of(one_by_one=one), spread=1.0) for one in (False, True))
    np.testing.assert_allclose(log_probs(together, COHORTS), log_probs(alone, COHORTS), atol=1e-6)
    alone.outputs(alone.batch(sounds(), ["yes"] * 5, cohorts=COHORTS))  # and again, from the first


def test_a_base_that_regroups_utterances_is_refused() -> None:
    base = cast(Any, base_of())
    scores = base._scores
    base._scores = lambda features, n_frames: scores(torch.cat([features, features]), torch.cat([n_frames, n_frames]))
    model = conditioned(base)
    with pytest.raises(ModelError, match=r"passed 10 utterances through 'base.frames' where 5 of 5 were left"):
        model.outputs(model.batch(sounds(), ["yes"] * 5, cohorts=COHORTS))


def test_the_base_is_left_without_a_trace() -> None:
    base = base_of()
    model = conditioned(base, spread=1.0)
    before = log_probs(base, None)
    log_probs(model, COHORTS)
    model.transcribe(sounds(), cohorts=COHORTS)
    assert torch.equal(log_probs(base, None), before)


def test_transcripts_are_in_the_order_of_the_recordings_and_know_the_cohorts() -> None:
    model = conditioned(spread=3.0)
    recordings = sounds(40, seed=1)
    cohorts = [COHORTS[i % 5] for i in range(40)]
    alone = [model.transcribe([samples], cohorts=[cohort])[0] for samples, cohort in zip(recordings, cohorts, strict=True)]
    assert model.transcribe(recordings, cohorts=cohorts) == alone
    assert alone != model.transcribe(recordings)
    assert set(alone) == set(WORDS)


def test_cohorts_must_be_given_for_each_recording() -> None:
    with pytest.raises(ModelError, match="2 cohorts are given for 5 recordings"):
        conditioned().transcribe(sounds(), cohorts=["north", "south"])


def test_a_frame_layer_without_weights_is_refused() -> None:
    base = cast(Any, base_of())
    base.module.frames = torch.nn.Identity()
    with pytest.raises(ModelError, match="has no weight"):
        conditioned(base)


def test_it_is_a_trainable_that_takes_cohorts() -> None:
    model = conditioned(spread=1.0)
    assert isinstance(model, TakesCohorts)
    assert not isinstance(base_of(), TakesCohorts)
    assert model.cohort_labels == ("north", "south", "west")
    names = [name for name, _ in model.module.named_parameters()]
    assert {name: model.part_of(name) for name in names} == {
        "embedding": "acoustic",
        "projection": "acoustic",
        "base.frames.weight": "acoustic",
        "base.frames.bias": "acoustic",
        "base.word.weight": "language",
        "base.word.bias": "language",
    }
    assert (model.name, model.sample_rate_hz, model.frame_layer, model.frame_axis) == ("one-word", 16_000, "base.frames", 1)
    assert model.obstacle(n_samples=3, reference="maybe") == "is another word"
    assert not model.module.training
    batch = model.batch(sounds(), ["yes"] * 5, cohorts=COHORTS)
    drawn = [model.sampled(batch, seed=seed) for seed in (0, 0, 1, 2)]
    assert torch.equal(drawn[0]["targets"], drawn[1]["targets"])
    assert any(not torch.equal(drawn[0]["targets"], other["targets"]) for other in drawn[2:])
    assert torch.equal(drawn[0]["cohort"], batch["cohort"])
    losses = model.losses(model.outputs(batch), batch)
    np.testing.assert_allclose(losses.detach(), -log_probs(model, COHORTS)[:, 0, 0], atol=1e-6)
    assert model.target_lengths(batch).tolist() == [1] * 5


def test_a_clone_shares_nothing() -> None:
    model = conditioned(spread=1.0)
    model.module.get_parameter("projection").requires_grad_(False)
    other = model.clone()
    before = log_probs(model, COHORTS)
    assert torch.equal(log_probs(other, COHORTS), before)
    assert [p.requires_grad for p in other.module.parameters()] == [p.requires_grad for p in model.module.parameters()]
    for parameter in other.module.parameters():
        parameter.data += 1
    assert torch.equal(log_probs(model, COHORTS), before)


# --- withheld cohorts


def test_in_training_a_share_of_cohorts_is_withheld_by_torchs_generator() -> None:
    model = conditioned(spread=1.0, dropout=0.3)
    recording = sounds(1)[0]
    batch = model.batch([recording] * 4000, ["yes"] * 4000, cohorts=["north"] * 4000)

    def told(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        with torch.no_grad():
            found: torch.Tensor = model.outputs(batch).log_probs[:, 0, 0]
            return found

    assert len(told(0).unique()) == 1  # in eval mode every one is told
    model.module.train()
    first = told(0)
    untold = log_probs_of_one(model, recording)
    assert np.isclose(first.numpy(), untold, atol=1e-6).mean() == pytest.approx(0.3, abs=0.03)  # 4 standard errors
    assert torch.equal(told(0), first)
    assert not torch.equal(told(1), first)


def log_probs_of_one(model: CohortConditioned, recording: np.ndarray) -> float:
    with torch.no_grad():
        return model.outputs(model.batch([recording], ["yes"])).log_probs[0, 0, 0].item()


# --- files


@pytest.fixture
def _loads_one_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("fairasr.models.load"), "load", OneWord.load)


@pytest.mark.usefixtures("_loads_one_word")
def test_what_is_saved_is_read_back_bit_for_bit(tmp_path: Path) -> None:
    model = conditioned(spread=1.0, dropout=0.25)
    model.save(tmp_path)
    again = CohortConditioned.load(tmp_path)
    assert torch.equal(log_probs(again, COHORTS), log_probs(model, COHORTS))
    assert again.cohort_labels == model.cohort_labels
    assert json.loads((tmp_path / "cohort_conditioned.json").read_text())["dropout"] == 0.25
    again.save(tmp_path)  # over what is there
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "cohort_conditioned.json",
        "cohort_conditioned.safetensors",
        "one_word.json",
        "one_word.safetensors",
    ]


@pytest.mark.usefixtures("_loads_one_word")
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cohort_conditioned.json", b"{", "cannot read the model's settings"),
        ("cohort_conditioned.json", b"[]", "not .'fairasr-cohort-conditioned', 1."),
        ("cohort_conditioned.json", b'{"format": "fairasr-cohort-conditioned", "version": 2}', "version of fairasr"),
        ("cohort_conditioned.json", b'{"format": "fairasr-cohort-conditioned", "version": 1}', "has no list of labels"),
        (
            "cohort_conditioned.json",
            b'{"format": "fairasr-cohort-conditioned", "version": 1, "labels": ["a"], "dropout": 0.1}',
            r"embedding has shape \(4, 2\), not \(2, 2\)",
        ),
        ("cohort_conditioned.safetensors", b"12345678", "cannot read the model's weights"),
        ("cohort_conditioned.safetensors", None, "cannot read the model's weights"),
    ],
)
def test_a_broken_folder_is_refused(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    conditioned().save(tmp_path)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=message):
        CohortConditioned.load(tmp_path)


def test_our_own_recogniser_can_be_told_cohorts_saved_and_loaded(tmp_path: Path) -> None:
    settings = ConformerSettings(n_mels=8, d_model=8, n_blocks=1, n_heads=1, kernel=3)
    base = CTCRecognizer.initialised(vocabulary=Vocabulary.of(["yes no"]), settings=settings, seed=0)
    model = conditioned(cast(Trainable, base), spread=1.0)
    generator = np.random.default_rng(0)
    recordings = [generator.normal(scale=0.1, size=n).astype(np.float32) for n in (4000, 16_000, 9000)]
    references, cohorts = ["yes", "no", "yes no"], ["north", "south", "unknown"]
    batch = model.batch(recordings, references, cohorts=cohorts)
    losses = model.losses(model.outputs(batch), batch)
    alone = []
    for recording, reference, cohort in zip(recordings, references, cohorts, strict=True):
        own = model.batch([recording], [reference], cohorts=[cohort])
        alone.append(model.losses(model.outputs(own), own).item())
    np.testing.assert_allclose(losses.detach(), alone, rtol=1e-5)  # neither padding nor company matters
    assert losses.requires_grad
    model.save(tmp_path)
    again = cast(CohortConditioned, load(tmp_path))
    assert torch.equal(again.outputs(batch).log_probs, model.outputs(batch).log_probs)
    assert again.transcribe(recordings, cohorts=cohorts) == model.transcribe(recordings, cohorts=cohorts)


# --- the method


def test_a_word_that_depends_on_the_cohort_is_learned_and_unknown_speakers_get_the_commoner_one() -> None:
    """All sound alike; the north means "no", the south, which is twice as large, "yes"."""
    cohorts = ["north"] * 20 + ["south"] * 40
    sound = [np.ones(2 * FRAME, dtype=np.float32)] * 60
    data = data_of(cohorts, samples=sound, references=["no"] * 20 + ["yes"] * 40)
    base = base_of()
    method = CohortEmbedding()
    model = cast(Any, method.prepared(base, data))
    assert torch.equal(log_probs(model, COHORTS), log_probs(base, None))
    hooks = method.hooks(model, data, seed=0)
    np.testing.assert_array_equal(hooks.sampling_weights, np.ones(60))
    trained(model, data, hooks, n_steps=150, seed=0)
    assert model.transcribe(sound[:3], cohorts=["north", "south", "unknown"]) == ["no", "yes", "yes"]
    assert model.transcribe(sound[:1]) == ["yes"]
    assert model.transcribe(sound[:1], cohorts=["elsewhere"]) == ["yes"]
    # Without cohorts no model can tell.
    plain = trained(base.clone(), data, hooks, n_steps=150, seed=0)
    assert plain.transcribe(sound[:1]) == ["yes"]


def test_the_given_model_is_not_changed() -> None:
    base = base_of()
    before = log_probs(base, None)
    data = data_of(["north"] * 4 + ["south"] * 4, samples=sounds(8), references=["yes", "no"] * 4)
    method = CohortEmbedding()
    model = cast(Any, method.prepared(base, data))
    trained(model, data, method.hooks(model, data, seed=0), n_steps=3, seed=0)
    assert torch.equal(log_probs(base, None), before)


def test_there_must_be_two_cohorts_to_tell_apart() -> None:
    obstacle = CohortEmbedding().obstacle(base_of(), data_of(["north", "unknown"]))
    assert obstacle == "the training utterances are of 1 known cohort, and the embedding needs 2"
    assert CohortEmbedding().obstacle(base_of(), data_of(["north", "south"])) is None


def test_a_wrong_dropout_is_refused() -> None:
    with pytest.raises(JobError, match="dropout is 1, not at least 0 and below 1"):
        CohortEmbedding(dropout=1)
