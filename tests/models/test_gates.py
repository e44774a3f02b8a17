"""Gates: learned ones are exact and draw as they should, fixed ones do not look, wrong settings are refused."""

from __future__ import annotations

import math

import pytest
import torch
from amortised_encoders import heard, made, whole

from fairasr.core.errors import ModelError
from fairasr.models.streaming.amortised_settings import AmortisedSettings
from fairasr.models.streaming.gates import fixed_gates, logistic_noise, straight_through


def test_learned_gates_are_zero_or_one_with_the_gradient_of_the_sigmoid() -> None:
    scores = torch.tensor([-2.0, -1e-9, 0.0, 1e-9, 0.7], requires_grad=True)
    gates = straight_through(scores, torch.tensor(0.5))
    assert gates.tolist() == [0.0, 0.0, 0.0, 1.0, 1.0]
    gates.sum().backward()
    expected = [2 * math.exp(-2 * a) / (1 + math.exp(-2 * a)) ** 2 for a in (-2.0, 0.0, 0.0, 0.0, 0.7)]
    assert scores.grad is not None
    assert scores.grad.tolist() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_in_training_a_gate_is_open_as_often_as_its_score_says(temperature: float) -> None:
    torch.manual_seed(0)
    n = 40_000
    for score in (-1.0, 0.0, 1.0):
        noise = logistic_noise(torch.Size([n]), device=torch.device("cpu"))
        gates = straight_through(torch.full((n,), score), torch.tensor(temperature), noise)
        assert set(gates.tolist()) == {0.0, 1.0}
        p = 1 / (1 + math.exp(-score))
        assert float(gates.mean()) == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / n))


def test_random_gates_have_their_rate_and_do_not_go_by_frame_or_block() -> None:
    places = torch.arange(20_000)[None]
    for rate in (0.1, 0.37, 0.9):
        gates = fixed_gates("random", 8, places, rate=rate, every=1)[0].double()
        limit = 5 * math.sqrt(rate * (1 - rate) / 20_000)
        assert gates.mean(dim=0).tolist() == pytest.approx([rate] * 8, abs=limit)
        together = torch.corrcoef(gates.T) - torch.eye(8)
        assert together.abs().max() < 5 / math.sqrt(20_000)
        for lag in (1, 2, 3, 10):
            for block in range(8):
                follows = torch.corrcoef(torch.stack([gates[:-lag, block], gates[lag:, block]]))[0, 1]
                assert abs(follows) < 5 / math.sqrt(20_000)
    assert fixed_gates("random", 8, places, rate=1.0, every=1).all()


def test_gates_of_every_third_frame_are_open_for_every_third_frame() -> None:
    gates = whole(made(gates="every", every=3), heard(2, 8)).gates
    assert gates.shape == (2, 8, 2, 2)
    assert gates.all(dim=(2, 3)).tolist() == [[True, False, False] * 2 + [True, False]] * 2
    assert torch.equal(gates.any(dim=(2, 3)), gates.all(dim=(2, 3)))


def test_there_are_no_other_fixed_gates() -> None:
    with pytest.raises(ModelError, match="there are no fixed gates 'learned'"):
        fixed_gates("learned", 2, torch.arange(3), rate=0.5, every=2)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"n_layers": 0}, "n_layers is 0"),
        ({"window": True}, "window is True"),
        ({"d_model": 10, "n_heads": 4}, "d_model 10 is no multiple of n_heads 4"),
        ({"gates": "shut"}, "gates is 'shut', not one of learned, open, random, every"),
        ({"gates": ["open"]}, "gates is"),
        ({"gate_rate": 0.0}, "gate_rate is 0.0"),
        ({"gate_rate": float("nan")}, "gate_rate is nan"),
        ({"every": 2.0}, "every is 2.0"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"n_heads": 0, "gates": "shut"}, "^2 settings of the amortised encoder are wrong"),
    ],
)
def test_settings_that_do_not_fit_are_named(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        AmortisedSettings(**settings)
