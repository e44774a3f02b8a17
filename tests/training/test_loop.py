"""The loop against thirty lines of plain torch, and what it promises besides."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from toy_recogniser import Toy, same_weights, toy_data, weights_of

from fairasr.core.errors import OutputError, TrainingError
from fairasr.training import HISTORY_COLUMNS, Budget, Hooks, Step, Trained, TrainingData, train
from fairasr.training.batches import batch_schedule

BUDGET = Budget(n_steps=6, batch_size=8, learning_rate=0.05, checkpoint_every=2, clip_norm=0.0, optimiser="sgd")


def pull(step: Step) -> torch.Tensor:
    """A penalty with a gradient of its own."""
    return 0.3 * sum((weight**2).sum() for weight in step.model.module.parameters())  # type: ignore[return-value]


def trained(folder: Path, budget: Budget, *, data: TrainingData | None = None, hooks: Hooks | None = None, **model: Any) -> tuple:
    """A toy after training, and what the run left."""
    toy = Toy(**model)
    return toy, train(toy, data or toy_data(), hooks or Hooks(), budget, seed=3, folder=folder)


def trained_plainly(budget: Budget, data: TrainingData, *, penalty: bool = False) -> Toy:
    """The same in plain torch."""
    model = Toy()
    schedule = batch_schedule(weights=data.target.astype(float), batch_size=budget.batch_size, n_steps=budget.n_steps, seed=3)
    parameters = list(model.module.parameters())
    make = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}[budget.optimiser]
    optimiser = make(parameters, lr=budget.learning_rate, weight_decay=0.0)
    for done, rows in enumerate(schedule):
        risen = done / budget.warmup_steps if done < budget.warmup_steps else 1.0
        fallen = (budget.n_steps - done) / (budget.n_steps - budget.warmup_steps) if budget.schedule == "linear" else 1.0
        optimiser.param_groups[0]["lr"] = budget.learning_rate * (risen if risen < 1 else fallen)
        batch = data.batch(model, rows)
        losses = model.losses(model.outputs(batch), batch) / model.target_lengths(batch)
        loss = losses.mean()
        if penalty:
            loss = loss + 0.3 * sum((weight**2).sum() for weight in parameters)
        optimiser.zero_grad()
        loss.backward()
        if budget.clip_norm:
            torch.nn.utils.clip_grad_norm_(parameters, budget.clip_norm)
        optimiser.step()
    return model


def furthest(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> float:
    assert one.keys() == other.keys()
    return max(float((one[name] - other[name]).abs().max()) for name in one)


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
@pytest.mark.parametrize("changes", [{}, {"warmup_steps": 3, "schedule": "linear", "clip_norm": 0.5}], ids=["plain", "warm-up"])
def test_the_loop_does_what_plain_torch_does(tmp_path: Path, optimiser: Any, changes: dict[str, Any]) -> None:
    budget = dataclasses.replace(BUDGET, optimiser=optimiser, **changes)
    model, _ = trained(tmp_path, budget)
    expected = trained_plainly(budget, toy_data())
    assert furthest(weights_of(model), weights_of(expected)) < 1e-6
    assert furthest(weights_of(model), weights_of(Toy())) > 0.01


@pytest.mark.parametrize("accumulation", [2, 4, 8])
def test_accumulation_changes_neither_the_task_nor_the_penalty(tmp_path: Path, accumulation: int) -> None:
    """transformers#47688: the trainer multiplies both by the number of micro-batches unless it is told not to."""
    budget = dataclasses.replace(BUDGET, accumulation=accumulation)
    data = toy_data()
    model, result = trained(tmp_path, budget, hooks=Hooks(penalty=pull))
    expected = trained_plainly(BUDGET, data, penalty=True)
    assert furthest(weights_of(model), weights_of(expected)) < 1e-6
    start = 0.3 * sum(float((weight.detach() ** 2).sum()) for weight in Toy().module.parameters())
    assert result.history["loss_penalty"][0] == pytest.approx(start, rel=1e-6), "the history tells it once, too"


def test_micro_batches_of_unequal_size_count_by_their_utterances(tmp_path: Path) -> None:
    """Groups fill batches to a duration, so seven rows may be cut into 2 + 2 + 2 + 1."""
    data = toy_data()
    hooks = Hooks(sampling_weights=np.ones(len(data)), batch_groups=data.cohorts)
    budget = dataclasses.replace(BUDGET, batch_size=8)
    whole, _ = trained(tmp_path / "whole", budget, hooks=hooks)
    cut, result = trained(tmp_path / "cut", dataclasses.replace(budget, accumulation=4), hooks=hooks)
    from fairasr.training.durations import durations_s

    schedule = batch_schedule(
        weights=np.ones(24), batch_size=8, n_steps=6, seed=3, groups=data.cohorts, durations_s=durations_s(data), least=4
    )
    assert any(len(rows) % 4 for rows in schedule), "or this tests nothing"
    assert furthest(weights_of(whole), weights_of(cut)) < 1e-6
    assert result.drawn.tolist() == np.bincount(np.concatenate(schedule), minlength=24).tolist()


def test_neutral_hooks_train_bit_for_bit_like_none(tmp_path: Path) -> None:
    data = toy_data(n_target=16)
    budget = dataclasses.replace(BUDGET, optimiser="adamw")
    plain, _ = trained(tmp_path / "plain", budget, data=data, dropout=0.3)
    neutral = Hooks(
        sampling_weights=np.where(data.target, 0.1 + 0.2, 0.0), reduce=lambda step: step.losses_per_symbol.sum() / step.global_size
    )
    same, _ = trained(tmp_path / "neutral", budget, data=data, hooks=neutral, dropout=0.3)
    assert same_weights(weights_of(plain), weights_of(same))


def test_the_history_says_what_was_done(tmp_path: Path) -> None:
    data = toy_data(n_target=12)
    hooks = Hooks(sampling_weights=np.ones(24), penalty=pull)
    seen: list[tuple[str, int, int]] = []
    model = Toy()
    result = train(
        model,
        data,
        hooks,
        dataclasses.replace(BUDGET, warmup_steps=2),
        seed=3,
        folder=tmp_path,
        progress=lambda *told: seen.append(told),
    )
    history = result.history
    schedule = batch_schedule(weights=np.ones(24), batch_size=8, n_steps=6, seed=3)
    assert tuple(history.columns) == HISTORY_COLUMNS
    assert history["step"].tolist() == [1, 2, 3, 4, 5, 6]
    assert history["target_share"].tolist() == [float((rows < 12).mean()) for rows in schedule]
    audio_s = [sum(len(data.recordings.read(row)) for row in rows) / 100 for rows in schedule]
    assert history["audio_s"].to_numpy() == pytest.approx(audio_s)
    assert result.audio_s == pytest.approx(sum(audio_s))
    assert history["learning_rate"].tolist() == pytest.approx([0, 0.025, 0.05, 0.05, 0.05, 0.05])
    start = Toy()
    batch = data.batch(start, schedule[0])
    with torch.no_grad():
        losses = start.losses(start.outputs(batch), batch) / start.target_lengths(batch)
    assert history["loss_task"][0] == pytest.approx(float(losses.mean()), rel=1e-5)
    assert history["penalty_ratio"].to_numpy() == pytest.approx((history["loss_penalty"] / history["loss_task"]).to_numpy())
    assert seen == [("training", done, 6) for done in range(1, 7)]
    assert result.drawn.sum() == 48
    assert result.wall_s > 0


def test_a_run_leaves_no_trace_but_its_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random.seed(1)
    np.random.seed(2)
    torch.manual_seed(3)
    expected = random.random(), np.random.random(), torch.rand(1).item()
    random.seed(1)
    np.random.seed(2)
    torch.manual_seed(3)
    data = toy_data()
    before = data.manifest.table.copy(), [sound.copy() for sound in data.recordings.recordings]  # type: ignore[attr-defined]
    model, _ = trained(tmp_path, BUDGET, data=data, dropout=0.5)
    assert (random.random(), np.random.random(), torch.rand(1).item()) == expected
    assert not model.module.training
    assert all(weight.device.type == "cpu" for weight in model.module.parameters())
    assert data.manifest.table.equals(before[0])
    assert all(
        np.array_equal(one, other)
        for one, other in zip(data.recordings.recordings, before[1], strict=True)  # type: ignore[attr-defined]
    )
    said = capsys.readouterr()
    assert said.out == said.err == ""
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"run.json", "history.jsonl", "status.json", "finished.json", "snapshots/step-6.safetensors"}


class Watch(torch.nn.Module):
    """Notes whether it was in training mode."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[bool] = set()

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        self.seen.add(self.training)
        return hidden


@pytest.mark.parametrize("dropout", [True, False])
def test_dropout_is_on_or_off_as_the_budget_says(tmp_path: Path, *, dropout: bool) -> None:
    model = Toy(dropout=0.5)
    model.module.norm = Watch()
    train(model, toy_data(), Hooks(), dataclasses.replace(BUDGET, dropout=dropout), seed=3, folder=tmp_path)
    assert model.module.norm.seen == {dropout}


@pytest.mark.parametrize("dropout", [True, False])
@pytest.mark.parametrize("freeze", [True, False])
def test_normalisation_statistics_stay_or_move_as_the_budget_says(tmp_path: Path, *, dropout: bool, freeze: bool) -> None:
    budget = dataclasses.replace(BUDGET, freeze_statistics=freeze, dropout=dropout)
    model, _ = trained(tmp_path, budget, batch_norm=True)
    before = Toy(batch_norm=True).module.norm.running_mean
    assert torch.equal(model.module.norm.running_mean, before) is freeze
    assert not torch.equal(model.module.norm.weight, Toy(batch_norm=True).module.norm.weight), "its weights are trained"


def test_frozen_parameters_stay(tmp_path: Path) -> None:
    model = Toy()
    model.module.enter.requires_grad_(False)
    train(model, toy_data(), Hooks(), BUDGET, seed=3, folder=tmp_path)
    start = weights_of(Toy())
    assert torch.equal(model.module.enter.weight, start["enter.weight"])
    assert not torch.equal(model.module.leave.weight, start["leave.weight"])


def test_half_precision_trains_with_losses_and_penalties_in_full(tmp_path: Path) -> None:
    seen: list[torch.dtype] = []

    def penalty(step: Step) -> torch.Tensor:
        product = step.model.module.enter.weight.T @ step.model.module.enter.weight
        seen.extend([step.losses.dtype, step.outputs.log_probs.dtype, product.dtype])
        return product.sum() * 1e-3

    budget = dataclasses.replace(BUDGET, precision="bf16", n_steps=20, learning_rate=0.3)
    model, result = trained(tmp_path, budget, hooks=Hooks(penalty=penalty))
    assert set(seen) == {torch.float32}
    assert model.module.enter.weight.dtype == torch.float32
    assert result.history["loss_task"].iloc[-1] < result.history["loss_task"][0] - 0.3
    exact, _ = trained(tmp_path / "exact", dataclasses.replace(budget, precision="float32"), hooks=Hooks(penalty=penalty))
    assert not same_weights(weights_of(model), weights_of(exact)), "the layers did run in bf16"


def test_fp16_without_a_gpu_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="fp16 needs a GPU"):
        train(Toy(), toy_data(), Hooks(), dataclasses.replace(BUDGET, precision="fp16"), seed=3, folder=tmp_path, use_cpu=True)


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    model = Toy()
    model.module.requires_grad_(False)
    wrong: Any = Budget(n_steps=0, batch_size=6, accumulation=4, schedule="stairs", learning_rate=-1)  # type: ignore[arg-type]
    with pytest.raises(TrainingError) as caught:
        train(model, toy_data(), Hooks(sampling_weights=np.ones(3)), wrong, seed=-1, folder=tmp_path)
    for words in (
        "n_steps is 0",
        "6 is no multiple of accumulation 4",
        "'stairs'",
        "learning_rate",
        "3 values for 24",
        "seed",
        "no param",
    ):
        assert words in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_no_target_utterance_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="all 24 sampling weights are 0"):
        train(Toy(), toy_data(n_target=0), Hooks(), BUDGET, seed=3, folder=tmp_path)


def test_a_recording_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"'u05', wanted at step \d, cannot be used: the file ends after 3 bytes"):
        train(Toy(), toy_data(broken=5), Hooks(), BUDGET, seed=3, folder=tmp_path)


class Poisoned(Toy):
    """Gives no finite loss for references that begin with "c", from the seventh batch on."""

    calls = 0

    def losses(self, outputs: Any, batch: Any) -> torch.Tensor:
        self.calls += 1
        losses = super().losses(outputs, batch)
        lost = (batch["targets"][:, 0] == 2) & (self.calls > 6)
        return losses.masked_fill(lost, float("nan"))


def test_a_loss_that_is_no_number_stops_the_run_and_names_the_utterances(tmp_path: Path) -> None:
    data = toy_data()
    budget = dataclasses.replace(BUDGET, n_steps=12)
    with pytest.raises(TrainingError) as caught:
        train(Poisoned(), data, Hooks(), budget, seed=3, folder=tmp_path)
    rows = batch_schedule(weights=np.ones(24), batch_size=8, n_steps=12, seed=3)[6]
    lost = [row for row in rows if data.manifest.table["reference"][row].startswith("c")]
    assert 0 < len(lost) < 8
    assert f"at step 7 the loss of {len(lost)} of the 8 utterances" in str(caught.value)
    assert f"'u{lost[0]:02}'" in str(caught.value)
    assert sorted(path.name for path in tmp_path.glob("checkpoint-*")) == ["checkpoint-4", "checkpoint-6"]
    assert json.loads((tmp_path / "status.json").read_text()) == {"run": tmp_path.name, "status": "failed"}


def test_a_penalty_that_is_no_number_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="at step 1 the penalty loss is not a finite number"):
        trained(tmp_path, BUDGET, hooks=Hooks(penalty=lambda step: step.losses.sum() * float("inf")))


def test_a_gradient_that_is_no_number_changes_no_weight(tmp_path: Path) -> None:
    model = Toy()

    def edge(step: Step) -> torch.Tensor:
        return (step.model.module.enter.weight * 0).sum().sqrt()  # 0, with an infinite slope

    with pytest.raises(TrainingError, match="at step 1 the gradient is not a finite number"):
        train(model, toy_data(), Hooks(penalty=edge), BUDGET, seed=3, folder=tmp_path)
    assert same_weights(weights_of(model), weights_of(Toy()))


def test_a_finished_run_is_given_again_without_training(tmp_path: Path) -> None:
    model, first = trained(tmp_path, BUDGET)
    again = Toy()
    again.losses = None  # type: ignore[method-assign,assignment]
    second = train(again, toy_data(), Hooks(), BUDGET, seed=3, folder=tmp_path)
    assert same_weights(weights_of(model), weights_of(again))
    assert second.history.equals(first.history)
    assert {**vars(second), "history": 0, "drawn": 0} == {**vars(first), "history": 0, "drawn": 0}
    assert second.drawn.tolist() == first.drawn.tolist()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"budget": dataclasses.replace(BUDGET, batch_size=4)}, "batch_size was 8, is 4"),
        ({"seed": 4}, "seed was 3, is 4"),
        ({"fingerprint": {"method": {"strength": 10}}}, "method.strength was 1, is 10"),
        ({"data": toy_data(n=20, n_target=20)}, "schedule_sha256 was"),
        ({"model": Toy(seed=9)}, "starting_weights_sha256 was"),
        ({"model": Toy(batch_norm=True)}, "trainable.norm.bias was absent, is"),
        ({"hooks": Hooks(penalty=pull)}, "terms.penalty was , is pull"),
    ],
)
def test_a_run_is_not_gone_on_with_as_another(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {"data": toy_data(), "hooks": Hooks(), "budget": BUDGET, "seed": 3}
    given |= {"fingerprint": {"method": {"strength": 1}}}
    train(Toy(), folder=tmp_path, **given)
    with pytest.raises(TrainingError) as caught:
        train(folder=tmp_path, **{"model": Toy(), **given, **changes})
    assert words in str(caught.value)
    assert "train in another folder" in str(caught.value)


def test_a_finished_run_whose_files_were_changed_is_refused(tmp_path: Path) -> None:
    trained(tmp_path, BUDGET)
    history = tmp_path / "history.jsonl"
    kept = history.read_text()
    history.write_text(kept[:-20])
    with pytest.raises(TrainingError, match="not as the run left it"):
        trained(tmp_path, BUDGET)
    history.write_text(kept)
    (tmp_path / "snapshots" / "step-6.safetensors").unlink()
    with pytest.raises(TrainingError, match="1 of its 1 weight files are gone"):
        trained(tmp_path, BUDGET)


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        trained(tmp_path / "file" / "run", BUDGET)


def test_two_processes_of_two_jobs_do_not_share_a_folder(tmp_path: Path) -> None:
    def look(*_: object) -> None:
        with pytest.raises(TrainingError, match="another process is training in"):
            trained(tmp_path, BUDGET)

    train(Toy(), toy_data(), Hooks(), BUDGET, seed=3, folder=tmp_path, progress=look)
    trained(tmp_path, BUDGET)


def test_weights_are_kept_at_even_steps(tmp_path: Path) -> None:
    _, result = trained(tmp_path, dataclasses.replace(BUDGET, n_steps=10, n_snapshots=3))
    assert isinstance(result, Trained)
    assert list(result.snapshots) == [3, 7, 10]
    assert all(path.is_file() for path in result.snapshots.values())
