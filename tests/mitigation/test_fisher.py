"""Fisher information against hand computation, a second implementation and Monte-Carlo error."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from toy import Frames, Logistic, MadeUp, data_of, spoken

from fairasr.core.errors import TrainingError
from fairasr.mitigation.fisher import fisher_diagonal
from fairasr.mitigation.fisher_cache import fisher_key
from fairasr.mitigation.methods import ewc
from fairasr.mitigation.methods.ewc import EWC
from fairasr.models import UnreadableAudioError
from fairasr.training import TrainingData

WEIGHT = np.array([0.8, -1.5, 0.3])


def logistic_data(n: int, *, seed: int) -> tuple[TrainingData, np.ndarray, np.ndarray, np.ndarray]:
    """Utterances whose references follow the model of WEIGHT; their x, p and y."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 3)).astype(np.float32) * [1.0, 0.5, 2.0]
    p = 1 / (1 + np.exp(-x @ WEIGHT))
    y = (random.random(n) < p).astype(int)
    return data_of(list(x.astype(np.float32)), [str(one) for one in y], target=np.zeros(n, dtype=bool)), x, p, y


def fisher_of(data: TrainingData, **settings: object) -> np.ndarray:
    rows = np.arange(len(data))
    found = fisher_diagonal(Logistic(WEIGHT), data, rows, **{"variant": "empirical", "seed": 0, **settings})  # type: ignore[arg-type]
    return found.diagonal["layer.weight"].numpy()[0]


def test_the_empirical_one_is_the_mean_squared_gradient() -> None:
    data, x, p, y = logistic_data(30, seed=0)
    np.testing.assert_allclose(fisher_of(data), np.mean(((y - p)[:, None] * x) ** 2, axis=0), rtol=1e-5)


def test_the_sampled_one_is_p_times_1_minus_p_times_x_squared_within_monte_carlo_error() -> None:
    n = 1_000
    data, x, p, _ = logistic_data(n, seed=1)
    wrong = dataclasses.replace(data, manifest=data_of(list(x.astype(np.float32)), ["0"] * n, target=data.target).manifest)
    information = p * (1 - p)
    # y is 1 with chance p, so (y - p)^2 has mean p (1 - p) and variance p (1 - p) (1 - 2 p)^2.
    error = np.sqrt(np.mean((information * (1 - 2 * p) ** 2)[:, None] * x**4, axis=0) / n)
    expected = np.mean(information[:, None] * x**2, axis=0)
    found = fisher_of(wrong, variant="sample")
    assert np.all(np.abs(found - expected) < 4 * error), (found, expected, error)
    # Its references are wrong and it does not look at them; the empirical one does.
    assert np.all(np.abs(fisher_of(wrong) - expected) > 8 * error)


def test_the_batched_one_is_about_a_batch_too_small() -> None:
    data, *_ = logistic_data(2_000, seed=2)
    ratio = fisher_of(data) / fisher_of(data, variant="batched", batch_size=10)
    # 200 squared means: 10 % relative standard error.
    assert np.all((ratio > 7) & (ratio < 14)), ratio


def test_the_batched_one_weighs_a_smaller_last_batch_by_its_size() -> None:
    data, x, p, y = logistic_data(5, seed=3)
    gradients = (p - y)[:, None] * x
    expected = (3 * gradients[:3].mean(axis=0) ** 2 + 2 * gradients[3:].mean(axis=0) ** 2) / 5
    np.testing.assert_allclose(fisher_of(data, variant="batched", batch_size=3), expected, rtol=1e-5)
    np.testing.assert_allclose(fisher_of(data, variant="batched", batch_size=1), fisher_of(data), rtol=1e-6)


@pytest.mark.parametrize("variant", ["empirical", "sample"])
def test_no_batch_size_enters(variant: str) -> None:
    data, *_ = logistic_data(20, seed=4)
    assert np.array_equal(fisher_of(data, variant=variant, batch_size=1), fisher_of(data, variant=variant, batch_size=7))


def test_it_is_what_single_utterances_of_one_padded_batch_give() -> None:
    """A second implementation: one forward pass of all, a backward pass of each utterance's loss."""
    data, model = spoken(seed=0, n=9), Frames()
    rows = np.arange(9)
    batch = data.batch(model, rows)
    losses = model.losses(model.outputs(batch), batch)
    squares = [[g**2 for g in torch.autograd.grad(loss, list(model.module.parameters()), retain_graph=True)] for loss in losses]
    expected = [torch.stack(of_one).mean(dim=0) for of_one in zip(*squares, strict=True)]
    found = fisher_diagonal(model, data, rows, variant="empirical", seed=0).diagonal
    assert len(found) == 4
    for values, wanted in zip(found.values(), expected, strict=True):
        torch.testing.assert_close(values, wanted, rtol=1e-4, atol=1e-7)


def test_a_draw_belongs_to_its_utterance_and_seed() -> None:
    data, model = spoken(seed=0, n=9), Frames()

    def found(rows: list[int], seed: int) -> torch.Tensor:
        return fisher_diagonal(model, data, np.array(rows), variant="sample", seed=seed).diagonal["hidden.weight"]

    torch.testing.assert_close(found([4, 2, 7], 0) * 3, found([2], 0) + found([4], 0) + found([7], 0))
    assert not torch.equal(found([2], 0), found([2], 1))


def test_dropout_is_off_and_modes_come_back() -> None:
    data, model = spoken(seed=0, n=4), Frames()
    expected = fisher_diagonal(model, data, np.arange(4), variant="empirical", seed=0).diagonal["hidden.weight"]
    model.module.train()
    model.module.hidden.eval()
    before = {name: values.clone() for name, values in model.module.state_dict().items()}
    again = fisher_diagonal(model, data, np.arange(4), variant="empirical", seed=0).diagonal["hidden.weight"]
    assert torch.equal(again, expected)
    assert [part.training for part in model.module.modules()] == [True, False, True, True]
    assert all(torch.equal(values, before[name]) for name, values in model.module.state_dict().items())
    assert all(parameter.grad is None for parameter in model.module.parameters())


def test_normalised_it_has_mean_1_over_all_parameters() -> None:
    fisher = fisher_diagonal(Frames(), spoken(seed=0), np.arange(20, 30), variant="empirical", seed=0)
    normalised = fisher.normalised()
    assert torch.cat([values.flatten() for values in normalised.values()]).mean() == pytest.approx(1)
    assert fisher.raw_mean == pytest.approx(float(torch.cat([values.flatten() for values in fisher.diagonal.values()]).mean()))
    assert 0 < fisher.raw_mean != 1
    assert fisher.n_utterances == 10


def test_a_tied_parameter_counts_once() -> None:
    model = Frames(n_hidden=3)
    model.module.again = torch.nn.Linear(3, 3)
    model.module.again.weight = model.module.output.weight
    model.module.again.bias = model.module.output.bias
    found = fisher_diagonal(model, spoken(seed=0, n=3), np.arange(3), variant="empirical", seed=0).diagonal
    assert list(found) == ["hidden.weight", "hidden.bias", "output.weight", "output.bias"]


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    data = spoken(seed=0, n=4)
    fisher_diagonal(Frames(), data, np.arange(4), variant="empirical", seed=0, progress=lambda *so_far: told.append(so_far))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_an_empty_set_is_refused() -> None:
    with pytest.raises(TrainingError, match="no utterance to take the Fisher information from"):
        fisher_diagonal(Frames(), spoken(seed=0), np.array([], dtype=int), variant="empirical", seed=0)


def test_a_parameter_that_nothing_depends_on_is_named() -> None:
    model = Frames()
    model.module.unused = torch.nn.Linear(2, 2)
    with pytest.raises(TrainingError, match=r"2 of 6 .* have no Fisher entry \(first: 'unused.weight'\)"):
        fisher_diagonal(model, spoken(seed=0), np.arange(3), variant="empirical", seed=0)


def test_nothing_but_zeros_is_refused() -> None:
    data = data_of([np.zeros(3, dtype=np.float32)] * 2, ["0", "1"], target=[False, False])
    with pytest.raises(TrainingError, match="zero throughout"):
        fisher_diagonal(Logistic(WEIGHT), data, np.arange(2), variant="empirical", seed=0)


def test_a_loss_that_is_no_number_is_named_by_its_utterance() -> None:
    data = data_of([np.ones(3, dtype=np.float32), np.full(3, np.nan, dtype=np.float32)], ["0", "1"], target=[False, False])
    with pytest.raises(TrainingError, match="utterance 'u1' is not finite"):
        fisher_diagonal(Logistic(WEIGHT), data, np.arange(2), variant="empirical", seed=0)


def test_a_recording_that_cannot_be_read_is_named_by_its_utterance(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(self: MadeUp, row: int) -> np.ndarray:
        raise UnreadableAudioError("it is empty")

    data = spoken(seed=0)
    monkeypatch.setattr(MadeUp, "read", unreadable)
    with pytest.raises(TrainingError, match="utterance 'u3': it is empty"):
        fisher_diagonal(Frames(), data, np.array([3]), variant="empirical", seed=0)


def test_it_is_computed_once_per_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, model, method = spoken(seed=0), Frames(), EWC(n_fisher=4)
    first = method.fisher(model, data, seed=0, cache=tmp_path)
    monkeypatch.setattr(ewc, "fisher_diagonal", lambda *_, **__: pytest.fail("computed again"))
    again = method.fisher(model, data, seed=0, cache=tmp_path)
    assert first.diagonal.keys() == again.diagonal.keys()
    assert all(torch.equal(first.diagonal[name], values) for name, values in again.diagonal.items())
    assert [path.suffix for path in tmp_path.iterdir()] == [".safetensors"]


def test_a_broken_file_of_the_cache_is_computed_anew(tmp_path: Path) -> None:
    data, model, method = spoken(seed=0), Frames(), EWC(n_fisher=4)
    first = method.fisher(model, data, seed=0, cache=tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    again = method.fisher(model, data, seed=0, cache=tmp_path)
    assert all(torch.equal(first.diagonal[name], values) for name, values in again.diagonal.items())
    assert path.read_bytes() == whole


def test_the_key_knows_all_that_the_information_depends_on() -> None:
    data, model = spoken(seed=0), Frames()
    rows, settings = np.arange(4), {"variant": "empirical"}
    other_weights, fewer_trained = Frames(), Frames()
    with torch.no_grad():
        other_weights.module.output.bias[0] += 1e-6
    fewer_trained.module.hidden.weight.requires_grad_(False)
    table = data.manifest.table.assign(reference="abc")
    other_references = dataclasses.replace(data, manifest=dataclasses.replace(data.manifest, table=table))
    keys = [
        fisher_key(model, data, rows, settings),
        fisher_key(other_weights, data, rows, settings),
        fisher_key(fewer_trained, data, rows, settings),
        fisher_key(model, other_references, rows, settings),
        fisher_key(model, data, rows + 1, settings),
        fisher_key(model, data, rows, {"variant": "sample"}),
    ]
    assert len(set(keys)) == len(keys)
    assert fisher_key(Frames(), spoken(seed=0), rows, settings) == keys[0]


def test_it_looks_at_the_general_population_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    data, seen = spoken(seed=0), []
    original = MadeUp.read

    def read(self: MadeUp, row: int) -> np.ndarray:
        seen.append(row)
        return original(self, row)

    monkeypatch.setattr(MadeUp, "read", read)
    EWC(n_fisher=10).fisher(Frames(), data, seed=0)
    assert len(set(seen)) == 10
    assert not data.target[seen].any()
    first = list(seen)
    seen.clear()
    EWC(n_fisher=10).fisher(Frames(), data, seed=1)
    assert seen != first
    seen.clear()
    EWC(n_fisher=1_000).fisher(Frames(), data, seed=0)
    assert seen == data.general_rows.tolist()
