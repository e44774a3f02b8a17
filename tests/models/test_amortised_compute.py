"""What the amortised Transformer encoder runs, what it says that this costs, and how it learns to spend less."""

from __future__ import annotations

import pytest
import torch
from amortised_encoders import N_FEATURES, arbitrators, heard, in_parts, made, set_scores, whole
from torch.utils.flop_counter import FlopCounterMode

from fairasr.models.streaming.amortised_encoder import AmortisedEncoder
from fairasr.models.streaming.amortised_settings import GATES, AmortisedSettings
from fairasr.models.streaming.initialising import initialised


@pytest.mark.parametrize("gates", GATES)
def test_leaving_blocks_out_is_multiplying_them_by_zero(gates: str) -> None:
    encoder, frames = made(gates=gates), heard(3, 90)
    masked, gathered = whole(encoder, frames), whole(encoder, frames, sparse=True)
    if gates != "open":
        assert 0.2 < masked.gates.float().mean() < 0.8
    assert torch.equal(masked.gates, gathered.gates)
    assert torch.equal(masked.flops, gathered.flops)
    torch.testing.assert_close(masked.steps, gathered.steps, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(masked.state["keys"].detach(), gathered.state["keys"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("gates", ["open", "learned", "random", "every"])
@pytest.mark.parametrize(("size", "n_frames"), [(400, 400), (33, 400), (7, 140)])
def test_operations_that_are_counted_are_those_of_the_formula(size: int, n_frames: int, gates: str) -> None:
    encoder, frames = made(gates=gates), heard(2, n_frames)
    with FlopCounterMode(display=False) as counter:
        encoded = in_parts(encoder, frames, size)
    assert gates == "open" or 0.2 < encoded.gates.float().mean() < 0.8
    assert counter.get_total_flops() == pytest.approx(float(encoded.flops.sum()), rel=0.01)


@pytest.mark.parametrize("gates", ["open", "learned", "random"])
@pytest.mark.parametrize("n_frames", [1, 10, 34, 80, 130, 334])
def test_at_its_usual_size_what_is_run_is_what_is_charged(n_frames: int, gates: str) -> None:
    """The formula is of the operations needed; a tile also runs a few slots that are masked."""
    encoder = initialised(lambda: AmortisedEncoder(AmortisedSettings(gates=gates), n_features=120), seed=0)
    state = encoder.start(1)
    for _ in ("at the start of a recording", "further on"):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            encoded = encoder(heard(1, n_frames, n_features=120), state)
        charged = float(encoded.flops.sum())
        assert 0 <= counter.get_total_flops() - charged <= 0.01 * charged
        state = encoded.state


def test_operations_of_a_frame_are_those_worked_out_by_hand() -> None:
    settings = AmortisedSettings(arbitrator_size=16)
    encoder = initialised(lambda: AmortisedEncoder(settings, n_features=120), seed=0)
    frames = heard(1, 40, n_features=120)
    # Of a layer, for 96 channels, 384 hidden ones and 33 frames attended to: queries and output, scores and sums, feed-forward.
    attention, by_frame, feed_forward, keys_values = 36_864, 2 * 2 * 96, 147_456, 36_864
    arbitrator = 2 * (96 * 16 + 16)
    assert attention + 33 * by_frame + feed_forward + keys_values == 233_856
    first = 2 * 120 * 96 + 2 * 3 * 96 * 96
    fixed = first + 4 * (keys_values + 2 * arbitrator)
    assert encoder.full_flops == fixed + 4 * (attention + 33 * by_frame + feed_forward)
    set_scores(encoder, 1.0)
    for t, there in ((0, 1), (5, 6), (32, 33), (39, 33)):
        assert float(whole(encoder, frames).flops[0, t]) == fixed + 4 * (attention + there * by_frame + feed_forward)
    set_scores(encoder, -1.0)
    assert whole(encoder, frames).flops.unique().tolist() == [fixed]
    dense = initialised(lambda: AmortisedEncoder(AmortisedSettings(gates="open"), n_features=120), seed=0)
    assert dense.full_flops == first + 4 * 233_856


def test_with_every_gate_off_a_frame_is_passed_on() -> None:
    encoder, frames = made(), heard(2, 20)
    set_scores(encoder, -1e9)
    for sparse in (False, True):
        encoded = whole(encoder, frames, sparse=sparse)
        assert not encoded.gates.any()
        assert torch.isfinite(encoded.steps).all()
    steps = encoder(frames, encoder.start(2)).steps
    steps.square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in encoder.parameters() if p.grad is not None)


def test_gates_forced_open_are_the_dense_model_to_the_bit() -> None:
    frames, aim = heard(2, 30), heard(2, 30, seed=1, n_features=16)
    gated, dense = made(), made(gates="open")
    set_scores(gated, 1e9)
    assert not dense.load_state_dict(gated.state_dict(), strict=False).missing_keys
    assert not arbitrators(dense)
    for encoder in (gated, dense):
        encoder.train()
        optimiser = torch.optim.Adam(encoder.parameters(), lr=1e-2)
        for _ in range(3):
            optimiser.zero_grad()
            (encoder(frames, encoder.start(2)).steps - aim).square().mean().backward()
            optimiser.step()
        encoder.eval()
    trained = gated.state_dict()
    for name, tensor in dense.state_dict().items():
        assert torch.equal(tensor, trained[name]), name
    assert torch.equal(whole(gated, frames).steps, whole(dense, frames).steps)


def test_operations_of_long_recordings_grow_with_their_length_and_not_with_its_square() -> None:
    encoder = made(gates="open")

    def counted(n_frames: int) -> float:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            encoder(heard(1, n_frames), encoder.start(1))
        return counter.get_total_flops()

    assert counted(3_200) == pytest.approx(2 * counted(1_600), rel=0.01)


def test_compute_reaches_the_weights_through_the_gates_alone() -> None:
    encoder, frames = made(), heard(2, 20)
    encoder(frames, encoder.start(2)).flops.sum().backward()
    for arbitrator in arbitrators(encoder):
        assert all(p.grad is not None and p.grad.abs().max() > 0 for p in arbitrator.parameters())
    # What follows the last arbitrator spends nothing that depends on it.
    last = encoder.layers[-1]
    beyond = [*last.wider.parameters(), *last.back.parameters(), *encoder.norm.parameters()]
    assert all(p.grad is None or not p.grad.any() for p in beyond)
    # Arbitrators that do not look at their frames pass nothing on.
    set_scores(encoder, 0.1)
    encoder.zero_grad()
    encoder(frames, encoder.start(2)).flops.sum().backward()
    reached = {name for name, p in encoder.named_parameters() if p.grad is not None and p.grad.any()}
    assert reached
    assert all("arbitrators" in name for name in reached)
    for gates in ("open", "random", "every"):
        fixed = made(gates=gates)
        assert not fixed(frames, fixed.start(2)).flops.requires_grad


@pytest.mark.parametrize("gates", ["open", "every"])
def test_gradients_of_steps_are_those_of_finite_differences(gates: str) -> None:
    encoder = made(gates=gates, d_model=4, d_feed_forward=4, window=3).double()
    frames = heard(1, 4).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda given: encoder(given, encoder.start(1)).steps, (frames,), atol=1e-5)


def test_a_gradient_step_against_compute_closes_gates() -> None:
    encoder, frames = made(), heard(2, 60)
    optimiser = torch.optim.SGD([p for each in arbitrators(encoder) for p in each.parameters()], lr=0.3)
    before = whole(encoder, frames).flops.mean()
    for _ in range(3):
        optimiser.zero_grad()
        (encoder(frames, encoder.start(2)).flops.mean() / encoder.full_flops).backward()
        optimiser.step()
    assert whole(encoder, frames).flops.mean() < before


def test_gates_close_for_frames_that_nothing_is_asked_of() -> None:
    # The steps of the dense model are asked for, but only where the first feature says so: that is what arbitrators have to find.
    encoder, dense = made(window=3, anneal_passes=150, seed=2).train(), made(window=3, seed=2)
    set_scores(dense, 1e9)
    optimiser = torch.optim.Adam([p for each in arbitrators(encoder) for p in each.parameters()], lr=0.02)
    torch.manual_seed(0)
    for step in range(150):
        frames = heard(16, 20, seed=step)
        asked = frames[..., 0] > 0
        frames[..., 0] = 2.0 * asked - 1.0
        encoded = encoder(frames, encoder.start(16))
        errors = (encoded.steps - whole(dense, frames).steps).square().mean(dim=-1) * asked
        optimiser.zero_grad()
        (errors + 0.1 * encoded.flops / encoder.full_flops).mean().backward()
        optimiser.step()
    gates = whole(encoder.eval(), frames).gates.float()
    assert gates[asked].mean() > 0.9
    assert gates[~asked].mean() < 0.2


def test_a_new_model_runs_most_blocks() -> None:
    encoder = initialised(lambda: AmortisedEncoder(AmortisedSettings(), n_features=N_FEATURES), seed=0)
    frames = heard(2, 50)
    assert whole(encoder, frames).gates.float().mean() > 0.9
    torch.manual_seed(0)
    assert 0.65 < whole(encoder.train(), frames).gates.float().mean() < 0.85


def test_the_temperature_falls_by_the_batches_of_training_alone() -> None:
    encoder, frames = made(anneal_passes=4), heard(1, 5)
    seen = [float(encoder.temperature)]
    for _ in range(6):
        encoder.train()
        whole(encoder, frames)
        encoder.eval()
        whole(encoder, frames)
        whole(encoder, frames, sparse=True)
        seen.append(float(encoder.temperature))
    assert seen == [1.0, 0.875, 0.75, 0.625, 0.5, 0.5, 0.5]


def trained(encoder: AmortisedEncoder, optimiser: torch.optim.Optimizer, steps: range) -> None:
    encoder.train()
    for step in steps:
        frames = heard(2, 12, seed=step)
        encoded = encoder(frames, encoder.start(2))
        optimiser.zero_grad()
        (encoded.steps.square().mean(dim=-1) * heard(2, 12, seed=99)[..., 0] + encoded.flops / encoder.full_flops).mean().backward()
        optimiser.step()


def test_training_in_two_sittings_is_training_in_one_to_the_bit() -> None:
    torch.manual_seed(3)
    one = made(dropout=0.2, anneal_passes=5)
    optimiser = torch.optim.Adam(one.parameters(), lr=1e-2)
    trained(one, optimiser, range(6))

    torch.manual_seed(3)
    first = made(dropout=0.2, anneal_passes=5)
    optimiser = torch.optim.Adam(first.parameters(), lr=1e-2)
    trained(first, optimiser, range(3))
    weights, moments, noise = first.state_dict(), optimiser.state_dict(), torch.random.get_rng_state()
    torch.manual_seed(4)
    second = made(seed=5, dropout=0.2, anneal_passes=5)
    second.load_state_dict(weights)
    optimiser = torch.optim.Adam(second.parameters(), lr=1e-2)
    optimiser.load_state_dict(moments)
    torch.random.set_rng_state(noise)
    trained(second, optimiser, range(3, 6))

    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name]), name
    assert int(second.passes) == 6
    assert float(second.temperature) == 0.5


def test_eval_mode_draws_nothing_and_trains_with_the_gates_it_runs() -> None:
    encoder, frames = made(), heard(2, 20)
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    first, second = whole(encoder, frames), whole(encoder, frames)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first.steps, second.steps)
    assert encoder(frames, encoder.start(2)).flops.requires_grad
