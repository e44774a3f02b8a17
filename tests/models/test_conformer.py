"""The Conformer: batch and padding change nothing, seeds repeat, attention and subsampling against second implementations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fairasr.core.errors import ModelError  # noqa: E402
from fairasr.models.attention import RotaryAttention  # noqa: E402
from fairasr.models.conformer import ConformerCTC, ConformerSettings, conformer_settings  # noqa: E402
from fairasr.models.subsampling import Subsampling, subsampled_length  # noqa: E402

SMALL = ConformerSettings(n_mels=8, d_model=16, n_blocks=2, n_heads=2, kernel=7)


def conformer(settings: ConformerSettings = SMALL, *, seed: int = 0) -> ConformerCTC:
    return ConformerCTC.initialised(settings, n_symbols=5, seed=seed)


@pytest.mark.parametrize("settings", [SMALL, ConformerSettings()], ids=["small", "default"])
def test_neither_batch_nor_padding_changes_an_utterance(settings: ConformerSettings) -> None:
    rng = torch.Generator().manual_seed(0)
    module = conformer(settings)
    for parameter in module.parameters():  # biases too: a zero bias hides a step that should be masked
        torch.nn.init.normal_(parameter, std=0.2, generator=rng) if parameter.ndim == 1 else None
    lengths = torch.tensor([1, 2, 3, 4, 5, 37, 60])
    features = torch.randn(len(lengths), 75, settings.n_mels, generator=rng)
    with torch.no_grad():
        together, together_lengths = module(features, lengths)
        for i, length in enumerate(lengths.tolist()):
            alone, alone_length = module(features[i : i + 1, :length], lengths[i : i + 1])
            assert alone_length.item() == together_lengths[i] == alone.shape[1] == subsampled_length(length)
            torch.testing.assert_close(together[i, : alone.shape[1]], alone[0], atol=1e-5, rtol=0)
    assert torch.isfinite(together).all()


def test_every_frame_and_no_later_utterance_matters() -> None:
    """What the invariance must not rest on: a model that does not listen."""
    module = conformer()
    features = torch.randn(1, 30, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        before, _ = module(features, torch.tensor([30]))
        for frame in range(30):
            changed = features.clone()
            changed[0, frame] += 1
            assert not torch.allclose(module(changed, torch.tensor([30]))[0], before), frame


def test_the_same_seed_gives_the_same_weights_and_draws_from_no_global_generator() -> None:
    before = torch.get_rng_state()
    first, again, other = (conformer(seed=seed).state_dict() for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["output.weight"], other["output.weight"])


def test_the_default_has_about_a_million_parameters_and_starts_in_eval_mode() -> None:
    module = conformer(ConformerSettings())
    assert 0.8e6 < sum(parameter.numel() for parameter in module.parameters()) < 2e6
    assert not any(part.training for part in module.modules())


def test_dropout_acts_in_training_alone() -> None:
    module = conformer()
    features, lengths = torch.ones(1, 20, 8), torch.tensor([20])
    assert torch.equal(module(features, lengths)[0], module(features, lengths)[0])
    module.train()
    assert not torch.equal(module(features, lengths)[0], module(features, lengths)[0])


def test_the_symbols_of_a_fresh_model_are_nearly_equally_likely() -> None:
    """Neither dead nor saturated at the start, whatever the depth."""
    module = conformer(ConformerSettings(n_blocks=8))
    features = torch.randn(4, 100, 40, generator=torch.Generator().manual_seed(0))
    scores = module(features, torch.full((4,), 100))[0]
    assert 0.1 < scores.std() < 2


def test_rotary_attention_equals_one_in_complex_numbers() -> None:
    torch.manual_seed(0)
    attention = RotaryAttention(12, 2)
    hidden = torch.randn(2, 5, 12)
    inside = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    weight, bias = (value.detach().double().numpy() for value in (attention.inputs.weight, attention.inputs.bias))
    expected = np.zeros((2, 5, 12))
    for utterance, n_steps in enumerate((5, 3)):
        parts = (hidden[utterance].double().numpy() @ weight.T + bias).reshape(5, 3, 2, 6)
        for head in range(2):
            turned = []
            for part in (0, 1):
                vectors = parts[:, part, head]
                angles = np.outer(np.arange(5), 10_000.0 ** (-np.arange(3) / 3))
                turned.append((vectors[:, :3] + 1j * vectors[:, 3:]) * np.exp(1j * angles))
            scores = (turned[0] @ turned[1].conj().T).real[:, :n_steps] / np.sqrt(6)
            weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
            expected[utterance, :, head * 6 : head * 6 + 6] = weights @ parts[:n_steps, 2, head]
    output_weight, output_bias = (value.detach().double().numpy() for value in (attention.output.weight, attention.output.bias))
    found = attention(hidden, inside).detach().numpy()
    np.testing.assert_allclose(found, expected @ output_weight.T + output_bias, atol=1e-5)


@pytest.mark.parametrize("n_frames", [1, 2, 3, 4, 5, 8, 9, 100])
def test_subsampling_gives_a_quarter_of_the_frames_rounded_up(n_frames: int) -> None:
    steps, lengths = Subsampling(3, 4)(torch.ones(1, n_frames, 3), torch.tensor([n_frames]))
    assert steps.shape[1] == lengths.item() == subsampled_length(n_frames) == int(np.ceil(n_frames / 4))


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"d_model": 90}, "no even multiple of n_heads"),
        ({"kernel": 4}, "kernel 4 is not odd"),
        ({"n_blocks": 0, "dropout": 1.0}, "2 settings of the Conformer are wrong"),
        ({"n_mels": "40"}, "n_mels is '40'"),
        ({"depth": 3}, "none of a Conformer .first: 'depth'.; there are n_mels, d_model"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ModelError, match=wrong):
        conformer_settings(settings)
