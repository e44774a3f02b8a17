"""Training of a speaker encoder: batches, resumption, bad input, and what pairwise weighting does for a planted minority."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from voice_world import World, error_rates, made_world, spoilt, trained_on, vectors_of

from fairasr.core.errors import TrainingError
from fairasr.training.weights import read_tensors
from fairasr.verification.reweighting import Formulation, Pairwise, Plain, formulation_of
from fairasr.verification.reweighting_terms import Weighing
from fairasr.verification.speaker_batches import SpeakerBatches, stretch_of
from fairasr.verification.training import WEIGHTS, EncoderBudget, train_encoder

SHORT = EncoderBudget(n_steps=12, n_speakers=8, checkpoint_every=3, learning_rate=0.01)
SMALL = made_world(n_speakers=12, seed=1)


# --- batches


def test_a_batch_has_each_speaker_once_and_two_utterances_of_theirs() -> None:
    batches = SpeakerBatches(speakers=SMALL.speakers, n_speakers=8, seed=3)
    for step in range(1, 30):
        rows, places = batches.draw(step)
        speakers = SMALL.speakers[rows]
        assert len(set(speakers[:, 0])) == 8
        assert (speakers[:, 0] == speakers[:, 1]).all()
        assert (rows[:, 0] != rows[:, 1]).all()
        assert ((places >= 0) & (places < 1)).all()


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    first, second = (SpeakerBatches(speakers=SMALL.speakers, n_speakers=8, seed=3) for _ in range(2))
    for step in range(1, 6):
        second.draw(step + 7)
        np.testing.assert_array_equal(first.draw(step)[0], second.draw(step)[0])
    other = SpeakerBatches(speakers=SMALL.speakers, n_speakers=8, seed=4)
    assert not np.array_equal(first.draw(1)[0], other.draw(1)[0])


def test_every_speaker_is_drawn_evenly_however_many_utterances_they_have() -> None:
    speakers = np.repeat(["a", "b", "c", "d"], [2, 50, 10, 1])
    batches = SpeakerBatches(speakers=speakers, n_speakers=2, seed=0)
    drawn = np.concatenate([speakers[batches.draw(step)[0][:, 0]] for step in range(2000)])
    shares = np.unique(drawn, return_counts=True)[1] / len(drawn)
    np.testing.assert_allclose(shares, 0.25, atol=0.03)


def test_a_speaker_with_one_utterance_gives_it_twice_and_is_counted() -> None:
    batches = SpeakerBatches(speakers=np.array(["a", "b", "b"]), n_speakers=2, seed=0)
    assert batches.n_single == 1
    rows, places = batches.draw(1)
    alone = rows[:, 0] == 0
    assert alone.sum() == 1
    assert rows[alone].tolist() == [[0, 0]]
    assert places[alone][0, 0] != places[alone][0, 1]


def test_too_few_speakers_are_refused_with_their_number() -> None:
    with pytest.raises(TrainingError, match="there are 12 speakers to train on, and a batch has 13"):
        SpeakerBatches(speakers=SMALL.speakers, n_speakers=13, seed=0)
    with pytest.raises(TrainingError, match="nobody to tell apart"):
        SpeakerBatches(speakers=SMALL.speakers, n_speakers=1, seed=0)


def test_a_stretch_lies_within_the_recording_and_a_short_one_is_repeated() -> None:
    samples = np.arange(10)
    assert stretch_of(samples, n_samples=4, place=0.0).tolist() == [0, 1, 2, 3]
    assert stretch_of(samples, n_samples=4, place=0.999999).tolist() == [6, 7, 8, 9]
    assert stretch_of(samples, n_samples=10, place=0.5).tolist() == list(range(10))
    assert stretch_of(np.arange(3), n_samples=7, place=0.5).tolist() == [0, 1, 2, 0, 1, 2, 0]


# --- the loop


def weights_in(folder: Path) -> dict[str, torch.Tensor]:
    return read_tensors(folder / WEIGHTS)


def assert_equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> None:
    assert first.keys() == second.keys()
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


class Killed(BaseException):
    """As good as kill -9: nothing in the code waits for it."""


@pytest.mark.parametrize("name", ["plain", "accumulated", "pseudo-label", "pairwise"])
def test_a_killed_run_that_is_gone_on_with_ends_with_the_same_weights(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    formulation = formulation_of(name, {} if name == "plain" else {"pretraining_steps": 2, "adversary_learning_rate": 0.5})
    trained_on(SMALL, formulation, SHORT, seed=2, folder=tmp_path / "whole")
    real = SpeakerBatches.draw
    for death in (2, 8, 11):

        def draw(self: SpeakerBatches, step: int, death: int = death) -> tuple[np.ndarray, np.ndarray]:
            if step == death:
                raise Killed
            return real(self, step)

        with monkeypatch.context() as patched:
            patched.setattr(SpeakerBatches, "draw", draw)
            with pytest.raises(Killed):
                trained_on(SMALL, formulation, SHORT, seed=2, folder=tmp_path / "killed")
    trained_on(SMALL, formulation, SHORT, seed=2, folder=tmp_path / "killed")
    assert_equal(weights_in(tmp_path / "whole"), weights_in(tmp_path / "killed"))
    histories = [(tmp_path / run / "history.jsonl").read_bytes() for run in ("whole", "killed")]
    assert histories[0] == histories[1]
    assert json.loads((tmp_path / "killed" / "status.json").read_text())["status"] == "finished"


def test_a_finished_run_gives_its_weights_and_its_adversary_back(tmp_path: Path) -> None:
    formulation = Pairwise(pretraining_steps=2)
    first, term = trained_on(SMALL, formulation, SHORT, seed=2, folder=tmp_path / "run")
    again, same = trained_on(SMALL, formulation, SHORT, seed=2, folder=tmp_path / "run")
    assert_equal(dict(first.state_dict()), dict(again.state_dict()))
    assert_equal(term.state_dict(), same.state_dict())
    assert not list((tmp_path / "run").glob("checkpoint-*"))


def test_reweighting_that_never_sets_in_trains_bit_for_bit_like_none(tmp_path: Path) -> None:
    never = Pairwise(pretraining_steps=SHORT.n_steps)
    plain, _ = trained_on(SMALL, Plain(), SHORT, seed=2, folder=tmp_path / "plain")
    same, _ = trained_on(SMALL, never, SHORT, seed=2, folder=tmp_path / "same")
    other, _ = trained_on(SMALL, Pairwise(pretraining_steps=2), SHORT, seed=2, folder=tmp_path / "other")
    assert_equal(dict(plain.state_dict()), dict(same.state_dict()))
    assert not torch.equal(plain.output.weight, other.output.weight)


def test_a_run_begun_with_other_settings_is_refused(tmp_path: Path) -> None:
    trained_on(SMALL, Plain(), SHORT, seed=2, folder=tmp_path / "run")
    with pytest.raises(TrainingError, match=r"begun with other settings: .*seed"):
        trained_on(SMALL, Plain(), SHORT, seed=3, folder=tmp_path / "run")


def test_a_loss_that_is_no_number_stops_and_leaves_the_last_good_checkpoint(tmp_path: Path) -> None:
    class Breaks(World):
        def features(self, rows: np.ndarray, places: np.ndarray) -> torch.Tensor:
            calls.append(1)
            return super().features(rows, places) * (np.nan if len(calls) == 8 else 1)

    calls: list[int] = []
    with pytest.raises(TrainingError, match=r"at step 8 the loss is not a finite number \(batch of 8 speakers, first: 's\d+'\)"):
        trained_on(Breaks(**vars(SMALL)), Plain(), SHORT, seed=2, folder=tmp_path / "run")
    assert (tmp_path / "run" / "checkpoint-6" / "weights.safetensors").is_file()
    assert json.loads((tmp_path / "run" / "status.json").read_text())["status"] == "failed"
    mended, _ = trained_on(SMALL, Plain(), SHORT, seed=2, folder=tmp_path / "run")
    assert bool(torch.isfinite(mended.output.weight).all())


def test_wrong_budgets_are_refused_together() -> None:
    with pytest.raises(TrainingError, match=r"n_steps is 0, not at least 1; n_speakers is 1.*learning_rate is nan, not above 0"):
        EncoderBudget(n_steps=0, n_speakers=1, learning_rate=float("nan"))


def test_the_learning_rate_rises_then_falls_to_nothing() -> None:
    budget = EncoderBudget(n_steps=100, warmup_steps=10, learning_rate=1.0)
    assert budget.rate(1) == pytest.approx(0.1)
    assert budget.rate(51) == pytest.approx(0.5)
    assert budget.rate(100) < 0.001


def test_the_loop_reads_no_global_random_state(tmp_path: Path) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, _ = trained_on(SMALL, Pairwise(pretraining_steps=2), SHORT, seed=2, folder=tmp_path / "first")
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    second, _ = trained_on(SMALL, Pairwise(pretraining_steps=2), SHORT, seed=2, folder=tmp_path / "second")
    assert_equal(dict(first.state_dict()), dict(second.state_dict()))


# --- what it does

BUDGET = EncoderBudget(n_steps=400, n_speakers=32, learning_rate=0.02, checkpoint_every=1000, weight_decay=0.0)
WEIGHTED = Pairwise()
"""Both chosen on worlds of seeds 100 to 104 (docs/decisions/0013)."""


def rates_of(formulation: Formulation, folder: Path) -> np.ndarray:
    """Median over five seeds of the equal error rates of everyone, the minority and the majority, and of the gap.

    Of speakers never trained on.
    """
    found = []
    for seed in range(5):
        encoder, _ = trained_on(made_world(n_speakers=100, seed=seed), formulation, BUDGET, seed=seed, folder=folder / str(seed))
        rates = error_rates(encoder, made_world(n_speakers=100, seed=10_000 + seed))
        found.append([*rates, rates[1] - rates[2]])
    return np.asarray(np.median(found, axis=0))


@pytest.mark.rates
def test_pairwise_weighting_lowers_a_hard_minoritys_errors_and_the_gap_at_no_cost_to_all(tmp_path: Path) -> None:
    """Beside plain training by the angular prototypical loss."""
    everyone, minority, majority, gap = rates_of(Plain(), tmp_path / "plain")
    assert minority > majority + 0.1  # there is a gap to close
    weighted = rates_of(WEIGHTED, tmp_path / "weighted")
    assert weighted[1] < minority
    assert weighted[3] < gap
    assert weighted[0] <= everyone


@pytest.mark.rates
def test_pure_label_noise_gains_little_weight(tmp_path: Path) -> None:
    """A fifth of the utterances bear the name of another; nothing in their sound tells which."""
    ratios, nearer = [], []
    for seed in range(5):
        world, wrong = spoilt(made_world(n_speakers=100, seed=seed, share=0.0), share=0.2, seed=seed)
        encoder, term = trained_on(world, WEIGHTED, BUDGET, seed=seed, folder=tmp_path / str(seed))
        assert isinstance(term, Weighing)
        vectors = vectors_of(encoder, world)
        weights = term.weights(vectors).numpy()
        ratios.append(weights[wrong].mean() / weights[~wrong].mean())
        own = world.speakers[:, None] == world.speakers
        cosines = np.where(own, vectors @ vectors.T, 0).sum(axis=1) / own.sum(axis=1)
        nearer.append(cosines[~wrong].mean() - cosines[wrong].mean())
    assert min(nearer) > 0.1  # there is something to be tempted by
    assert np.mean(ratios) < 1.15


def test_the_encoder_takes_any_module_of_its_shape(tmp_path: Path) -> None:
    class Flat(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(8, 4)
            torch.nn.init.eye_(self.layer.weight)

        def forward(self, features: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.normalize(self.layer(features.mean(dim=1)), dim=1)

    batches = SpeakerBatches(speakers=SMALL.speakers, n_speakers=8, seed=0)
    module = Flat()
    before = module.layer.weight.detach().clone()
    term = Plain().term(4, period=batches.period, batch_size=16, seed=0)
    train_encoder(module, SMALL, batches, term, SHORT, folder=tmp_path / "run", use_cpu=True)
    assert not torch.equal(module.layer.weight, before)
