"""Mix, replay and distillation: what is drawn, and what the pull towards the base model is."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from toy import Frames, mean_loss, mitigated, spoken, step_of

from fairasr.mitigation import Mitigation, method_of
from fairasr.mitigation.teacher import divergences
from fairasr.training import TrainingData, world


def drawn(method: Mitigation, data: TrainingData, *, seed: int = 0) -> np.ndarray:
    weights = method.hooks(Frames(), data, seed=seed).sampling_weights
    assert weights is not None
    return weights


def test_a_mix_draws_the_share_and_evenly_within() -> None:
    data = spoken(seed=0, n=40, n_target=12)
    weights = drawn(method_of("mix", {"share": 0.3}), data)
    np.testing.assert_allclose(weights[data.target], 0.7 / 12)
    np.testing.assert_allclose(weights[~data.target], 0.3 / 28)


@pytest.mark.parametrize("name", ["replay", "distillation"])
def test_a_replay_draws_the_share_from_a_memory_of_its_seed(name: str) -> None:
    data = spoken(seed=0, n=40, n_target=12)
    method = method_of(name, {"share": 0.2, "n_memory": 5})
    weights = drawn(method, data)
    np.testing.assert_allclose(weights[data.target], 0.8 / 12)
    assert sorted(weights[~data.target][weights[~data.target] > 0]) == pytest.approx([0.04] * 5)
    assert not np.array_equal(weights, drawn(method, data, seed=1))
    assert np.array_equal(weights, drawn(method, data))
    everyone = drawn(method_of(name, {"share": 0.2, "n_memory": 1_000}), data)
    np.testing.assert_allclose(everyone[~data.target], 0.2 / 28)


def test_speakers_and_cohorts_of_the_memory_can_be_drawn_equally_often() -> None:
    """Four of the general population: three of one cohort, of two speakers, and one of another."""
    data = spoken(seed=0, n=6, n_target=2)
    table = data.manifest.table.assign(speaker_id=["t", "t", "a", "a", "b", "c"])
    cohorts = np.array(["worst", "worst", "south", "south", "south", "west"], dtype=object)
    data = dataclasses.replace(data, manifest=dataclasses.replace(data.manifest, table=table), cohorts=cohorts)

    def shares(weighting: str) -> np.ndarray:
        return drawn(method_of("replay", {"share": 0.6, "weighting": weighting}), data)

    np.testing.assert_allclose(shares("even"), [0.2, 0.2, 0.15, 0.15, 0.15, 0.15])
    np.testing.assert_allclose(shares("speaker"), [0.2, 0.2, 0.1, 0.1, 0.2, 0.2])
    np.testing.assert_allclose(shares("cohort"), [0.2, 0.2, 0.1, 0.1, 0.1, 0.3])


def pull(settings: dict[str, Any], student: Frames, data: TrainingData, rows: list[int], **changes: Any) -> torch.Tensor:
    penalty = method_of("distillation", settings).hooks(Frames(), data, seed=0).penalty
    assert penalty is not None
    return penalty(dataclasses.replace(step_of(student, data, rows), **changes))


def test_the_pull_is_that_of_the_formula() -> None:
    data, student = spoken(seed=0), Frames(seed=7)
    rows = [0, 20, 33]
    expected = 0.0
    for row in (20, 33):
        features = data.batch(student, np.array([row]))["features"]
        old, new = (np.exp(model.module(features)[0].detach().numpy().astype(float) / 3.0) for model in (Frames(), student))
        old, new = old / old.sum(axis=1, keepdims=True), new / new.sum(axis=1, keepdims=True)
        expected += (old * np.log(old / new)).sum(axis=1).mean()
    value = pull({"strength": 0.7, "temperature": 3.0}, student, data, rows)
    assert value.item() == pytest.approx(0.7 * 9 * expected / 3, rel=1e-4)
    value.backward()
    assert student.module.hidden.weight.grad.abs().sum() > 0


def test_there_is_no_pull_at_the_base_model_nor_on_target_utterances() -> None:
    data = spoken(seed=0)
    assert pull({}, Frames(), data, [20, 21]).item() == pytest.approx(0, abs=1e-6)
    alone = pull({}, Frames(seed=7), data, [0, 1])
    assert alone.item() == 0
    (alone + step_of(Frames(seed=7), data, [0]).losses.sum()).backward()


def test_the_teacher_is_no_part_of_what_is_trained() -> None:
    data, base = spoken(seed=0), Frames()
    hooks = method_of("distillation", {}).hooks(base, data, seed=0)
    assert hooks.penalty is not None
    before = hooks.penalty(step_of(Frames(seed=7), data, [20])).item()
    with torch.no_grad():
        base.module.output.bias += 3
    base.module.train()
    assert hooks.penalty(step_of(Frames(seed=7), data, [20])).item() == before
    assert all(parameter.grad is None for parameter in base.module.parameters())


def test_padding_and_symbols_ruled_out_by_both_add_nothing() -> None:
    old, new = torch.log_softmax(torch.randn(2, 2, 4, 3, generator=torch.Generator().manual_seed(0)), dim=-1)
    whole = divergences(old, new, torch.tensor([4, 2]), temperature=1.0)
    assert whole[1].item() == pytest.approx(divergences(old[1:, :2], new[1:, :2], torch.tensor([2]), temperature=1.0).item())
    wider = [torch.cat([side, torch.full((2, 4, 1), -torch.inf)], dim=2) for side in (old, new)]
    torch.testing.assert_close(
        divergences(*wider, torch.tensor([4, 2]), temperature=2.0), divergences(old, new, torch.tensor([4, 2]), temperature=2.0)
    )
    wider[1].requires_grad_(True)
    divergences(*wider, torch.tensor([4, 2]), temperature=2.0).sum().backward()
    assert torch.isfinite(wider[1].grad).all()


def test_two_processes_average_to_what_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    data, student = spoken(seed=0), Frames(seed=7)
    together = pull({}, student, data, [0, 20, 33, 21]).item()
    monkeypatch.setattr(world, "world_size", lambda: 2)
    parts = [pull({}, student, data, rows, global_size=4).item() for rows in ([0, 20, 33], [21])]
    assert sum(parts) / 2 == pytest.approx(together, rel=1e-5)


def test_rehearsal_forgets_less_than_plain_fine_tuning() -> None:
    data = spoken(seed=3, shift=1.0)
    base = mitigated(method_of("mix", {"share": 0.999}), Frames(seed=3), data, n_steps=60, rate=0.1)
    losses = {
        name: mean_loss(mitigated(method_of(name, settings), base, data, n_steps=40, rate=0.05), data, data.general_rows)
        for name, settings in {
            "fine-tuning": {},
            "replay": {"share": 0.3},
            "distillation": {"share": 0.3, "strength": 3.0},
        }.items()
    }
    assert losses["distillation"] < losses["replay"] < losses["fine-tuning"]
