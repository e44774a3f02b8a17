"""The encoder of ConvRNN-T: its parameters and operations add up, the ablation is of equal sizes, wrong sizes are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from fairasr.core.errors import ModelError
from fairasr.models.streaming.conv_ablation import n_encoder_parameters, of_equal_size
from fairasr.models.streaming.conv_encoder import ConvEncoder
from fairasr.models.streaming.conv_settings import PAPER_SIZE, ConvEncoderSettings
from fairasr.models.streaming.initialising import initialised

N_FEATURES = 36
SETTINGS = ConvEncoderSettings(channels=(4, 6, 4, 5), width=16, n_blocks=3, reduction=4, lstm_width=24)
VARIANTS = {
    "both": SETTINGS,
    "global": replace(SETTINGS, local=False),
    "local": replace(SETTINGS, global_context=False),
    "lstm": replace(SETTINGS, local=False, global_context=False),
    "no squeeze": replace(SETTINGS, squeeze="none"),
}
every_variant = pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)


def encoder(settings: ConvEncoderSettings = SETTINGS) -> ConvEncoder:
    return initialised(lambda: ConvEncoder(settings, n_features=N_FEATURES), seed=1)


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(2))


def counted(module: ConvEncoder, frames: torch.Tensor) -> float:
    """Operations of a frame by PyTorch's counter, which sees no LSTM, and by the formula for the LSTM layers."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(frames, module.start(len(frames)))
    n_frames = frames.shape[0] * frames.shape[1]
    cells = module.width
    return counter.get_total_flops() / n_frames + len(module.lstm.layers) * 2 * 4 * cells * (cells + cells)


@every_variant
def test_operations_agree_with_pytorchs_counter_and_the_formula_of_an_lstm(settings: ConvEncoderSettings) -> None:
    module = encoder(settings)
    assert module.full_flops == pytest.approx(counted(module, noise(2, 10, N_FEATURES)), rel=0.01)


@every_variant
def test_every_frame_costs_the_same(settings: ConvEncoderSettings) -> None:
    module = encoder(settings)
    flops = module(noise(2, 10, N_FEATURES), module.start(2)).flops
    assert flops.dtype == torch.float32
    assert torch.equal(flops, torch.full((2, 10), module.full_flops))


def test_the_papers_size_has_the_parameters_and_operations_that_its_layers_add_up_to() -> None:
    n_bands, (a, b, c, d), width, cells = 64, (100, 100, 64, 64), 512, 640
    with torch.device("meta"):
        module = ConvEncoder(PAPER_SIZE, n_features=3 * n_bands)
    convolutions = 25 * (3 * a + a * b + b * c + c * d)
    block = width * 2 * width + 3 * 2 * width + 2 * width * width + 2 * width * (width // 8)
    once = d * n_bands * width + 6 * block + 2 * width * cells + 7 * 8 * cells * cells
    biases = (a + b + c + d) + width + cells
    of_a_block = 2 * width + 2 * 2 * width + 2 * width + 2 * 2 * width + width + width // 8 + width
    of_the_layers = 7 * (8 * cells + 2 * cells) + 2 * cells
    assert (
        sum(p.numel() for p in module.parameters()) == convolutions + once + biases + 6 * of_a_block + of_the_layers == 33_004_068
    )
    assert module.full_flops == 2 * (n_bands * convolutions + once)
    per_second = module.full_flops / 0.03
    assert 4.3e9 < per_second < 4.5e9
    # Without memory an LSTM is made of matrix products, which the counter does see: no formula of ours is in this count.
    with FlopCounterMode(display=False) as counter:
        module(torch.empty(1, 20, 3 * n_bands, device="meta"), module.start(1))
    assert module.full_flops == pytest.approx(counter.get_total_flops() / 20, rel=0.01)


def test_the_small_size_has_about_four_hundred_thousand_parameters() -> None:
    assert 370_000 < n_encoder_parameters(ConvEncoderSettings(), n_features=120) < 430_000


@pytest.mark.parametrize(("settings", "n_features"), [(ConvEncoderSettings(), 120), (PAPER_SIZE, 192), (SETTINGS, N_FEATURES)])
def test_the_ablation_is_of_equal_sizes_within_three_percent(settings: ConvEncoderSettings, n_features: int) -> None:
    variants = of_equal_size(settings, n_features=n_features)
    assert {name: (one.local, one.global_context) for name, one in variants.items()} == {
        "lstm": (False, False),
        "local": (True, False),
        "global": (False, True),
        "both": (True, True),
    }
    assert variants["both"] == settings
    for one in variants.values():
        with torch.device("meta"):
            n = sum(p.numel() for p in ConvEncoder(one, n_features=n_features).parameters())
        assert n == pytest.approx(n_encoder_parameters(settings, n_features=n_features), rel=0.03)
    assert variants["lstm"].lstm_width > variants["local"].lstm_width > variants["global"].lstm_width > settings.lstm_width


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"width": 0}, "width is 0, not a whole number above 0"),
        ({"n_lstm_layers": True}, "n_lstm_layers is True"),
        ({"channels": ()}, r"channels are \(\), not whole numbers"),
        ({"channels": "8888"}, "channels are '8888'"),
        ({"squeeze": "mean"}, "squeeze is 'mean', none of cumulative, none"),
        ({"dropout": 1.0}, "dropout is 1.0, not a number in 0..1"),
        ({"local": 1}, "local is 1, not true or false"),
        ({"width": -1, "n_blocks": 2.0}, "2 settings of the encoder .* wrong: width .*; n_blocks is 2.0"),
    ],
)
def test_settings_that_do_not_fit_are_refused_together(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        ConvEncoderSettings(**wrong)


def test_frames_that_are_not_three_side_by_side_are_refused() -> None:
    with pytest.raises(ModelError, match="frames of 40 features are not 3 frames of the same bands"):
        ConvEncoder(SETTINGS, n_features=40)
