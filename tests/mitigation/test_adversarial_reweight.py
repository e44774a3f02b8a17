"""Adversarial reweighting: its weights, its adversary against autograd, and what it finds and does not find."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from toy_groups import FRAME, OneWord, data_of, step_of, trained

from fairasr.core.errors import JobError, TrainingError
from fairasr.mitigation import utterance_features as feature_file
from fairasr.mitigation.methods.adversarial_reweight import AdversarialReweighting, AgainstAdversary
from fairasr.mitigation.utterance_features import utterance_features
from fairasr.models import Trainable, UnreadableAudioError
from fairasr.models.mel import mel_spectrogram

NO_MODEL = cast(Trainable, None)
FEATURES = np.random.default_rng(0).normal(size=(40, 3))


def term_of(*, features: np.ndarray = FEATURES, pretraining_steps: int = 0, learning_rate: float = 0.1) -> AgainstAdversary:
    return AgainstAdversary(features=features, pretraining_steps=pretraining_steps, learning_rate=learning_rate)


def random_batches(n: int, *, seed: int = 1) -> list[Any]:
    generator = np.random.default_rng(seed)
    return [step_of(generator.gamma(2.0, size=8).tolist(), generator.choice(40, 8, replace=False)) for _ in range(n)]


# --- weights


def test_a_constant_adversary_doubles_the_plain_loss_and_keeps_its_direction() -> None:
    losses = torch.tensor([4.0, 1.0, 9.0], requires_grad=True)
    step = step_of(losses, [0, 1, 2], lengths=[2, 1, 3])
    loss = term_of(learning_rate=0)(step)
    assert loss.item() == pytest.approx(2 * (2 + 1 + 3) / 3)
    loss.backward()
    np.testing.assert_allclose(losses.grad, [2 / 3 / 2, 2 / 3, 2 / 3 / 3], rtol=1e-6)


def test_weights_are_at_least_one_and_two_on_average_whatever_the_adversary_says() -> None:
    term = term_of(learning_rate=2.0)
    for step in random_batches(30):
        term(step)
    weights = term.weights(np.arange(40))
    assert weights.min() >= 1
    assert weights.mean() == pytest.approx(2)
    assert weights.max() > 3  # else nothing was tested


def test_pretraining_is_the_plain_mean_and_leaves_the_adversary_alone() -> None:
    term = term_of(pretraining_steps=2, learning_rate=1.0)
    for step in random_batches(2):
        assert term(step).item() == pytest.approx(step.losses.mean().item())
        np.testing.assert_allclose(term.weights(np.arange(40)), 2)
    [step] = random_batches(1)
    assert term(step).item() == pytest.approx(2 * step.losses.mean().item())
    assert term.weights(np.arange(40)).max() > 2.1


def test_the_adversary_climbs_the_slope_that_autograd_finds() -> None:
    term = term_of(learning_rate=0.3)
    with_bias = torch.tensor(np.column_stack([FEATURES, np.ones(40)]))
    plane, squares = torch.zeros(4, dtype=torch.float64), torch.zeros(4, dtype=torch.float64)
    for step in random_batches(5):
        free = plane.clone().requires_grad_()
        said = torch.sigmoid(with_bias[step.rows] @ free)
        weighted = ((1 + said / said.mean()) * step.losses_per_symbol.detach().double()).mean()
        [slope] = torch.autograd.grad(weighted, free)
        squares = squares + slope**2
        plane = plane + 0.3 * slope / (squares.sqrt() + 1e-10)
        assert term(step).item() == pytest.approx(weighted.item(), rel=1e-6)
        np.testing.assert_allclose(term.state_dict()["plane"], plane, rtol=1e-8, atol=1e-12)


def test_an_adversary_that_says_almost_none_gives_no_infinite_weight() -> None:
    term = term_of(features=np.zeros((4, 1)))
    term.load_state_dict({**term.state_dict(), "plane": torch.tensor([0.0, -60.0], dtype=torch.float64)})
    assert term(step_of([1.0, 3.0], [0, 1])).item() == pytest.approx(2.0)  # f / 1e-4 is nothing: the plain mean
    assert bool(torch.isfinite(term.state_dict()["plane"]).all())


def test_doubling_length_leaves_the_adversary_as_it_is() -> None:
    once, twice = term_of(), term_of()
    once(step_of([2.0, 6.0, 3.0], [0, 1, 2], lengths=[2, 2, 1]))
    twice(step_of([2.0, 6.0, 6.0], [0, 1, 2], lengths=[2, 2, 2]))
    assert torch.equal(once.state_dict()["plane"], twice.state_dict()["plane"])


def test_a_resumed_run_goes_on_bit_for_bit() -> None:
    whole, first, second = (term_of(pretraining_steps=1) for _ in range(3))
    batches = random_batches(6)
    losses = [whole(step).item() for step in batches]
    for step in batches[:3]:
        first(step)
    state = first.state_dict()
    first(batches[3])
    second.load_state_dict(state)
    assert [second(step).item() for step in batches[3:]] == losses[3:]


# --- what it finds


def fitted(features: np.ndarray, x: np.ndarray, y: np.ndarray, *, adversary: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Losses of a line y = a x + b fitted by 300 steps of 16 (mean of the last 100), and the weights of all: float (n,) each."""
    term = term_of(features=features, pretraining_steps=20 if adversary else 10**9, learning_rate=0.03)
    generator = np.random.default_rng(seed)
    line = torch.zeros(2, requires_grad=True)
    lines = []
    x_tensor, y_tensor = torch.tensor(x), torch.tensor(y)
    for _ in range(300):
        rows = generator.choice(len(x), 16)
        loss = term(step_of(((line[0] * x_tensor[rows] + line[1] - y_tensor[rows]) ** 2).float(), rows))
        line.data -= 0.05 * torch.autograd.grad(loss, line)[0]
        lines.append(line.detach().numpy().copy())
    a, b = np.mean(lines[-100:], axis=0)
    return (a * x + b - y) ** 2, term.weights(np.arange(len(x)))


def standardised(*columns: np.ndarray) -> np.ndarray:
    features = np.column_stack(columns)
    return (features - features.mean(axis=0)) / features.std(axis=0)


def test_a_hard_minority_that_features_tell_apart_gains_weight_and_errs_less() -> None:
    """One in ten has y = -x where the others have y = x, and the line does not know who."""
    for seed in range(4):
        generator = np.random.default_rng(seed)
        minority, x = np.arange(800) < 80, generator.normal(size=800)
        y = np.where(minority, -x, x)
        features = standardised(x, y, minority, generator.normal(size=(800, 14)))
        plain, _ = fitted(features, x, y, adversary=False, seed=seed)
        against, weights = fitted(features, x, y, adversary=True, seed=seed)
        assert weights[minority].mean() > 1.4 * weights[~minority].mean()
        assert against[minority].mean() < 0.95 * plain[minority].mean()


def test_pure_label_noise_gains_no_weight() -> None:
    """One in ten has a spoilt y; nothing else tells them apart. Mean over seeds: each alone has a few % of chance in it."""
    ratios = []
    for seed in range(6):
        generator = np.random.default_rng(seed)
        spoilt, x = np.arange(800) < 80, generator.normal(size=800)
        y = x + np.where(spoilt, 2 * generator.choice([-1, 1], size=800), 0)
        features = standardised(x, y, generator.normal(size=(800, 15)))
        losses, weights = fitted(features, x, y, adversary=True, seed=seed)
        assert losses[spoilt].mean() > 10 * losses[~spoilt].mean()  # there is something to be tempted by
        ratios.append(weights[spoilt].mean() / weights[~spoilt].mean())
    assert np.mean(ratios) < 1.12


# --- features


def sounds(n: int, *, seed: int = 0) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [generator.normal(scale=0.1, size=1600 + 160 * i).astype(np.float32) for i in range(n)]


def test_features_are_standardised_statistics_of_sound_and_text() -> None:
    samples = sounds(4)
    references = ["a b c", "", "aa", "one two"]
    found = utterance_features(data_of(["a"] * 4, samples=samples, references=references), n_bands=3)
    power = [mel_spectrogram(s, sample_rate_hz=16_000, window_samples=400, hop_samples=160, n_mels=3) for s in samples]
    logs = [np.log(p.astype(float) + 1e-10) for p in power]
    seconds = [len(s) / 16_000 for s in samples]
    expected = standardised(
        np.array([log.mean(axis=0) for log in logs]),
        np.array([log.std(axis=0) for log in logs]),
        np.array([5, 0, 2, 7]),
        np.array([3 / seconds[0], 0, 1 / seconds[2], 2 / seconds[3]]),
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_what_never_varies_is_zero() -> None:
    found = utterance_features(data_of(["a"] * 3, samples=sounds(1) * 3, references=["x"] * 3), n_bands=2)
    np.testing.assert_array_equal(found, np.zeros((3, 6)))


def test_features_are_kept_by_what_they_were_made_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = data_of(["a"] * 3, samples=sounds(3), references=["x", "y y", "z"])
    first = utterance_features(data, n_bands=2, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("made again")

    with monkeypatch.context() as patched:
        patched.setattr(feature_file, "mel_spectrogram", refuse)
        np.testing.assert_array_equal(utterance_features(data, n_bands=2, cache=tmp_path), first)
    for other, n_bands in (
        (data_of(["a"] * 3, samples=sounds(3, seed=1), references=["x", "y y", "z"]), 2),
        (data_of(["a"] * 3, samples=sounds(3), references=["x", "y y", "zz"]), 2),
        (data, 3),
    ):
        again = utterance_features(other, n_bands=n_bands, cache=tmp_path)
        assert again.shape != first.shape or not np.allclose(again, first)
    assert len(list(tmp_path.iterdir())) == 4


def test_a_broken_cache_is_made_again(tmp_path: Path) -> None:
    data = data_of(["a"] * 3, samples=sounds(3), references=["x", "y y", "z"])
    first = utterance_features(data, n_bands=2, cache=tmp_path)
    [kept] = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:-3])
    np.testing.assert_array_equal(utterance_features(data, n_bands=2, cache=tmp_path), first)


def test_a_recording_that_cannot_be_read_is_named() -> None:
    data = data_of(["a"] * 3, samples=sounds(3))

    def read(row: int) -> np.ndarray:
        if row == 1:
            raise UnreadableAudioError("there is no such file")
        return sounds(3)[row]

    data.recordings.read = read  # type: ignore[method-assign]
    with pytest.raises(TrainingError, match=r"utterance 'u1' cannot be used: there is no such file"):
        AdversarialReweighting().hooks(NO_MODEL, data, seed=0)


# --- the method


def test_hooks_draw_everyone_evenly_and_find_a_cohort_by_its_sound() -> None:
    """A tenth speak in another band and say another word than the others would; no cohort is told to the method."""
    generator = np.random.default_rng(0)
    n = 240
    rare = np.arange(n) < 24
    time_s = np.arange(1200) / 16_000
    pitch_hz = np.where(rare, 3000, 300) * generator.uniform(0.9, 1.1, size=n)
    samples = [np.sin(2 * np.pi * hz * time_s).astype(np.float32) + 0.01 for hz in pitch_hz]
    # The model hears 2 frames of nothing but noise, so the best it can do is to name the commoner word.
    data = data_of(["x"] * n, samples=samples, references=np.where(rare, "no", "yes").tolist())
    hooks = AdversarialReweighting(pretraining_steps=5, adversary_learning_rate=0.1).hooks(NO_MODEL, data, seed=0)
    assert isinstance(hooks.reduce, AgainstAdversary)
    np.testing.assert_array_equal(hooks.sampling_weights, np.ones(n))
    deaf = [np.zeros(2 * FRAME, dtype=np.float32)] * n
    trained(
        OneWord(["yes", "no"], seed=0),
        data_of(["x"] * n, samples=deaf, references=np.where(rare, "no", "yes").tolist()),
        hooks,
        n_steps=100,
        seed=0,
    )
    weights = hooks.reduce.weights(np.arange(n))
    assert weights[rare].mean() > 1.5 * weights[~rare].mean()


def test_too_few_utterances_for_the_adversary_are_an_obstacle() -> None:
    obstacle = AdversarialReweighting(n_bands=1).obstacle(NO_MODEL, data_of(["a"] * 39))
    assert obstacle is not None
    assert "39 training utterances" in obstacle
    assert "needs 40" in obstacle
    assert AdversarialReweighting(n_bands=1).obstacle(NO_MODEL, data_of(["a"] * 40)) is None


def test_wrong_settings_are_refused_together() -> None:
    with pytest.raises(JobError, match=r"pretraining_steps is -1.*adversary_learning_rate is -0.1.*n_bands is 0"):
        AdversarialReweighting(pretraining_steps=-1, adversary_learning_rate=-0.1, n_bands=0)
